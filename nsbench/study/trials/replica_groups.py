"""Puts claimed trials together that can be trained side by side, and returns whether another one may be claimed.

Which points are tried is Optuna's business alone: each is proposed as it would be for a worker of its own. Where settings
other than the learning rate are searched, points that agree in all of them are rare, and chance.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

from optuna.trial import FrozenTrial, TrialState

from nsbench.config import Settings, fingerprint_of
from nsbench.errors import SettingsError
from nsbench.study.search.plan import StudyPlan
from nsbench.study.search.space import RATE, Space
from nsbench.study.trials.trial_assignment import TrialAssignment
from nsbench.study.trials.trial_group import side_by_side
from nsbench.study.trials.trial_state import GROUP, RETRY_OF, n_finished
from nsbench.study.workers.job import Assignment


@dataclass(frozen=True)
class _GroupKey:
    """What trials that are trained side by side have in common.

    Attributes:
        settings: A hash of all settings but the learning rate.
        group: For trials that are tried again, what they were in before; None for new ones. So lost trials come together
            again as they were, and find their checkpoint; one that was alone stays so.
    """

    settings: str
    group: int | None


@dataclass
class _ReplicaGroup:
    """Trials for one worker; without a key, one that nothing is added to."""

    key: _GroupKey | None
    trials: list[TrialAssignment] = field(default_factory=list)


@final
class ReplicaGrouping:
    """The trials that a process has claimed and not yet given to a worker.

    Args:
        plan: What the study is of.
        space: What it searches.
        n_replicas: Trials for one worker, at most.
    """

    def __init__(self, plan: StudyPlan, space: Space, n_replicas: int) -> None:
        self._plan = plan
        self._n_replicas = n_replicas
        self._groups: list[_ReplicaGroup] = []
        self._n_free = 1
        self._most_new = 1
        self._key_of_new = _group_key(plan.settings(space.defaults()), None) if space.is_rate_only else None

    @property
    def is_empty(self) -> bool:
        """Whether there is none."""
        return not self._groups

    def open(self, trials: Sequence[FrozenTrial], n_planned: int, n_free: int) -> None:
        """Prepares to gather for some workers, who share evenly.

        No more than half of the plan runs at once for the sake of replicas: what is proposed without any result is a random
        search. TPE draws its first 10 points so in any case. In a simulated search over the rate alone, the best of 20 points
        proposed at once fell short of the optimum by a third more than that of 20 proposed one by one, and that of 10 and 10
        did not.

        Args:
            trials: All trials of the study.
            n_planned: Finished trials in the end.
            n_free: Workers that are free.
        """
        n_gathered = sum(len(group.trials) for group in self._groups)
        n_begun = sum(trial.state is TrialState.RUNNING for trial in trials) - n_gathered
        n_left = n_planned - n_finished(trials) - n_begun
        n_new = min(n_left, math.ceil(n_planned / 2) - n_begun)
        # Where each gets one, there is nothing to wait for before the first is given out.
        self._n_free = n_free if self._n_replicas > 1 else 1
        self._most_new = min(self._n_replicas, max(1, math.ceil(n_new / n_free)))

    def has_place(self, trials: Sequence[FrozenTrial]) -> bool:
        """Whether the next trial surely finds a worker: a free one, or one that is about to get its like.

        So none is claimed that would have to wait: its point would be older than what the search knows by then.
        """
        if len(self._groups) < self._n_free:
            return True
        return self._place(self._next_key(trials)) is not None

    def add(self, trial: TrialAssignment) -> None:
        """Takes a claimed trial in."""
        job = trial.job
        # Who is refused isn't trained, so nobody is trained beside it.
        key = None if job.request.refusal else _group_key(job.settings, _group_of(trial.trial.user_attrs))
        group = self._place(key)
        if group is None:
            group = _ReplicaGroup(key)
            self._groups.append(group)
        group.trials.append(trial)

    def take(self) -> Assignment | None:
        """What was begun first, for a worker; None if there is nothing."""
        return side_by_side(self._groups.pop(0).trials) if self._groups else None

    def _place(self, key: _GroupKey | None) -> _ReplicaGroup | None:
        if key is None:
            return None
        most = self._most_new if key.group is None else self._n_replicas
        fitting = (group for group in self._groups if group.key == key and len(group.trials) < most)
        return next(fitting, None)

    def _next_key(self, trials: Sequence[FrozenTrial]) -> _GroupKey | None:
        """That of the trial that would begin next, where it is known before: it waits, or the rate alone is searched."""
        waiting = next((trial for trial in trials if trial.state is TrialState.WAITING), None)
        if waiting is None:
            return self._key_of_new
        try:
            settings = self._plan.settings(waiting.system_attrs.get("fixed_params", {}))
        except SettingsError:
            return None
        return _group_key(settings, _group_of(waiting.user_attrs))


def _group_key(settings: Settings, group: int | None) -> _GroupKey:
    return _GroupKey(fingerprint_of({name: value for name, value in settings.flat().items() if name != RATE}), group)


def _group_of(attributes: Mapping[str, Any]) -> int | None:
    group: int | None = attributes.get(GROUP, attributes.get(RETRY_OF))
    return group
