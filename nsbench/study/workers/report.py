"""What a worker reports to its coordinator.

A job's runs are counted from 0, in its order. An `Outcome` is the job's, and that of all runs that have not ended before.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from nsbench.study.workers.job import Outcome


@dataclass(frozen=True)
class RunStarted:
    """The run is recorded under this id; it waits for a directive."""

    run: int
    run_id: str | None


@dataclass(frozen=True)
class RunValidated:
    """The run ranked the validation interactions; it waits for a directive."""

    run: int
    epoch: int
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class RunFinishing:
    """The run has a result, all recorded, and is about to be marked as finished; it waits for a directive."""

    run: int
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class RunEnded:
    """The run ends without a result while others of its job go on; it is closed once a directive comes."""

    run: int
    outcome: Outcome


Report = RunStarted | RunValidated | RunFinishing | RunEnded | Outcome
