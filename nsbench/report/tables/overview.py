"""All datasets in one table: hit rate and NDCG in total and by cohort, and both balances. Source: paper, table 3."""

from collections.abc import Sequence
from itertools import chain

from nsbench.evaluation.metrics import METRICS
from nsbench.report.answer.cut_off import COLUMN, cut_off_text, is_uncertain, marked_label
from nsbench.report.selection import CUTOFF
from nsbench.report.summary import ACCURACY_METRICS, DatasetSummary
from nsbench.report.tables.number_text import estimate_text
from nsbench.report.tables.result import sampler_ranks
from nsbench.report.tables.table import Column, ReportTable, numbers, table_of, words
from nsbench.terms import ALL, BALANCED_COHORTS, balance_name, metric_name


def overview_table(summaries: Sequence[DatasetSummary]) -> ReportTable | None:
    """One row per dataset and method; the best and second best samplers of each dataset are marked.

    Returns:
        None with nothing to show.
    """
    rows = [(summary.dataset, row.method) for summary in summaries for row in summary.methods]
    if not rows:
        return None
    columns = [
        words("Dataset", [dataset for dataset, _ in rows]),
        words("Method", [marked_label(method) for _, method in rows]),
        numbers("Runs", [len(method.runs) for _, method in rows]),
    ]
    if any(is_uncertain(summary.selection.methods) for summary in summaries):
        columns.append(numbers(COLUMN, [cut_off_text(method) for _, method in rows]))
    columns += [_metric_column(name, summaries, metric) for name, metric in _shown_metrics().items()]
    return table_of("Hit rate and NDCG at 10 by cohort, and balance, on all datasets, % (paper, table 3)", columns)


def _shown_metrics() -> dict[str, str]:
    """The full names of the shown metrics by their columns' names."""
    columns = {}
    for metric in ACCURACY_METRICS:
        for group in (ALL, *(cohort.label for cohort in BALANCED_COHORTS)):
            name = "total" if group == ALL else group
            columns[f"{METRICS[metric].short} {name}"] = metric_name("test", group, metric, CUTOFF)
    return columns | {
        f"Balance {METRICS[metric].short}": balance_name("test", metric, CUTOFF) for metric in ACCURACY_METRICS
    }


def _metric_column(name: str, summaries: Sequence[DatasetSummary], metric: str) -> Column:
    estimates = [[row.estimates[metric] for row in summary.methods] for summary in summaries]
    # Methods compete with those of their own dataset only.
    ranks = [
        sampler_ranks([estimate.mean for estimate in own], summary.methods)
        for own, summary in zip(estimates, summaries, strict=True)
    ]
    return numbers(name, [*chain(*estimates)], estimate_text, [*chain(*ranks)])
