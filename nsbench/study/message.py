"""What a worker and its leader say to each other over their pipe."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from nsbench.study.job import Ending


class Answer(Enum):
    """What the leader says to a run that reports."""

    GO_ON = "go on"
    PRUNE = "prune"
    STOP = "stop"
    """End now; also sent unasked, when the command is interrupted."""


@dataclass(frozen=True)
class Started:
    """The run is recorded under this id; it waits for an answer."""

    run_id: str | None


@dataclass(frozen=True)
class Validated:
    """The run looked at the validation interactions; it waits for an answer."""

    epoch: int
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Finishing:
    """The run has a result and is about to be marked as finished; it waits for an answer."""


Report = Started | Validated | Finishing | Ending
