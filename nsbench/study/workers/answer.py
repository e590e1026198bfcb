"""What a leader says to a run that reports."""

from dataclasses import dataclass
from enum import Enum

PRUNED_REASON = "worse than the median of the other trials at this epoch"
"""Why a study's pruner ends a run."""


class Verdict(Enum):
    """What a run does next."""

    GO_ON = "go on"
    PRUNE = "prune"
    """End now, as pruned: the study has it so already."""
    STOP = "stop"
    """End now, without a result; also sent unasked, when the command is interrupted."""


@dataclass(frozen=True)
class Refusal:
    """The result isn't taken; the run ends as failed, with the reason."""

    reason: str


Answer = Verdict | Refusal
