"""All datasets in one table: hit rate and NDCG in total and by cohort, and both balances. Source: paper, table 3."""

from collections.abc import Collection, Sequence

from nsbench.report.answer.cut_off import COLUMN, cut_off_text, is_uncertain, marked_label
from nsbench.report.selection import CUTOFF
from nsbench.report.summary import ACCURACY_METRICS, DatasetSummary
from nsbench.report.tables.number_text import estimate_text
from nsbench.report.tables.table import Cell, ReportTable, sampler_standings
from nsbench.terms import ALL, BALANCED_COHORTS, balance_name, metric_name

_SHORT = {"hit_rate": "HR", "ndcg": "NDCG"}


def overview_table(summaries: Sequence[DatasetSummary]) -> ReportTable | None:
    """A row a dataset and method; the best and second best samplers of each are marked. None with nothing to show."""
    columns = _columns()
    with_share = any(is_uncertain(summary.selection.methods) for summary in summaries)
    rows = tuple(row for summary in summaries for row in _rows(summary, columns.values(), with_share=with_share))
    title = "Hit rate and NDCG at 10 by cohort, and balance, on all datasets, % (paper, table 3)"
    names = ("Dataset", "Method", "Runs", *([COLUMN] if with_share else []), *columns)
    return ReportTable(title, names, rows) if rows else None


def _columns() -> dict[str, str]:
    """The full names of the shown metrics by their columns' names."""
    columns = {}
    for metric in ACCURACY_METRICS:
        for group in (ALL, *(cohort.label for cohort in BALANCED_COHORTS)):
            name = "total" if group == ALL else group
            columns[f"{_SHORT[metric]} {name}"] = metric_name("test", group, metric, CUTOFF)
    return columns | {f"Balance {_SHORT[metric]}": balance_name("test", metric, CUTOFF) for metric in ACCURACY_METRICS}


def _rows(summary: DatasetSummary, metrics: Collection[str], *, with_share: bool) -> list[tuple[Cell, ...]]:
    places = [
        sampler_standings([row.estimates[metric].mean for row in summary.methods], summary.methods)
        for metric in metrics
    ]
    return [
        (
            Cell(summary.dataset),
            Cell(marked_label(row.method)),
            Cell(str(len(row.method.runs))),
            *([Cell(cut_off_text(row.method))] if with_share else []),
            *(
                Cell(estimate_text(row.estimates[metric], len(row.method.runs)), place[number])
                for metric, place in zip(metrics, places, strict=True)
            ),
        )
        for number, row in enumerate(summary.methods)
    ]
