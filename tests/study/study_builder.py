"""Small studies, so that a test states only what it is about."""

import itertools
from collections.abc import Mapping

from optuna.trial import FrozenTrial, TrialState, create_trial

from nsbench.config import Value
from nsbench.runs.request import DEFAULT_OBJECTIVE
from nsbench.study.search.space import StudyFile
from nsbench.study.session import StudyOrder
from nsbench.study.workers.directive import CONTINUE
from nsbench.study.workers.job import Assignment, Outcome

DATASET = "small"
TINY: Mapping[str, Value] = {"hidden_dim": 4, "max_length": 5, "max_epochs": 2, "validate_every": 1, "batch_size": 64}
"""Settings under which a run takes a fraction of a second."""

_numbers = itertools.count()


def order_of(n_trials: int, *, sampler: str = "random", name: str | None = None, **values: Value) -> StudyOrder:
    """A study of a name of its own unless one is given."""
    return StudyOrder(
        sampler=sampler,
        file=StudyFile(),
        values={**TINY, **values},
        n_trials=n_trials,
        name=name or f"study {next(_numbers)}",
    )


def finish(assignment: Assignment | None, value: float) -> None:
    """Ends an assignment with a result, as a worker would."""
    assert assignment is not None
    assignment.started("run")
    assert assignment.finishing({DEFAULT_OBJECTIVE: value}) == CONTINUE
    assignment.ended(Outcome("finished", metrics={DEFAULT_OBJECTIVE: value}))


def trial_of(number: int, state: TrialState, attributes: Mapping[str, object] | None = None) -> FrozenTrial:
    """A trial without parameters."""
    values = [0.5] if state is TrialState.COMPLETE else None
    trial = create_trial(state=state, values=values, user_attrs=dict(attributes or {}))
    trial.number = number
    return trial
