"""How many rows each filter left of a log, in the order in which they work, and what is said where they left too little."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FilterCount:
    """What one filter did.

    Attributes:
        option: As it is given on the command line.
        n_before: Rows that came to it.
        n_after: Rows that it left.
    """

    option: str
    n_before: int
    n_after: int

    @property
    def n_left_out(self) -> int:
        """Rows that it left out."""
        return self.n_before - self.n_after


def counts_text(counts: Sequence[FilterCount]) -> str:
    """Every filter with the rows before and after it; empty where none left a row out.

    >>> counts_text([FilterCount("--events view", 12_345, 12_000), FilterCount("--min-rating 4", 12_000, 0)])
    ' Rows before and after each filter: --events view: 12,345 to 12,000; --min-rating 4: 12,000 to 0.'
    """
    if not any(count.n_left_out for count in counts):
        return ""
    said = "; ".join(f"{count.option}: {count.n_before:,} to {count.n_after:,}" for count in counts)
    return f" Rows before and after each filter: {said}."


def cause_text(counts: Sequence[FilterCount]) -> str:
    """Which filter to weaken; empty where none left a row out.

    >>> cause_text([FilterCount("--events view", 12_345, 12_000), FilterCount("--min-rating 4", 12_000, 0)])
    ' --min-rating 4 empties the log: weaken it, leave it out, or use a longer log.'
    """
    if not any(count.n_left_out for count in counts):
        return ""
    emptying = next((count for count in counts if not count.n_after), None)
    if emptying is not None:
        return f" {emptying.option} empties the log: weaken it, leave it out, or use a longer log."
    most = max(counts, key=lambda count: count.n_left_out)
    return f" {most.option} leaves out most: weaken it, leave it out, or use a longer log."
