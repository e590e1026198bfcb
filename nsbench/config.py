"""Assembles the settings of a run from defaults, a YAML file and `--set field=value`, and names them by a fingerprint.

Sections exist so that each part of the program gets what it needs; to the user the fields are flat, and one spelling
serves as settings field, YAML key, `--set` key, MLflow parameter and Optuna parameter.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self, cast, get_args

from pydantic import BaseModel, ConfigDict, SerializeAsAny, ValidationError

from nsbench.errors import SettingsError
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.files.yaml_text import parse_yaml, read_yaml, shortened
from nsbench.formerly import former_values
from nsbench.losses import LossSettings
from nsbench.method import Method
from nsbench.models import BackboneSettings
from nsbench.pairing import check_pairing
from nsbench.samplers import SamplerSettings
from nsbench.search import SearchRange, range_in
from nsbench.suggestion import did_you_mean
from nsbench.training.settings import TrainingSettings

Value = str | int | float | bool | None | list[int]
"""What a flat setting can be."""

MOST_PROBLEMS = 5
"""How many faults of a file a message names."""

Flat = str | int | float | bool | None
"""What MLflow and YAML hold of a setting."""


class Settings(BaseModel):
    """All that decides a run's result, but for dataset and seed; `fixed`: the fields that its method's name fixes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sampler: SerializeAsAny[SamplerSettings]
    loss: SerializeAsAny[LossSettings]
    model: SerializeAsAny[BackboneSettings]
    training: TrainingSettings = TrainingSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    fixed: tuple[str, ...] = ()

    @classmethod
    def of(cls, sampler: str, values: Mapping[str, Value] | None = None) -> Self:
        """The settings of a method with some fields changed.

        Args:
            sampler: A method's name, which may be a sampler's alone.
            values: Field values by flat name, `loss` and `model` among them; others keep their defaults, or what the name fixes.

        Raises:
            SettingsError: An unknown method or field, a value out of bounds, or parts that don't go together.
        """
        method = Method.of(sampler, values)
        sections = _sections(method)
        values = {name: value for name, value in (values or {}).items() if name not in Method.PARTS} | dict(
            method.fixed
        )
        parts: dict[str, dict[str, Value]] = {section: {} for section in sections}
        for name, value in values.items():
            section = _section_of(name, sections)
            _check_no_switch(name, value, sections[section])
            parts[section][name] = value
        try:
            built = {section: model.model_validate(parts[section]) for section, model in sections.items()}
        except ValidationError as error:
            raise SettingsError(_readable(error)) from error
        settings = cls.model_validate({**built, "fixed": tuple(name for name, _ in method.fixed)})
        for name, value in settings.flat().items():
            if isinstance(value, float) and not math.isfinite(value):
                raise SettingsError(f"settings not accepted: {name} = {value}: it must be a finite number")
        check_pairing(settings.sampler, settings.loss, settings.model, settings.training)
        return settings

    @property
    def method(self) -> Method:
        """What is compared: the parts that are chosen by name."""
        own = {name: value for part in (self.sampler, self.loss, self.model) for name, value in part}
        method = Method(self.sampler.name, self.loss.name, self.model.name)
        return method.fixing((name, own[name]) for name in self.fixed)

    def fixing(self, values: Mapping[str, Value]) -> Self:
        """These settings with some changed, of the method whose name fixes these too; the same errors as `of`."""
        own = {name: value for name, value in self.flat().items() if name not in values}
        return type(self).of(self.method.fixing(values.items()).name, own)

    def flat(self) -> dict[str, Flat]:
        """Every field by its flat name, with the sampler as `sampler`, and `loss` and `model` where they aren't the default."""
        fields: dict[str, Flat] = dict(self.method.choices)
        for section in (self.sampler, self.loss, self.model, self.training, self.evaluation):
            fields |= flat_fields(section)
        return fields

    def changed(self, values: Mapping[str, Value]) -> Self:
        """These settings with some fields changed; the same errors as `of`."""
        return type(self).of(self.method.name, {**self.flat(), **values})

    def fingerprint(self) -> str:
        """Hash of all fields but max_epochs: runs with the same one differ in seed, dataset and budget only.

        A run that stopped early would have been the same with a larger budget, and one that was cut off goes on with it. A field
        that has the value of the time before it was a setting says nothing, as in the fingerprints of that time.
        """
        former = former_values(*_sections(self.method).values())
        fields = {name: value for name, value in self.flat().items() if name not in former or former[name] != value}
        fields.pop("max_epochs")
        return fingerprint_of(fields)

    def search_space(self) -> dict[str, SearchRange]:
        """The ranges that these settings' fields carry, by flat name: the study's default space."""
        space: dict[str, SearchRange] = {}
        for section in (self.training, self.sampler, self.loss, self.model):
            for name, field in type(section).model_fields.items():
                if (found := range_in(field.metadata)) is not None and name not in self.fixed:
                    space[name] = found
        return space


