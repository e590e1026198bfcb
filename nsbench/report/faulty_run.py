"""A run that a report leaves out because what the store holds of it can't be right."""

from dataclasses import dataclass

from nsbench.report.formats.plain_text import plain_text
from nsbench.tracking.stored_run import StoredRun

_MOST_OF_A_REASON = 400

WHAT_TO_DO = "Correct it in the store, or delete the run there (`nsbench ui` shows it)."


@dataclass(frozen=True)
class FaultyRun:
    """A run that is left out, and why.

    Attributes:
        run_id: The store's id.
        label: What tables would call its method.
        kind: What it stands for.
        reason: What can't be right.
    """

    run_id: str
    label: str
    kind: str
    reason: str


def faulty_run(run: StoredRun, reason: str) -> FaultyRun:
    """A run with what is wrong with it, in texts that can be shown."""
    return FaultyRun(plain_text(run.run_id), run.label, run.kind.value, plain_text(reason, _MOST_OF_A_REASON))
