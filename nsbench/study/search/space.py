"""Where a study searches: the ranges that the settings' fields carry, as a study file narrows, widens or fixes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, model_validator
from pydantic.fields import FieldInfo

from nsbench.config import Flat, Settings, Value, sections_of
from nsbench.errors import SettingsError
from nsbench.method import Method
from nsbench.search import Choices, FloatRange, IntRange, SearchRange
from nsbench.study.search.yaml_model import read_yaml_as

RATE = "learning_rate"
"""The setting in which models that train side by side may differ."""

Choice = bool | int | float | str


class RangeChange(BaseModel):
    """What a study file changes of one field's range; what it leaves out stays as the field has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float | None = None
    high: float | None = None
    log: bool | None = None
    choices: tuple[Choice, ...] | None = None

    @model_validator(mode="after")
    def _either_range_or_choices(self) -> Self:
        if self.choices is not None and (self.low, self.high, self.log) != (None, None, None):
            raise ValueError("give either choices or low, high and log")
        if self.choices == ():
            raise ValueError("choices are empty")
        return self


class StudyFile(BaseModel):
    """A file of `configs/studies/`.

    It may serve several samplers: a field that only others have is passed over.

    Attributes:
        description: What it is for.
        search: What is searched otherwise than by default, by field.
        fixed: Fields that are not searched, with their values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str = ""
    search: dict[str, RangeChange] = {}
    fixed: dict[str, Choice] = {}


@dataclass(frozen=True)
class Space:
    """What a study searches.

    Attributes:
        base: The settings of everything that is not searched.
        ranges: The searched fields, by flat name.
    """

    base: Settings
    ranges: Mapping[str, SearchRange]

    def distributions(self) -> dict[str, BaseDistribution]:
        """The ranges as Optuna has them."""
        return {name: _distribution(found) for name, found in self.ranges.items()}

    @property
    def is_rate_only(self) -> bool:
        """Whether nothing but the learning rate can differ between two points, so that all can be trained side by side."""
        return {name for name, found in self.distributions().items() if not found.single()} <= {RATE}

    def defaults(self) -> dict[str, Flat]:
        """The base settings' values of the searched fields, moved into the ranges where they lie outside."""
        fields = self.base.flat()
        return {name: _nearest(found, fields[name]) for name, found in self.ranges.items()}


def space_of(sampler: str, file: StudyFile, values: Mapping[str, Value]) -> Space:
    """The space of a method's study.

    Args:
        sampler: A method's name.
        file: What changes the default space.
        values: Fields that are fixed by the command; they go before the file's.

    Raises:
        SettingsError: An unknown sampler or field, a value out of bounds, or a range that is none.
    """
    method = Method.of(sampler, values)
    own = {name: field for model in sections_of(method.name).values() for name, field in model.model_fields.items()}
    for name in (*file.search, *file.fixed):
        if name in Method.PARTS:
            raise SettingsError(
                f"{name} makes another method, with a study of its own; leave it out, and name the method instead of its "
                "sampler, such as mixed+gbce"
            )
        if name not in own and not method.is_of_another(name):
            Settings.of(sampler, {name: None})  # Raises, and names the nearest field.
    by_name = dict(method.fixed)
    fixed = {name: value for name, value in file.fixed.items() if name in own and name not in by_name}
    base = Settings.of(sampler, {**fixed, **values})
    ranges = dict(base.search_space())
    for name, change in file.search.items():
        if name in own:
            ranges[name] = _changed(name, own[name], ranges.get(name), change)
    return Space(base, {name: found for name, found in ranges.items() if name not in {**by_name, **fixed, **values}})


def read_study_file(path: Path) -> StudyFile:
    """Reads a study file.

    Raises:
        SettingsError: It can't be read, or holds what a study file doesn't.
    """
    return read_yaml_as(StudyFile, path)


def _changed(name: str, field: FieldInfo, old: SearchRange | None, change: RangeChange) -> SearchRange:
    if change.choices is not None:
        return Choices(tuple(_accepted(name, field, value) for value in change.choices))
    low, high, log = change.low, change.high, change.log
    if isinstance(old, IntRange | FloatRange):
        low = old.low if low is None else low
        high = old.high if high is None else high
        log = old.log if log is None else log
    if low is None or high is None:
        raise SettingsError(f"{name} has no default range of numbers; give both low and high, or choices")
    if not low <= high or (log and low <= 0):
        raise SettingsError(f"{name}: a range from {low:g} to {high:g}{' by factors' if log else ''} is none")
    ends = _accepted(name, field, low), _accepted(name, field, high)
    if all(isinstance(end, int) and not isinstance(end, bool) for end in ends):
        return IntRange(int(ends[0]), int(ends[1]), bool(log))
    if all(isinstance(end, float) for end in ends):
        return FloatRange(float(ends[0]), float(ends[1]), bool(log))
    raise SettingsError(f"{name} is not a number, so it has no low and high; give choices")


def _accepted(name: str, field: FieldInfo, value: Choice) -> Choice:
    """The value as the field has it: 64.0 for a whole number becomes 64."""
    adapter: TypeAdapter[Choice] = TypeAdapter(Annotated[field.annotation, field])  # type: ignore[arg-type]
    try:
        found = adapter.validate_python(value)
    except ValidationError as error:
        raise SettingsError(f"{name} = {value!r}: {error.errors()[0]['msg']}") from error
    return found


def range_of(distribution: BaseDistribution) -> SearchRange:
    """A range as the settings have it, from Optuna's form."""
    match distribution:
        case IntDistribution():
            return IntRange(distribution.low, distribution.high, distribution.log)
        case FloatDistribution():
            return FloatRange(distribution.low, distribution.high, distribution.log)
        case CategoricalDistribution():
            return Choices(tuple(distribution.choices))  # type: ignore[arg-type]
    raise SettingsError(f"a study of nsbench searches no {type(distribution).__name__}")


def _distribution(found: SearchRange) -> BaseDistribution:
    match found:
        case IntRange(low, high, log):
            return IntDistribution(low, high, log=log)
        case FloatRange(low, high, log):
            return FloatDistribution(low, high, log=log)
        case Choices(values):
            return CategoricalDistribution(values)


def _nearest(found: SearchRange, value: Flat) -> Flat:
    match found:
        case Choices(values):
            return value if value in values else values[0]
        case IntRange(low, high) | FloatRange(low, high) if isinstance(value, int | float):
            return min(max(value, low), high)
        case _:
            raise SettingsError(f"{value!r} is not a number; give the field choices instead of a range")
