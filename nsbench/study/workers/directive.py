"""What a coordinator has a run do that reports."""

from dataclasses import dataclass
from typing import Literal

PRUNED_REASON = "worse than the median of the other trials at this epoch"
"""Why a study's pruner ends a run."""


@dataclass(frozen=True)
class Directive:
    """What a run does next.

    Attributes:
        action: In a word. A run whose result is rejected ends as failed.
        reason: Why the result is rejected; empty otherwise.
    """

    action: Literal["continue", "prune", "stop", "reject"]
    reason: str = ""


CONTINUE = Directive("continue")

PRUNE = Directive("prune")
"""End now, as pruned: the study has it so already."""

STOP = Directive("stop")
"""End now, without a result; also sent unasked, when the command is interrupted."""
