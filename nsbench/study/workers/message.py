"""What a worker reports to its leader.

A job's runs are counted from 0, in its order. An `Ending` is the job's, and that of all runs that have not ended before.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from nsbench.study.workers.job import Ending


@dataclass(frozen=True)
class Started:
    """The run is recorded under this id; it waits for an answer."""

    run: int
    run_id: str | None


@dataclass(frozen=True)
class Validated:
    """The run ranked the validation interactions; it waits for an answer."""

    run: int
    epoch: int
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Finishing:
    """The run has a result, all recorded, and is about to be marked as finished; it waits for an answer."""

    run: int
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Ended:
    """The run ends without a result while others of its job go on; it is closed once this is answered."""

    run: int
    ending: Ending


Report = Started | Validated | Finishing | Ended | Ending
