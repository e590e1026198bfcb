"""The answer at a glance: a row a log, which method is best in accuracy, which in balance, and what can't be told apart."""

import math
from collections.abc import Sequence

from nsbench.report.comparison import pareto_front
from nsbench.report.number import UNDEFINED, percent
from nsbench.report.statistic import BALANCE
from nsbench.report.summary import DatasetSummary, Estimate, MethodSummary
from nsbench.report.table import Cell, ReportTable, Standing
from nsbench.terms import ALL

_METRIC = "hit_rate"


def glance_table(summaries: Sequence[DatasetSummary]) -> ReportTable | None:
    """The best method of each log in both respects, with those that are not really worse; None with nothing to compare."""
    rows = tuple(_row(summary) for summary in summaries if len(summary.methods) > 1)
    columns = (
        "Log",
        "Best accuracy",
        "Not really worse",
        "Best balance",
        "Not less balanced",
        "Pareto front",
        "Test targets",
    )
    return ReportTable("The answer at a glance, by hit rate at 10", columns, rows) if rows else None


def _row(summary: DatasetSummary) -> tuple[Cell, ...]:
    rows = summary.methods
    n_targets = summary.n_targets(ALL)
    points = [(row.accuracy(_METRIC).mean, row.balance(_METRIC).mean) for row in rows]
    return (
        Cell(summary.dataset),
        *_best(summary, ALL, [row.accuracy(_METRIC) for row in rows]),
        *_best(summary, BALANCE, [row.balance(_METRIC) for row in rows]),
        Cell(", ".join(rows[i].method.label for i in pareto_front(points)) or UNDEFINED),
        Cell(UNDEFINED if math.isnan(n_targets) else f"{n_targets:,.0f}"),
    )


def _best(summary: DatasetSummary, group: str, estimates: Sequence[Estimate]) -> tuple[Cell, Cell]:
    """The best method with its value, and those whose difference from it is not real or can't be tested."""
    defined = [i for i, estimate in enumerate(estimates) if not math.isnan(estimate.mean)]
    if not defined:
        return Cell(UNDEFINED), Cell(UNDEFINED)
    place = max(defined, key=lambda i: estimates[i].mean)
    best = summary.methods[place]
    others = [summary.methods[i] for i in defined if i != place and not _is_really_worse(summary, group, best, i)]
    text = f"{best.method.label} ({percent(estimates[place].mean)} %)"
    return Cell(text, Standing.BEST), Cell(", ".join(row.method.label for row in others) or "none")


def _is_really_worse(summary: DatasetSummary, group: str, best: MethodSummary, place: int) -> bool:
    pair = summary.statistics.difference(best.method.label, summary.methods[place].method.label, _METRIC, group)
    return pair is not None and pair.is_real
