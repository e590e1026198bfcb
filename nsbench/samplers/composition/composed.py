"""The settings of a sampler that is written as an expression: a class like any other sampler's, made when it is asked for."""

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, create_model, model_validator

from nsbench.negative_count import Kept, Proposed
from nsbench.samplers.adaptive import Hardest, TiesField
from nsbench.samplers.batch import explain_small_pool, in_batch
from nsbench.samplers.composition.expression import Expression, Number, Part, parse
from nsbench.samplers.context import SamplerContext, StateSize
from nsbench.samplers.cross_batch import BatchesKept, cross_batch, queue_spec
from nsbench.samplers.drawing.independent import Independent
from nsbench.samplers.drawing.sharing import UserOrGroup
from nsbench.samplers.drawing.stream import StateSpec
from nsbench.samplers.explicit import ORIGIN, explain_few_explicit, explicit
from nsbench.samplers.mixed import Mixed
from nsbench.samplers.popularity import Alias
from nsbench.samplers.random import Uniform
from nsbench.samplers.sampler import Sampler, SamplerSettings
from nsbench.search import FloatRange, IntRange
from nsbench.terms import Trait

_ORIGINS = {
    "batch": "in batch",
    "cross-batch": "across batches",
    "random": "uniform",
    "popularity": "by popularity",
    "explicit": ORIGIN,
}
_IN_BATCH = ("batch", "cross-batch")


class ComposedSettings(SamplerSettings):
    """Several samplers' negatives joined, or the hardest of them, as an expression says."""

    expression: ClassVar[Expression]

    negative_sharing: UserOrGroup = "user"

    @model_validator(mode="after")
    def _hardest_of_a_larger_pool(self) -> Self:
        if self.expression.selects and self._number("n_hardest") > self.n_proposed:
            raise ValueError(
                f"k is {self._number('n_hardest')}, but only {self.n_proposed} negatives are proposed; choose a smaller k, or "
                "propose more"
            )
        return self

    @model_validator(mode="after")
    def _explicit_ones_are_a_users_own(self) -> Self:
        if self.negative_sharing != "user" and any(part.name == "explicit" for part in self.expression.parts):
            raise ValueError(
                f"negative_sharing is {self.negative_sharing}, but explicit negatives are each user's own; choose user"
            )
        return self

    def __reduce__(self) -> tuple[Callable[[str, dict[str, Any]], "ComposedSettings"], tuple[str, dict[str, Any]]]:
        # The class has no place where another process would find it: it is made there, of the same expression.
        return _restored, (self.name, self.model_dump(include=self.model_fields_set))

    def state_spec(self, size: StateSize) -> StateSpec:
        """The parts' joined."""
        if all(part.name != "cross-batch" for part in self.expression.parts):
            return {}
        return queue_spec(int(self._number("n_batches_kept")), size.n_positives)

    def build(self, context: SamplerContext) -> Sampler:
        """The parts, joined and selected from."""
        parts = tuple(self._built(part, context) for part in self.expression.parts)
        pool = parts[0] if len(parts) == 1 else Mixed(parts)
        if not self.expression.selects:
            return pool
        return Hardest(pool, int(self._number("n_hardest")), getattr(self, "hardest_ties"))  # noqa: B009

    def explain_shortage(self, batch_size: int) -> str:
        """Where all negatives are in-batch ones, or explicit ones, or as of any sampler."""
        if all(part.name == "batch" for part in self.expression.parts):
            return explain_small_pool(batch_size, self.excluded_in_words)
        if all(part.name == "explicit" for part in self.expression.parts):
            return explain_few_explicit(self.excluded_in_words)
        return super().explain_shortage(batch_size)

    def _number(self, field: str) -> Number:
        # Fields of a class that was made of an expression have no names here.
        value: Number = getattr(self, field)
        return value

    def _built(self, part: Part, context: SamplerContext) -> Sampler:
        n = int(self._number(_count_field(part)))
        if part.name == "batch":
            return in_batch(n, context, self.excluded, self.negative_sharing)
        if part.name == "cross-batch":
            kept = int(self._number("n_batches_kept"))
            return cross_batch(n, kept, context, self.excluded, self.negative_sharing)
        if part.name == "explicit":
            return explicit(n, context, self.excluded)
        history, sharing = context.history(self.excluded), context.sharing(self.negative_sharing)
        if part.name == "random":
            return Independent.of(Uniform(context.n_candidates), n, history, sharing)
        weights = context.popularity("interactions", float(self._number("popularity_gamma")))
        return Independent.of(Alias(weights), n, history, sharing)


def composed_settings(name: str) -> type[ComposedSettings]:
    """The settings class of an expression.

    Args:
        name: The expression, in any of the ways in which it can be written.

    Raises:
        SettingsError: It is none.
    """
    return _class_of(parse(name))


def _restored(name: str, values: dict[str, Any]) -> ComposedSettings:
    """Settings that another process had."""
    return composed_settings(name).model_validate(values)


@cache
def _class_of(expression: Expression) -> type[ComposedSettings]:
    fields: dict[str, Any] = {}
    for part in expression.parts:
        given = dict(part.given)
        mark = Proposed(_ORIGINS[part.name])
        what = f"negatives {_ORIGINS[part.name]} for each positive"
        default, searched = (
            (10, IntRange(1, 50, log=True)) if part.name == "explicit" else (50, IntRange(5, 500, log=True))
        )
        fields[_count_field(part)] = _count(given.get("n"), default, what, searched, mark)
        if part.name == "popularity":
            fields["popularity_gamma"] = _gamma(given.get("gamma"))
        if part.name == "cross-batch":
            fields["n_batches_kept"] = _batches_kept(given.get("n_batches_kept"))
    if expression.selects:
        what = "how many of the highest-scored proposed negatives are trained on"
        fields["n_hardest"] = _count(expression.k, 10, what, IntRange(1, 50, log=True), Kept())
        fields["hardest_ties"] = (TiesField, "all")
    made: Callable[..., type[ComposedSettings]] = create_model
    settings = made("ComposedSettings", __base__=ComposedSettings, __doc__=ComposedSettings.__doc__, **fields)
    drawn = [part.name for part in expression.parts if part.name != "explicit"]
    traits: set[Trait] = {"in-batch" if name in _IN_BATCH else "global" for name in drawn}
    settings.expression = expression
    settings.name = settings.label = str(expression)
    settings.traits = frozenset(traits | ({"model-based"} if expression.selects else set()))
    return settings


def _count(given: Number | None, default: int, what: str, searched: IntRange, mark: Proposed | Kept) -> tuple[Any, int]:
    """A field that counts: fixed where its number is written."""
    if given is None:
        return Annotated[int, Field(ge=1, le=100_000, description=what), searched, mark], default
    return Annotated[int, Field(ge=given, le=given, description=f"{what}, fixed by the expression"), mark], int(given)


def _gamma(given: Number | None) -> tuple[Any, float]:
    what = "exponent of the popularity"
    if given is None:
        return Annotated[float, Field(ge=-2, le=2, description=what), FloatRange(0.0, 1.0)], 1.0
    return Annotated[float, Field(ge=given, le=given, description=f"{what}, fixed by the expression")], float(given)


def _batches_kept(given: Number | None) -> tuple[Any, int]:
    if given is None:
        return BatchesKept, 10
    what = "batches whose positives are drawn from, fixed by the expression"
    return Annotated[int, Field(ge=given, le=given, description=what)], int(given)


def _count_field(part: Part) -> str:
    return f"n_{part.name.replace('-', '_')}"
