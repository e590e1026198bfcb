"""The settings of one method at every rung of the ladder, and which rungs need a training of their own.

A rung that turns nothing of the training has the model of the rung below it, which is ranked again: one training serves them
all. The epoch of that model was chosen under the protocol of the rung that trained it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from nsbench.ablation.rung import AS_PRESETS, PROBES, RUNGS, Probe, Rung
from nsbench.config import Flat, Settings, Value, read_settings_file, settings_values
from nsbench.data.dataset import Dataset
from nsbench.errors import SettingsError
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.runs.preparation import settled
from nsbench.study.search.config_file import find_config

POOLS: Mapping[str, str] = {"adaptive": "random", "adaptive-batch": "batch", "adaptive-mixed": "mixed"}
"""The samplers that propose what an adaptive one selects from."""

_OF_SELECTION = frozenset({"unselected_negatives", "hardest_ties"})
"""Say nothing where all proposed negatives are trained on."""

_OF_COHORTS = frozenset({"cohort_counts", "cohort_rule"})
_OF_TRAINING = frozenset({"cold_items"})
"""The settings of the evaluation that a training depends on: whether items of no training interaction may be negatives."""


@dataclass(frozen=True)
class Step:
    """A method at a rung of the ladder, or at a probe beside it.

    Attributes:
        rung: The rung, or the probe.
        settings: All of them, without a gap.
        probed: Of a probe: the method whose pool is trained on whole; else None.
    """

    rung: Rung | Probe
    settings: Settings
    probed: str | None = None


@dataclass(frozen=True)
class Segment:
    """Steps that one training serves.

    Attributes:
        trained: The one whose settings it has.
        ranked: Those that its model is ranked again for.
    """

    trained: Step
    ranked: tuple[Step, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """All of them."""
        return (self.trained, *self.ranked)


def ladder_name(values: Mapping[str, Value]) -> str:
    """What is otherwise than in the presets at every rung, for people and as a tag.

    >>> ladder_name({"max_epochs": 10, "hidden_dim": 16}), ladder_name({})
    ('hidden_dim=16, max_epochs=10', 'as the presets')
    """
    held = {name: ",".join(map(str, value)) if isinstance(value, list) else value for name, value in values.items()}
    return ", ".join(f"{name}={held[name]}" for name in sorted(held)) or AS_PRESETS


def segments_of(method: str, values: Mapping[str, Value], dataset: Dataset) -> list[Segment]:
    """What a method's ladder takes on a dataset: its trainings in order, each with the rungs that its model serves.

    Args:
        method: Its name.
        values: What is held at every rung, switches of the ladder among them.
        dataset: The prepared log.

    Raises:
        SettingsError: There is no such method, a value isn't accepted, or the published code has nothing like the method.
    """
    steps = [replace(step, settings=settled(step.settings, dataset)) for step in ladder_of(method, values)]
    segments: list[Segment] = []
    for step in steps:
        below = segments[-1].trained if segments else None
        if below is not None and _has_model_of(below, step):
            segments[-1] = replace(segments[-1], ranked=(*segments[-1].ranked, step))
        else:
            segments.append(Segment(step))
    probes = (replace(step, settings=settled(step.settings, dataset)) for step in _probes_of(method, steps))
    return [*segments, *map(Segment, probes)]


def _has_model_of(below: Step, step: Step) -> bool:
    """Whether a step ranks the model again that the one below it has trained."""
    if isinstance(step.rung, Rung) and step.rung.chooses and below.settings.evaluation != step.settings.evaluation:
        return False
    return _training_of(below.settings) == _training_of(step.settings)


def ladder_of(method: str, values: Mapping[str, Value]) -> list[Step]:
    """A method's settings at every rung, from the preset `reference` to the preset `sound`; the errors of `segments_of`."""
    reference, sound = (read_settings_file(find_config("presets", name)) for name in ("reference", "sound"))
    turned = accumulate(
        RUNGS,
        lambda own, rung: {**own, **{name: sound[name] for name in rung.switches}},
        initial=dict(reference),
    )
    next(turned)
    steps = []
    for rung, own in zip(RUNGS, turned, strict=True):
        try:
            steps.append(Step(rung, Settings.of(method, settings_values(method, {**own, **values}))))
        except SettingsError as error:
            raise SettingsError(
                f"{method} at the rung {rung.name!r} of the ladder ({rung.what}): {error}; --set holds a setting at every rung"
            ) from error
    return steps


def _probes_of(method: str, steps: Sequence[Step]) -> Iterator[Step]:
    """The probes of a method that selects among what a sampler of its own proposes; of others, none."""
    by_name = {step.rung.name: step for step in steps}
    for probe in PROBES:
        settings = by_name[probe.beside].settings
        sampler, pool = settings.sampler, POOLS.get(settings.sampler.name)
        if pool is None:
            return
        names = set(type(settings.loss).model_fields) | set(type(settings.model).model_fields)
        names |= set(type(settings.training).model_fields) | set(EvaluationSettings.model_fields)
        names |= set(sampler.count_fields().proposed) | {"negative_sharing"}
        shared: dict[str, Value] = {name: value for name, value in settings.flat().items() if name in names}
        # "published" means less to a sampler that draws from the catalogue alone.
        shared["exclude_history"] = sampler.excluded
        if probe.is_lowered:
            shared["negative_weight"] = float(settings.flat()["negative_weight"] or 1) * share_kept(settings)
        loss_and_model: dict[str, Value] = {"loss": settings.loss.name, "model": settings.model.name}
        yield Step(probe, Settings.of(pool, {**loss_and_model, **shared}), method)


def share_kept(settings: Settings) -> float:
    """K/N: the share of its proposed negatives that a sampler trains on, in (0, 1].

    >>> share_kept(Settings.of("adaptive-mixed", {"n_in_batch": 30, "n_uniform": 70, "n_hardest": 25}))
    0.25
    """
    proposed = settings.sampler.n_proposed
    return settings.sampler.n_trained_on(proposed) / proposed


def _training_of(settings: Settings) -> dict[str, Flat]:
    """All that a training's result depends on, by which two rungs may share one."""
    own, training = settings.flat(), settings.training
    ranking = set(EvaluationSettings.model_fields) - _OF_TRAINING
    unread = ranking - _OF_COHORTS if settings.sampler.uses_cohorts else ranking
    if settings.sampler.count_fields().kept is None:
        unread = unread | _OF_SELECTION
    own["exclude_history"] = settings.sampler.excluded
    if training.max_epochs <= training.replay_factor:
        own["replay_factor"] = 0.0  # Batches are replayed once so many epochs of them are stored.
    return {name: value for name, value in own.items() if name not in unread}
