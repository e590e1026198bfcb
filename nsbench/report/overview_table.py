"""All logs in one table: hit rate and NDCG in total and by cohort, and both balances. Source: paper, table 3."""

from collections.abc import Collection, Sequence

from nsbench.report.number import estimate_text
from nsbench.report.selection import CUTOFF
from nsbench.report.summary import ACCURACY_METRICS, DatasetSummary
from nsbench.report.table import Cell, ReportTable, standings
from nsbench.terms import ALL, BALANCED_COHORTS, balance_name, metric_name

_SHORT = {"hit_rate": "HR", "ndcg": "NDCG"}


def overview_table(summaries: Sequence[DatasetSummary]) -> ReportTable | None:
    """A row a log and method; the best and second best of each log are marked. None with nothing to show."""
    columns = _columns()
    rows = tuple(row for summary in summaries for row in _rows(summary, columns.values()))
    title = "Hit rate and NDCG at 10 by cohort, and balance, on all logs, % (paper, table 3)"
    return ReportTable(title, ("Log", "Method", "Runs", *columns), rows) if rows else None


def _columns() -> dict[str, str]:
    """The full names of the shown metrics by their columns' names."""
    columns = {}
    for metric in ACCURACY_METRICS:
        for group in (ALL, *(cohort.label for cohort in BALANCED_COHORTS)):
            name = "total" if group == ALL else group
            columns[f"{_SHORT[metric]} {name}"] = metric_name("test", group, metric, CUTOFF)
    return columns | {f"Balance {_SHORT[metric]}": balance_name("test", metric, CUTOFF) for metric in ACCURACY_METRICS}


def _rows(summary: DatasetSummary, metrics: Collection[str]) -> list[tuple[Cell, ...]]:
    places = [standings([row.estimates[metric].mean for row in summary.methods]) for metric in metrics]
    return [
        (
            Cell(summary.dataset),
            Cell(row.method.label),
            Cell(str(len(row.method.runs))),
            *(
                Cell(estimate_text(row.estimates[metric], len(row.method.runs)), place[number])
                for metric, place in zip(metrics, places, strict=True)
            ),
        )
        for number, row in enumerate(summary.methods)
    ]