def flat_fields(section: BaseModel) -> dict[str, Flat]:
    """A section's fields by name; tuples as "1,5,10"."""
    return {
        name: ",".join(map(str, value)) if isinstance(value, tuple) else value
        for name, value in section.model_dump().items()
    }


def fingerprint_of(fields: Mapping[str, Flat]) -> str:
    """A short hash of flat fields, whatever their order."""
    return hashlib.blake2b(json.dumps(fields, sort_keys=True).encode(), digest_size=6).hexdigest()


def sections_of(method: str) -> dict[str, type[BaseModel]]:
    """The settings classes of a method's run, by their attribute in Settings.

    Raises:
        SettingsError: There is no such method.
    """
    return _sections(Method.of(method))


def _sections(method: Method) -> dict[str, type[BaseModel]]:
    return {**method.sections, "training": TrainingSettings, "evaluation": EvaluationSettings}


def parse_assignments(assignments: Sequence[str]) -> dict[str, Value]:
    """Values from `field=value` texts; the value is read as YAML, so `1e-3`, `true` and `[5, 10]` are what they look like.

    Raises:
        SettingsError: A text without `=`, or a value that isn't YAML.

    >>> parse_assignments(["learning_rate=1e-3", "windows=all"])
    {'learning_rate': 0.001, 'windows': 'all'}
    """
    values: dict[str, Value] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise SettingsError(f"--set takes field=value, such as learning_rate=1e-3, not {shortened(repr(text))}")
        try:
            values[name.strip()] = cast(Value, parse_yaml(value))
        except SettingsError as error:
            raise SettingsError(f"--set {shortened(text)}: {error}") from error
    return values


def read_settings_file(path: Path) -> dict[str, Value]:
    """Field values from a YAML file of flat names.

    Raises:
        SettingsError: The file is missing, is no YAML, or holds no mapping.
    """
    values = read_yaml(path, "the settings file")
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise SettingsError(f"{path} must hold `field: value` lines, not a {type(values).__name__}")
    return values


def settings_values(method: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """The values that a method's run has fields for: a file may serve several methods, as a study file does.

    Args:
        method: Its name.
        values: Field values by flat name; those that only other samplers, losses or backbones have are passed over. A field that
            none has stays, for `Settings.of` to refuse.

    Raises:
        SettingsError: There is no such method.
    """
    own = Method.of(method, values)
    return {name: value for name, value in values.items() if not own.is_of_another(name)}


def _section_of(name: str, sections: Mapping[str, type[BaseModel]]) -> str:
    for section, model in sections.items():
        if name in model.model_fields:
            return section
    known = [field for model in sections.values() for field in model.model_fields]
    owner = Method.owner_of(name)
    if owner is not None:
        raise SettingsError(f"unknown setting {name!r} here: it is one of {owner}; leave it out, or choose {owner}")
    raise SettingsError(
        f"unknown setting {shortened(repr(name))}{did_you_mean(name, known, ALIASES)}; there are: {', '.join(known)}"
    )


ALIASES: Mapping[str, str] = {
    "lr": "learning_rate",
    "epochs": "max_epochs",
    "n_epochs": "max_epochs",
    "dropout": "dropout_rate",
    "dim": "hidden_dim",
    "embedding_dim": "hidden_dim",
    "layers": "n_blocks",
    "num_blocks": "n_blocks",
    "maxlen": "max_length",
    "k": "cutoffs",
    "negatives": "n_negatives",
    "num_negatives": "n_negatives",
}
"""What other libraries call a setting, to say what it is called here."""


def _check_no_switch(name: str, value: Value, section: type[BaseModel]) -> None:
    """Refuses true and false for a number, as which they would be 1 and 0."""
    kind = section.model_fields[name].annotation
    is_number = bool({int, float} & {kind, *get_args(kind)})
    if (isinstance(value, bool) and is_number) or (isinstance(value, list) and any(isinstance(v, bool) for v in value)):
        raise SettingsError(f"settings not accepted: {name} = {value!r}: it takes numbers, and true and false are none")


def _readable(error: ValidationError) -> str:
    parts = []
    problems = error.errors()
    for problem in problems[:MOST_PROBLEMS]:
        name = ".".join(map(str, problem["loc"]))
        message = problem["msg"].removeprefix("Value error, ")
        parts.append(f"{name} = {shortened(repr(problem['input']))}: {message}" if name else message)
    if len(problems) > MOST_PROBLEMS:
        parts.append(f"and {len(problems) - MOST_PROBLEMS:,} more")
    return "settings not accepted: " + "; ".join(parts)
