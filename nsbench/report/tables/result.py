"""Tables of results: each metric by cohort, and balance.

Source: paper, table 3, with hit rate and NDCG in a table each, so that they fit a terminal.
"""

from collections.abc import Sequence

import numpy as np

from nsbench.evaluation.metrics import METRICS
from nsbench.evaluation.metrics.balance import balance
from nsbench.report.answer.best_reachable import exceeded_note
from nsbench.report.answer.cut_off import COLUMN, cut_off_text, has_cut_off, marked_label
from nsbench.report.selection import CUTOFF
from nsbench.report.summary import (
    ACCURACY_METRICS,
    METRIC_TITLES,
    OTHER_METRICS,
    DatasetSummary,
    Estimate,
    MethodSummary,
)
from nsbench.report.tables.number_text import count, estimate_text, percent
from nsbench.report.tables.table import Column, Rank, ReportTable, numbers, ranks_of, table_of, words
from nsbench.terms import ALL, BALANCED_COHORTS, Cohort


def result_tables(summary: DatasetSummary) -> list[ReportTable]:
    """Hit rate and NDCG by cohort, and balance; none where nothing is compared."""
    if not summary.methods:
        return []
    return [*(cohort_table(summary, metric) for metric in ACCURACY_METRICS), balance_table(summary)]


def other_metric_tables(summary: DatasetSummary) -> list[ReportTable]:
    """The metrics that methods are not judged by, as far as runs recorded them."""
    return [
        cohort_table(summary, metric)
        for metric in OTHER_METRICS
        if any(row.accuracy(metric).n for row in summary.methods)
    ]


def cohort_table(summary: DatasetSummary, metric: str) -> ReportTable:
    """A metric in total and by cohort, and its balance; the best and second best of each column are marked.

    Where the dataset's generator knows it, the last row shows what the best possible model would reach, and a note explains how
    methods can exceed that.
    """
    groups = [ALL, *(cohort.label for cohort in BALANCED_COHORTS)]
    groups += [Cohort.COLD.label] if summary.has_cold_hits else []
    reachable = [summary.best_reachable(metric, group) for group in groups]
    has_reachable = not np.isnan(reachable).all()
    # Balance compares head, mid and tail, which stand behind the total.
    ideals = [*reachable, balance(*reachable[1:4])] if has_reachable else [None] * (len(groups) + 1)
    names = ("Total", *(group.capitalize() for group in groups[1:]), "Balance")
    estimates = [[row.accuracy(metric, group) for row in summary.methods] for group in groups]
    estimates.append([row.balance(metric) for row in summary.methods])
    return table_of(
        f"{METRIC_TITLES[metric]} on {summary.dataset}, %",
        [
            *_method_columns(summary, "Best reachable" if has_reachable else None),
            *(_estimates(summary, *column) for column in zip(names, estimates, ideals, strict=True)),
        ],
        exceeded_note(summary, metric, groups),
    )


def balance_table(summary: DatasetSummary) -> ReportTable:
    """Balance of both metrics, averaged over runs, and of the average hit rates and NDCGs.

    The first is what the paper reports; the second does not count it as imbalance that single runs vary.
    """
    columns = _method_columns(summary)
    for metric in ACCURACY_METRICS:
        name = METRICS[metric].title
        columns.append(_estimates(summary, name, [row.balance(metric) for row in summary.methods]))
        of_means = [balance_of_means(row, metric) for row in summary.methods]
        columns.append(numbers(f"{name}, of means", of_means, percent, sampler_ranks(of_means, summary.methods)))
    return table_of(f"Balance at {CUTOFF} over head, mid and tail on {summary.dataset}, %", columns)


def balance_of_means(row: MethodSummary, metric: str) -> float:
    """The balance of a method's mean cohort values; NaN where a cohort is undefined or all are zero."""
    return balance(*(row.accuracy(metric, cohort.label).mean for cohort in BALANCED_COHORTS))


def sampler_ranks(values: Sequence[float], methods: Sequence[MethodSummary]) -> list[Rank]:
    """The best and second best sampler; baselines are lines to beat and get no rank.

    Args:
        values: One per method, larger being better.
        methods: Whose values they are.
    """
    places = iter(ranks_of([value for value, row in zip(values, methods, strict=True) if not row.method.is_baseline]))
    return [Rank.OTHER if row.method.is_baseline else next(places) for row in methods]


def _method_columns(summary: DatasetSummary, last: str | None = None) -> list[Column]:
    """One row per method: its name, its runs, and how many of these were cut off where any was.

    Args:
        summary: The dataset's.
        last: The name of an additional last row; None: there is none.
    """
    methods = [row.method for row in summary.methods]
    more = [] if last is None else [last]
    columns = [
        words("Method", [*map(marked_label, methods), *more]),
        numbers("Runs", [*(len(method.runs) for method in methods), *(None for _ in more)], count),
    ]
    if has_cut_off(summary.selection.methods):
        columns.append(numbers(COLUMN, [*map(cut_off_text, methods), *("" for _ in more)]))
    return columns


def _estimates(summary: DatasetSummary, name: str, estimates: Sequence[Estimate], ideal: float | None = None) -> Column:
    """One estimate per method and, in a last row, the best value that can be reached."""
    ranks = sampler_ranks([estimate.mean for estimate in estimates], summary.methods)
    if ideal is None:
        return numbers(name, estimates, estimate_text, ranks)
    return numbers(name, [*estimates, Estimate.exact(ideal)], estimate_text, [*ranks, Rank.OTHER])
