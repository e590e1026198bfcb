"""The table of how high methods rank what users skipped or disliked; of datasets that keep it."""

import numpy as np

from nsbench.report.answer.cut_off import marked_label
from nsbench.report.selection import CUTOFF, Method
from nsbench.report.statistics.t_test import mean_interval
from nsbench.report.summary import NEGATIVE_HIT_RATE, PREFERRED, DatasetSummary, Estimate
from nsbench.report.tables.number_text import percent
from nsbench.report.tables.table import ReportTable, numbers, table_of, words
from nsbench.terms import EXPLICIT_NEGATIVES, metric_name

_TITLES = {
    NEGATIVE_HIT_RATE: f"Among the {CUTOFF} highest, % (lower is better)",
    PREFERRED: "Positives ranked above, %",
}


def explicit_negative_table(summary: DatasetSummary) -> ReportTable | None:
    """The explicit negatives' hit rate, and how often positives rank above them, by method; None where no run recorded them.

    Intervals allow for other repeats alone.
    """
    methods = [row.method for row in summary.methods]
    methods = [method for method in methods if any(_estimate(method, name).n for name in _TITLES)]
    if not methods:
        return None
    columns = [
        words("Method", [marked_label(method) for method in methods]),
        numbers("Runs", [len(method.runs) for method in methods]),
        *(numbers(title, [_text(method, name) for method in methods]) for name, title in _TITLES.items()),
    ]
    n_ranked = max(run.metrics.get(_N_RANKED, 0.0) for method in methods for run in method.runs)
    counted = f"{n_ranked:,.0f} explicit negatives" if n_ranked else "Explicit negatives"
    note = (
        f"{counted} of the time of the test that could be recommended: what users skipped or disliked, ranked among all "
        f"candidates. Hit rate: share of them among the {CUTOFF} highest. Positives ranked above: share of a user's pairs of a "
        "test interaction and an explicit negative in which the interaction ranks higher, on average over users; by chance 50 %."
    )
    return table_of(f"Explicit negatives on {summary.dataset}, with 95 % intervals over repeats", columns, note)


_N_RANKED = metric_name("test", EXPLICIT_NEGATIVES, "n_targets")


def _estimate(method: Method, name: str) -> Estimate:
    values = [run.metric(name) for run in method.runs]
    return Estimate(tuple(value for value in values if not np.isnan(value)), len(values))


def _text(method: Method, name: str) -> str:
    found = _estimate(method, name)
    interval = mean_interval(found.values, is_constant=method.is_baseline)
    if not interval.is_defined:
        return percent(found.mean)
    return f"{percent(found.mean)} [{percent(max(0.0, interval.low))}, {percent(min(1.0, interval.high))}]"
