"""The table of what is recommended, right or wrong: how much of the catalogue, how popular, and how unevenly."""

from collections.abc import Callable, Sequence

from nsbench.report.answer.cut_off import marked_label
from nsbench.report.statistics.estimate import Interval
from nsbench.report.statistics.t_test import mean_interval
from nsbench.report.summary import (
    COVERAGE,
    EXPOSURE_GINI,
    EXPOSURE_METRICS,
    RECOMMENDED_POPULARITY,
    DatasetSummary,
    MethodSummary,
)
from nsbench.report.tables.number_text import number, percent
from nsbench.report.tables.table import ReportTable, numbers, table_of, words

EXPOSURE_TITLES = {
    COVERAGE: "Coverage, %",
    RECOMMENDED_POPULARITY: "Average popularity",
    EXPOSURE_GINI: "Gini of exposure, %",
}
"""What tables and figures call the metrics of what is recommended."""

_NOTE = (
    "Of the lists of 10 items that are recommended at the test interactions. No column has a best value: lists drawn by chance "
    "cover everything."
)


def exposure_table(summary: DatasetSummary) -> ReportTable | None:
    """Coverage, average popularity and Gini of the exposure by method; None where no run recorded them.

    Intervals allow for other repeats alone: what is recommended to whom is not recorded, so other users can't be drawn.
    """
    rows = exposed_methods(summary)
    if not rows:
        return None
    columns = [
        words("Method", [marked_label(row.method) for row in rows]),
        numbers("Runs", [len(row.method.runs) for row in rows]),
    ]
    for metric, title in EXPOSURE_TITLES.items():
        text = _count if metric == RECOMMENDED_POPULARITY else percent
        columns.append(numbers(title, [_texts_of(row, metric, text) for row in rows]))
    return table_of(f"What is recommended on {summary.dataset}, with 95 % intervals over repeats", columns, _NOTE)


def exposed_methods(summary: DatasetSummary) -> Sequence[MethodSummary]:
    """The methods whose runs recorded what they recommend."""
    return [row for row in summary.methods if any(row.estimates[metric].n for metric in EXPOSURE_METRICS)]


def exposure_interval(row: MethodSummary, metric: str) -> Interval:
    """The interval of one of EXPOSURE_METRICS over repeats, within what the metric can be; undefined for a baseline."""
    found = mean_interval(row.estimates[metric].values, is_constant=row.method.is_baseline)
    highest = float("inf") if metric == RECOMMENDED_POPULARITY else 1.0
    return Interval(max(0.0, found.low), min(highest, found.high)) if found.is_defined else found


def _texts_of(row: MethodSummary, metric: str, text: Callable[[float], str]) -> str:
    mean, interval = row.estimates[metric].mean, exposure_interval(row, metric)
    return f"{text(mean)} [{text(interval.low)}, {text(interval.high)}]" if interval.is_defined else text(mean)


def _count(value: float) -> str:
    return number(value, ",.1f")
