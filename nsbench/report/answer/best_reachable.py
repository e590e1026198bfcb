"""How a method can exceed the best reachable value, for the tables in which one does."""

import math
from collections.abc import Sequence

from nsbench.report.summary import DatasetSummary, MethodSummary
from nsbench.report.tables.number_text import listed, percent
from nsbench.terms import ALL

_MOST_NAMED = 4
"""Methods that are named; more are counted."""

_HOW_IN_A_COHORT = "that is the best in total; in one cohort a model can exceed it at the cost of another"
_HOW_IN_TOTAL = "that is the best to be expected, and where there are few test interactions chance can add to it"


def exceeded_note(summary: DatasetSummary, metric: str, groups: Sequence[str]) -> str:
    """Which methods' means exceed the best reachable value, in which groups, and how that is possible; empty where none does.

    Args:
        summary: The dataset's summary.
        metric: Such as "hit_rate".
        groups: Cohorts, and ALL.
    """
    cohorts = [group for group in groups if group != ALL]
    by_cohorts: dict[tuple[str, ...], list[str]] = {}
    for row in summary.methods:
        exceeded = tuple(group for group in cohorts if _exceeds(summary, row, metric, group))
        if exceeded:
            by_cohorts.setdefault(exceeded, []).append(row.method.label)
    in_total = [row.method.label for row in summary.methods if ALL in groups and _exceeds(summary, row, metric, ALL)]
    sentences = []
    if by_cohorts:
        (first, labels), *others = by_cohorts.items()
        places = [
            f"{_who_exceed(labels)} in {listed(first)}",
            *(f"{_named(who)} in {listed(where)}" for where, who in others),
        ]
        sentences.append(f"{', '.join(places)}: {_HOW_IN_A_COHORT}.")
    if in_total:
        sentences.append(f"{_who_exceed(in_total)} in total: {_HOW_IN_TOTAL}.")
    return " ".join(sentences)


def _exceeds(summary: DatasetSummary, row: MethodSummary, metric: str, group: str) -> bool:
    """Whether a mean is more than the best reachable as a table shows the two."""
    mean, reachable = row.accuracy(metric, group).mean, summary.best_reachable(metric, group)
    return not math.isnan(mean + reachable) and float(percent(mean)) > float(percent(reachable))


def _who_exceed(labels: Sequence[str]) -> str:
    return f"{_named(labels)} {'exceeds' if len(labels) == 1 else 'exceed'} the best reachable"


def _named(labels: Sequence[str]) -> str:
    return listed(labels) if len(labels) <= _MOST_NAMED else f"{len(labels)} methods"
