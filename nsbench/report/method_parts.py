"""A method's sampler, loss and backbone, from what its runs recorded: the report knows no catalogue of them.

Runs of older versions name neither loss nor backbone: there was one of each.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nsbench.report.formats.plain_text import LABEL_JOINT
from nsbench.report.selection import Method
from nsbench.report.summary import DatasetSummary, MethodSummary
from nsbench.terms import METHOD_JOINT, Tag

DEFAULT_LOSS, DEFAULT_MODEL = "bce", "sasrec"
"""The paper's loss and backbone, which a method's name does not mention."""

YARDSTICK_SAMPLER, YARDSTICK_LOSS = "catalogue", "softmax"
"""The sampler and loss that together are exact cross-entropy."""

_DEFAULT_LABELS = {DEFAULT_LOSS: "BCE", DEFAULT_MODEL: "SASRec"}


@dataclass(frozen=True)
class MethodParts:
    """The parts of a method.

    Attributes:
        sampler: The sampler's name.
        loss: The loss's.
        model: The backbone's.
        sampler_label: What figures call the sampler.
        loss_label: What they call the loss.
        model_label: What they call the backbone.
    """

    sampler: str
    loss: str
    model: str
    sampler_label: str
    loss_label: str
    model_label: str

    @property
    def is_yardstick(self) -> bool:
        """Whether the method is exact cross-entropy, with whatever backbone."""
        return (self.sampler, self.loss) == (YARDSTICK_SAMPLER, YARDSTICK_LOSS)


def parts_of(method: Method) -> MethodParts:
    """The parts of a trained method."""
    tags = method.runs[-1].tags
    names, labels = method.sampler.split(METHOD_JOINT), method.label.split(LABEL_JOINT)
    # A label that was changed by hand has no parts to tell.
    known = dict(zip(names, labels, strict=True)) if len(names) == len(labels) else {}
    loss, model = tags.get(Tag.LOSS) or DEFAULT_LOSS, tags.get(Tag.MODEL) or DEFAULT_MODEL
    shown = {name: known.get(name, _DEFAULT_LABELS.get(name, name)) for name in (names[0], loss, model)}
    return MethodParts(names[0], loss, model, shown[names[0]], shown[loss], shown[model])


def method_name(sampler: str, loss: str, model: str) -> str:
    """The name of a method.

    >>> method_name("mixed", "bce", "sasrec"), method_name("mixed", "softmax", "gru4rec")
    ('mixed', 'mixed+softmax+gru4rec')
    """
    others = [name for name, default in ((loss, DEFAULT_LOSS), (model, DEFAULT_MODEL)) if name != default]
    return METHOD_JOINT.join((sampler, *others))


def yardstick_of(summary: DatasetSummary, model: str) -> MethodSummary | None:
    """Exact cross-entropy with a backbone; None where it was not run."""
    rows = [(row, parts_of(row.method)) for row in summary.samplers]
    return next((row for row, parts in rows if parts.is_yardstick and parts.model == model), None)


def noun_of(summary: DatasetSummary) -> Literal["sampler", "method"]:
    """What sentences call that which is compared: samplers, or methods where these differ in loss or backbone too."""
    return "sampler" if len(_kinds(summary.samplers)) < 2 else "method"


def _kinds(rows: Sequence[MethodSummary]) -> set[tuple[str, str]]:
    """The losses and backbones of some trained methods."""
    return {(parts.loss, parts.model) for row in rows for parts in [parts_of(row.method)]}
