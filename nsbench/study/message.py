"""What a worker reports to its leader.

A job's runs are counted from 0, in its order. An `Ending` is the job's: its runs end together.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from nsbench.study.job import Ending


@dataclass(frozen=True)
class Started:
    """The run is recorded under this id; it waits for an answer."""

    run: int
    run_id: str | None


@dataclass(frozen=True)
class Validated:
    """The run looked at the validation interactions; it waits for an answer."""

    run: int
    epoch: int
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Finishing:
    """The run has a result, all recorded, and is about to be marked as finished; it waits for an answer."""

    run: int
    metrics: Mapping[str, float]


Report = Started | Validated | Finishing | Ending
