"""A method's sampler, loss and backbone, from what its runs recorded: the report knows no catalogue of them.

Runs of older versions name neither loss nor backbone: there was one of each.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from nsbench.fixed_setting import is_fixed_setting
from nsbench.report.selection import Method
from nsbench.report.summary import DatasetSummary, MethodSummary
from nsbench.terms import FIXED_JOINT, LABEL_JOINT, METHOD_JOINT, Tag
from nsbench.tracking.stored_run import StoredRun

DEFAULT_LOSS, DEFAULT_MODEL = "bce", "sasrec"
"""The paper's loss and backbone, which a method's name does not mention."""

YARDSTICK_SAMPLER, YARDSTICK_LOSS = "catalogue", "softmax"
"""The sampler and loss that together are exact cross-entropy."""

DEFAULT_LOSS_LABEL = "BCE"

_DEFAULT_LABELS = {DEFAULT_LOSS: DEFAULT_LOSS_LABEL, DEFAULT_MODEL: "SASRec"}


_LOSS_SETTINGS = {"softmax": "temperature,log_q", "gbce": "calibration", "bpr-max": "regularization"}
"""The settings of losses, of runs that an older version recorded, which did not say; the default loss's don't matter there."""


@dataclass(frozen=True)
class MethodParts:
    """The parts of a method; settings that its name fixes belong to the part behind which they stand.

    Attributes:
        sampler: The sampler's name, with what is fixed of it: "popularity+gamma=0.5".
        loss: The loss's, in the same way.
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

    @property
    def has_plain_sampler(self) -> bool:
        """Whether nothing of the sampler is fixed."""
        return METHOD_JOINT not in self.sampler


def parts_of(method: Method) -> MethodParts:
    """The parts of a trained method."""
    return parts_of_run(method.runs[-1])


def parts_of_run(run: StoredRun) -> MethodParts:
    """The parts of a trained run's method."""
    pieces, labels = named_parts(run.sampler), run.label.split(LABEL_JOINT)
    # A label that was changed by hand has no parts to tell.
    shown = dict(zip(pieces, labels, strict=True)) if len(pieces) == len(labels) else {}
    sampler, *others = pieces
    loss = _named(others, run.tags.get(Tag.LOSS) or DEFAULT_LOSS)
    model = _named(others, run.tags.get(Tag.MODEL) or DEFAULT_MODEL)
    known = _DEFAULT_LABELS | shown
    return MethodParts(
        sampler, loss, model, known.get(sampler, sampler), known.get(loss, loss), known.get(model, model)
    )


def loss_settings(run: StoredRun) -> dict[str, str]:
    """The settings of a run's loss, as they were recorded.

    Returns:
        Texts by the settings' names; empty where the loss has none, or they were not recorded.
    """
    names = run.tags.get(Tag.LOSS_SETTINGS, _LOSS_SETTINGS.get(run.tags.get(Tag.LOSS, ""), ""))
    return {name: run.params[name] for name in names.split(",") if name in run.params}


def named_parts(name: str) -> list[str]:
    """The parts that a method's name says, each with the settings that are fixed of it.

    >>> named_parts("popularity+gamma=0.5+softmax+log_q=classic"), named_parts("popularity(100,gamma=0.5)+gbce")
    (['popularity+gamma=0.5', 'softmax+log_q=classic'], ['popularity(100,gamma=0.5)', 'gbce'])
    """
    parts: list[str] = []
    for piece in name.split(METHOD_JOINT):
        if parts and is_fixed_setting(piece):
            parts[-1] += METHOD_JOINT + piece
        else:
            parts.append(piece)
    return parts


def plain_part(part: str) -> str:
    """A part without what is fixed of it.

    >>> plain_part("softmax+log_q=classic")
    'softmax'
    """
    return part.partition(METHOD_JOINT)[0]


def plain_method(name: str) -> str:
    """The method without what its name fixes.

    >>> plain_method("popularity+gamma=0.5+softmax+log_q=classic"), plain_method("random+bce+negative_reduction=sum")
    ('popularity+softmax', 'random')
    """
    plain = [plain_part(part) for part in named_parts(name)]
    # A default part is named only for what is fixed of it.
    return METHOD_JOINT.join((plain[0], *(part for part in plain[1:] if part not in _DEFAULT_LABELS)))


def plain_label(label: str) -> str:
    """The label of a part without what is fixed of it.

    >>> plain_label("Popularity (gamma=0.5; n_negatives=7)"), plain_label("PopRec (last 7 days)")
    ('Popularity', 'PopRec (last 7 days)')
    """
    plain, bracket, fixed = label.partition(" (")
    return plain if bracket and is_fixed_setting(fixed) else label


def without_fixed(label: str, fields: Collection[str]) -> str:
    """The label of a method without some of the settings that are fixed in it.

    >>> without_fixed("Random (n_negatives=7) + softmax (log_q=classic; temperature=2)", ["n_negatives", "temperature"])
    'Random + softmax (log_q=classic)'
    """
    shown = []
    for part in label.split(LABEL_JOINT):
        plain = plain_label(part)
        fixed = part[len(plain) + 2 : -1].split(FIXED_JOINT) if plain != part else []
        kept = [setting for setting in fixed if setting.partition("=")[0] not in fields]
        shown.append(f"{plain} ({FIXED_JOINT.join(kept)})" if kept else plain)
    return LABEL_JOINT.join(shown)


def _named(parts: Sequence[str], name: str) -> str:
    """The part of a name as it stands among some; itself where it goes without saying."""
    return next((part for part in parts if plain_part(part) == name), name)


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
