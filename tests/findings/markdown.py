"""How the page's tables write numbers and rows."""

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from nsbench.tracking.stored_run import StoredRun


def row_of(cells: Sequence[str]) -> str:
    """A row of a table."""
    return f"| {' | '.join(cells)} |"


def percent(share: float) -> str:
    """A share in percent, with two digits."""
    return "–" if math.isnan(share) else f"{100 * share:.2f}"


def mean_of(runs: Sequence[StoredRun], metric: str) -> float:
    """The mean over the runs that have a metric; NaN where none has."""
    values = _values(runs, metric)
    return fmean(values) if values else math.nan


def spread(runs: Sequence[StoredRun], metric: str) -> str:
    """Mean and standard deviation of a share in percent; of one run the mean alone."""
    values = _values(runs, metric)
    return percent(mean_of(runs, metric)) + (f" ± {percent(stdev(values))}" if len(values) > 1 else "")


def _values(runs: Sequence[StoredRun], metric: str) -> list[float]:
    return [value for run in runs if not math.isnan(value := run.metric(metric))]
