"""What a study is of, and opening it: the first command writes it down, later ones must be of the same study."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Self

import optuna
from optuna.exceptions import DuplicatedStudyError
from optuna.pruners import BasePruner, MedianPruner
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.study import Study

from nsbench.config import Flat, Settings, sections_of
from nsbench.data.dataset import DatasetCard
from nsbench.errors import SettingsError, TrackingError
from nsbench.formerly import former_values
from nsbench.seeding import derive_seed
from nsbench.study.search.space import Space
from nsbench.study.search.tpe import TrialSeededTpe
from nsbench.training.settings import TrainingSettings

DEFAULT_PROFILE = "default"
"""The last part of the name of a study that no profile or study file shapes."""

ORIGIN = "nsbench.origin"
"""The attribute of a trial that says where its point comes from when it was not the search."""

DEFAULTS = "defaults"
"""Origin of the trial of the default settings, a study's first."""

_PLAN = "nsbench.plan"
_PLAN_WAIT_S = 5.0
_PRUNER_STARTUP_TRIALS = 5
_PRUNER_WARMUP_SHARE = 0.25
_PRUNER_WARMUP_LOOKS = 5
"""Validations of a large budget at which no trial is pruned; of a small one those within a quarter of it."""


def study_name(dataset: str, sampler: str, profile: str = DEFAULT_PROFILE) -> str:
    """The name of a sampler's study.

    >>> study_name("demo", "mixed")
    'demo/mixed/default'
    """
    return f"{dataset}/{sampler}/{profile}"


@dataclass(frozen=True)
class StudyPlan:
    """What a study is of; it can't change once the study has begun.

    Attributes:
        name: The study's name.
        dataset: The dataset's name.
        dataset_hash: The content hash of its card.
        sampler: The method's name: a sampler's, and what of loss and backbone isn't the default.
        base: Every setting by flat name, the searched ones at their defaults.
        ranges: The searched ranges as text, by flat name.
        objective: The validation metric that is maximised.
        seed: The root seed.
    """

    name: str
    dataset: str
    dataset_hash: str
    sampler: str
    base: Mapping[str, Flat]
    ranges: Mapping[str, str]
    objective: str
    seed: int

    @classmethod
    def of(cls, name: str, card: DatasetCard, space: Space, objective: str, seed: int) -> Self:
        """The plan of a study of a space on a dataset."""
        return cls(
            name=name,
            dataset=card.name,
            dataset_hash=card.content_hash,
            sampler=space.base.method.name,
            base=space.base.flat(),
            ranges={field: repr(found) for field, found in space.ranges.items()},
            objective=objective,
            seed=seed,
        )

    def settings(self, values: Mapping[str, Flat]) -> Settings:
        """The settings of a point of the study.

        Raises:
            SettingsError: The values don't go together.
        """
        fields = {**self.base, **values}
        return Settings.of(self.sampler, {name: value for name, value in fields.items() if name != "sampler"})


BUDGET = "max_epochs"
"""The setting that a later command may raise: trials that were cut off go on."""


def open_study(plan: StudyPlan, space: Space, storage: BaseStorage) -> Study:
    """Creates a study, or goes on with one, whose budget becomes the larger one of the two.

    Raises:
        SettingsError: There is a study of the same name, but of something else.
    """
    sampler, pruner = _sampler_of(plan), _pruner_of(space.base.training)
    try:
        study = optuna.create_study(
            storage=storage, study_name=plan.name, direction="maximize", sampler=sampler, pruner=pruner
        )
    except DuplicatedStudyError:
        study = optuna.load_study(study_name=plan.name, storage=storage, sampler=sampler, pruner=pruner)
        known = _wait_for_plan(study)
        if known is not None:
            _check_same(known, plan)
            if _budget(known) < _budget(plan):
                study.set_user_attr(_PLAN, json.dumps(asdict(replace(known, base=plan.base))))
            return study
    # Only who created the study comes here, or who finds that its creator died before it wrote the plan.
    study.enqueue_trial(space.defaults(), user_attrs={ORIGIN: DEFAULTS}, skip_if_exists=True)
    study.set_user_attr(_PLAN, json.dumps(asdict(plan)))
    return study


def with_budget_of(study: Study, plan: StudyPlan, space: Space) -> tuple[StudyPlan, Space]:
    """A plan and a space with the budget that the study has, which another command may have raised."""
    known = _plan_of(study)
    if known is None or _budget(known) <= _budget(plan):
        return plan, space
    base = space.base.changed({BUDGET: _budget(known)})
    return replace(plan, base=base.flat()), replace(space, base=base)


def load_study(name: str, storage: BaseStorage) -> Study | None:
    """A study that is there, to look at its trials; None if it isn't."""
    try:
        return optuna.load_study(study_name=name, storage=storage)
    except KeyError:
        return None


def load_plan(name: str, storage: BaseStorage) -> tuple[Study, StudyPlan] | None:
    """A study that is there, ready to go on, with its plan; None if it isn't.

    Raises:
        TrackingError: There is one, but not one of nsbench's.
    """
    study = load_study(name, storage)
    if study is None:
        return None
    plan = _plan_of(study)
    if plan is None:
        raise TrackingError(f"the study {name!r} was not made by nsbench, or was cut off at its very start")
    study.sampler, study.pruner = _sampler_of(plan), _pruner_of(plan.settings({}).training)
    return study, plan


def _sampler_of(plan: StudyPlan) -> BaseSampler:
    return TrialSeededTpe(derive_seed(plan.seed, plan.name))


def _pruner_of(training: TrainingSettings) -> BasePruner:
    share = int(training.max_epochs * _PRUNER_WARMUP_SHARE)
    warmup = max(training.validate_every, min(share, _PRUNER_WARMUP_LOOKS * training.validate_every))
    return MedianPruner(_PRUNER_STARTUP_TRIALS, warmup)


def _plan_of(study: Study) -> StudyPlan | None:
    text = study.user_attrs.get(_PLAN)
    if text is None:
        return None
    plan = StudyPlan(**json.loads(text))
    # A study of an older version doesn't say what was no setting then.
    return replace(plan, base={**former_values(*sections_of(plan.sampler).values()), **plan.base})


def _wait_for_plan(study: Study) -> StudyPlan | None:
    """The plan, which who created the study a moment ago may not have written yet."""
    deadline = time.monotonic() + _PLAN_WAIT_S
    while (plan := _plan_of(study)) is None and time.monotonic() < deadline:
        time.sleep(0.1)
    return plan


def _budget(plan: StudyPlan) -> int:
    return int(plan.base[BUDGET] or 0)


def _check_same(known: StudyPlan, plan: StudyPlan) -> None:
    if replace(known, seed=plan.seed, base={**known.base, BUDGET: plan.base[BUDGET]}) == plan:
        return
    changes = [
        f"{name} was {before!r} and is now {now!r}"
        for name, before, now in _fields(known, plan)
        if before != now and name not in ("seed", BUDGET)
    ]
    raise SettingsError(
        f"the study {plan.name!r} has begun otherwise: {'; '.join(changes)}; give what it began with, or begin another "
        "one with --study NAME"
    )


def _fields(known: StudyPlan, plan: StudyPlan) -> list[tuple[str, object, object]]:
    old, new = asdict(known), asdict(plan)
    rows: list[tuple[str, object, object]] = []
    for name in new:
        if isinstance(new[name], dict):
            fields = {**old[name], **new[name]}
            rows += [(field, old[name].get(field), new[name].get(field)) for field in fields]
        else:
            rows.append((name, old[name], new[name]))
    return rows
