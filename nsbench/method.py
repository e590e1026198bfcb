"""A method: a sampler, a loss and a backbone, each chosen by name from its catalogue.

Its name says the sampler, and of the others only what is not the default: "mixed", "mixed+softmax", "mixed+softmax+gru4rec".
So names, studies and stored runs of the time when there was one loss and one backbone stay valid. A name may also fix settings of
a part, each behind its part: "popularity+gamma=0.5+softmax+log_q=classic".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from pydantic import BaseModel

from nsbench.errors import SettingsError
from nsbench.files.yaml_text import shortened
from nsbench.fixed_setting import FixedValue, accepted, fixed_setting, fixed_text, is_fixed_setting, pieces_of
from nsbench.losses import DEFAULT_LOSS, LOSSES, LossSettings
from nsbench.models import DEFAULT_MODEL, MODELS, BackboneSettings
from nsbench.samplers import SAMPLERS, SamplerSettings
from nsbench.samplers.composition.composed import composed_settings
from nsbench.samplers.composition.expression import is_expression, parse
from nsbench.suggestion import did_you_mean
from nsbench.terms import FIXED_JOINT, LABEL_JOINT, METHOD_JOINT


@dataclass(frozen=True)
class Method:
    """What is compared.

    Attributes:
        sampler: A name in SAMPLERS, or an expression of samplers.
        loss: A name in LOSSES.
        model: A name in MODELS.
        fixed: The settings that the name fixes, in the order of the parts' fields.
    """

    sampler: str
    loss: str = DEFAULT_LOSS
    model: str = DEFAULT_MODEL
    fixed: tuple[tuple[str, FixedValue], ...] = ()

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
        sampler, *pieces = pieces_of(name)
        chosen: dict[str, str] = {"sampler": _sampler(sampler)}
        for other in (piece for piece in pieces if not is_fixed_setting(piece)):
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
        method = cls(chosen["sampler"], chosen.get("loss", DEFAULT_LOSS), chosen.get("model", DEFAULT_MODEL))
        fixed = [fixed_setting(piece, method.sections) for piece in pieces if is_fixed_setting(piece)]
        return method.fixing(fixed)._agreeing(values or {})

    def fixing(self, settings: Iterable[tuple[str, object]]) -> "Method":
        """The method whose name fixes these settings too.

        Raises:
            SettingsError: No part has one of them, its value is not accepted, or it is fixed otherwise.
        """
        fixed = dict(self.fixed)
        for field, value in settings:
            known = fixed_setting(fixed_text(field, value), self.sections) if isinstance(value, FixedValue) else None
            if known is None or fixed.setdefault(field, known[1]) != known[1]:
                raise SettingsError(
                    f"{field} is fixed at {fixed.get(field)!r} and at {value!r}; a method has one value of each setting"
                )
        if not fixed:
            return self
        order = [field for section in self.sections.values() for field in section.model_fields]
        return replace(self, fixed=tuple((field, fixed[field]) for field in order if field in fixed))

    def _agreeing(self, values: Mapping[str, object]) -> "Method":
        """Itself, where values say nothing else than its name.

        Raises:
            SettingsError: They do.
        """
        for field, value in self.fixed:
            if field in values and accepted(field, values[field], self.sections) != value:
                raise SettingsError(
                    f"{field} = {values[field]!r}, and the method {self.name!r} fixes it at {value!r}; leave one of them out"
                )
        return self

    @property
    def name(self) -> str:
        """The parts that are not the defaults.

        >>> Method("mixed").name, Method("mixed", "bce", "sasrec").name
        ('mixed', 'mixed')
        >>> Method("popularity", "softmax", fixed=(("gamma", 0.5), ("log_q", "classic"))).name
        'popularity+gamma=0.5+softmax+log_q=classic'
        """
        return METHOD_JOINT.join(piece for part, own in self._shown().items() for piece in (own, *self._fixed_of(part)))

    def _shown(self) -> Mapping[str, str]:
        """The parts that its name says, by what kind of part each is."""
        own = {"sampler": self.sampler, "loss": self.loss, "model": self.model}
        defaults = {"loss": DEFAULT_LOSS, "model": DEFAULT_MODEL}
        return {part: name for part, name in own.items() if name != defaults.get(part) or self._fixed_of(part)}

    def _fixed_of(self, part: str) -> list[str]:
        """The settings of a part that its name fixes."""
        own = self.sections[part].model_fields
        return [fixed_text(field, value) for field, value in self.fixed if field in own]

    @property
    def is_default(self) -> bool:
        """Whether loss and backbone are the paper's, and nothing is fixed."""
        return (self.loss, self.model, self.fixed) == (DEFAULT_LOSS, DEFAULT_MODEL, ())

    @property
    def label(self) -> str:
        """What tables and figures call it: the labels of the parts in its name."""
        return LABEL_JOINT.join(
            f"{self.sections[part].label}{f' ({FIXED_JOINT.join(fixed)})' if fixed else ''}"
            for part in self._shown()
            for fixed in [self._fixed_of(part)]
        )

    @property
    def choices(self) -> dict[str, str]:
        """The settings that choose the parts, but for those that are the defaults; the sampler's always."""
        others = {"loss": (self.loss, DEFAULT_LOSS), "model": (self.model, DEFAULT_MODEL)}
        return {"sampler": self.sampler} | {part: own for part, (own, default) in others.items() if own != default}

    @property
    def sections(self) -> Mapping[str, type[SamplerSettings] | type[LossSettings] | type[BackboneSettings]]:
        """The settings classes of the parts, in the order of `PARTS`."""
        return {"sampler": self.sampler_settings, "loss": self.loss_settings, "model": self.model_settings}

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
        own = {name for part in self.sections.values() for name in part.model_fields}
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
        if "," in name and all(one.strip() in catalogue for one in name.split(",")):
            raise SettingsError(f"{name!r} names several at once; give each {part} by itself")
        raise SettingsError(
            f"unknown {part} {shortened(repr(name))}{did_you_mean(name, catalogue)}; there are: {', '.join(catalogue)}"
        )
    return name
