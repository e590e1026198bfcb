"""A method: a sampler, a loss and a backbone, each chosen by name from its catalogue.

Its name says the sampler, and of the others only what is not the default: "mixed", "mixed+softmax", "mixed+softmax+gru4rec".
So names, studies and stored runs of the time when there was one loss and one backbone stay valid.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import BaseModel

from nsbench.errors import SettingsError
from nsbench.files.yaml_text import shortened
from nsbench.losses import DEFAULT_LOSS, LOSSES, LossSettings
from nsbench.models import DEFAULT_MODEL, MODELS, BackboneSettings
from nsbench.samplers import SAMPLERS, SamplerSettings
from nsbench.samplers.composition.composed import composed_settings
from nsbench.samplers.composition.expression import is_expression, parse
from nsbench.suggestion import did_you_mean
from nsbench.terms import METHOD_JOINT


@dataclass(frozen=True)
class Method:
    """What is compared.

    Attributes:
        sampler: A name in SAMPLERS, or an expression of samplers.
        loss: A name in LOSSES.
        model: A name in MODELS.
    """

    sampler: str
    loss: str = DEFAULT_LOSS
    model: str = DEFAULT_MODEL

    PARTS: ClassVar[Mapping[str, Mapping[str, type[BaseModel]]]] = {
        "sampler": SAMPLERS,
        "loss": LOSSES,
        "model": MODELS,
    }
    """The catalogues by the setting that chooses from them."""

    @classmethod
    def of(cls, name: str, values: Mapping[str, object] | None = None) -> "Method":
        """The method of that name, or of a sampler's name with the loss and model that settings name.

        Args:
            name: Such as "mixed" or "mixed+softmax".
            values: Settings by flat name, of which `sampler`, `loss` and `model` count.

        Raises:
            SettingsError: There is no such part, or name and values choose differently.
        """
        sampler, *others = name.split(METHOD_JOINT)
        chosen: dict[str, str] = {"sampler": _sampler(sampler)}
        for other in others:
            part = next((part for part in ("loss", "model") if other in cls.PARTS[part]), None)
            if part is None:
                _known("loss or model", other, {**LOSSES, **MODELS})
            elif part in chosen:
                raise SettingsError(
                    f"the method {name!r} names two of a kind: {chosen[part]} and {other}; leave one out"
                )
            else:
                chosen[part] = other
        for part, catalogue in cls.PARTS.items():
            value = (values or {}).get(part)
            if value is None:
                continue
            known = _sampler(str(value)) if part == "sampler" else _known(part, str(value), catalogue)
            if chosen.setdefault(part, known) != known:
                raise SettingsError(
                    f"the settings are of {part} {value!r}, and {chosen[part]!r} is asked for; leave one of them out"
                )
        return cls(**chosen)

    @property
    def name(self) -> str:
        """The parts that are not the defaults.

        >>> Method("mixed").name, Method("mixed", "bce", "sasrec").name
        ('mixed', 'mixed')
        """
        others = [own for own, default in ((self.loss, DEFAULT_LOSS), (self.model, DEFAULT_MODEL)) if own != default]
        return METHOD_JOINT.join((self.sampler, *others))

    @property
    def is_default(self) -> bool:
        """Whether loss and backbone are the paper's."""
        return (self.loss, self.model) == (DEFAULT_LOSS, DEFAULT_MODEL)

    @property
    def label(self) -> str:
        """What tables and figures call it: the labels of the parts in its name."""
        labels = [self.sampler_settings.label]
        if self.loss != DEFAULT_LOSS:
            labels.append(LOSSES[self.loss].label)
        if self.model != DEFAULT_MODEL:
            labels.append(MODELS[self.model].label)
        return " + ".join(labels)

    @property
    def choices(self) -> dict[str, str]:
        """The settings that choose the parts, but for those that are the defaults; the sampler's always."""
        others = {"loss": (self.loss, DEFAULT_LOSS), "model": (self.model, DEFAULT_MODEL)}
        return {"sampler": self.sampler} | {part: own for part, (own, default) in others.items() if own != default}

    @property
    def sampler_settings(self) -> type[SamplerSettings]:
        """The sampler's."""
        return composed_settings(self.sampler) if is_expression(self.sampler) else SAMPLERS[self.sampler]

    @property
    def loss_settings(self) -> type[LossSettings]:
        """The loss's."""
        return LOSSES[self.loss]

    @property
    def model_settings(self) -> type[BackboneSettings]:
        """The backbone's."""
        return MODELS[self.model]

    @classmethod
    def owner_of(cls, field: str) -> str | None:
        """The first sampler, loss or backbone that has a setting of that name, as a command names it; None: none has."""
        return next(
            (
                f"{part} {name}"
                for part, catalogue in cls.PARTS.items()
                for name, settings in catalogue.items()
                if field in settings.model_fields
            ),
            None,
        )

    def is_of_another(self, field: str) -> bool:
        """Whether only other samplers, losses or backbones have a setting of that name."""
        own = {
            name
            for part in (self.sampler_settings, self.loss_settings, self.model_settings)
            for name in part.model_fields
        }
        all_of_them = {
            name for catalogue in self.PARTS.values() for part in catalogue.values() for name in part.model_fields
        }
        return field in all_of_them - own


def _sampler(name: str) -> str:
    """The sampler's name as it is written everywhere."""
    return str(parse(name)) if is_expression(name) else _known("sampler", name, SAMPLERS)


def _known(part: str, name: str, catalogue: Mapping[str, object]) -> str:
    """The name, if the catalogue has it.

    Raises:
        SettingsError: It doesn't.
    """
    if name not in catalogue:
        raise SettingsError(
            f"unknown {part} {shortened(repr(name))}{did_you_mean(name, catalogue)}; there are: {', '.join(catalogue)}"
        )
    return name
