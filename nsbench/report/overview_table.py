"""All logs in one table: hit rate and NDCG in total and by cohort, and both balances. Source: paper, table 3."""

from collections.abc import Callable, Sequence

from nsbench.report.number import estimate_text
from nsbench.report.summary import ACCURACY_METRICS, DatasetSummary, Estimate, MethodSummary
from nsbench.report.table import Cell, ReportTable, standings
from nsbench.terms import ALL, BALANCED_COHORTS

_SHORT = {"hit_rate": "HR", "ndcg": "NDCG"}


def overview_table(summaries: Sequence[DatasetSummary]) -> ReportTable | None:
    """A row a log and method; the best and second best of each log are marked. None with nothing to show."""
    columns = _columns()
    rows = tuple(row for summary in summaries for row in _rows(summary, list(columns.values())))
    title = "Hit rate and NDCG at 10 by cohort, and balance, on all logs, % (paper, table 3)"
    return ReportTable(title, ("Log", "Method", "Runs", *columns), rows) if rows else None


def _columns() -> dict[str, Callable[[MethodSummary], Estimate]]:
    columns: dict[str, Callable[[MethodSummary], Estimate]] = {}
    for metric in ACCURACY_METRICS:
        for group in (ALL, *(cohort.label for cohort in BALANCED_COHORTS)):
            name = "total" if group == ALL else group
            columns[f"{_SHORT[metric]} {name}"] = lambda row, metric=metric, group=group: row.accuracy(metric, group)
    for metric in ACCURACY_METRICS:
        columns[f"Balance {_SHORT[metric]}"] = lambda row, metric=metric: row.balance(metric)
    return columns


def _rows(summary: DatasetSummary, columns: Sequence[Callable[[MethodSummary], Estimate]]) -> list[tuple[Cell, ...]]:
    places = [standings([column(row).mean for row in summary.methods]) for column in columns]
    return [
        (
            Cell(summary.dataset),
            Cell(row.method.label),
            Cell(str(len(row.method.runs))),
            *(
                Cell(estimate_text(column(row), len(row.method.runs)), place[number])
                for column, place in zip(columns, places, strict=True)
            ),
        )
        for number, row in enumerate(summary.methods)
    ]
