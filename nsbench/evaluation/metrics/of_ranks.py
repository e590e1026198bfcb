"""The metrics of an evaluation from its ranks, by group of targets, and their balances."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from nsbench.evaluation.metrics import METRICS
from nsbench.evaluation.metrics.balance import balance
from nsbench.evaluation.rank_table import RankTable
from nsbench.terms import ALL, BALANCED_COHORTS, Cohort, balance_name, metric_name


def metrics_of(ranks: RankTable, split: str, cutoffs: Sequence[int]) -> dict[str, float]:
    """Every metric of METRICS by group, the balances at each cut-off, and the number of targets.

    Args:
        ranks: All targets of the split. The group "all" holds every one of them, cold ones as misses.
        split: "valid" or "test", the first part of the names.
        cutoffs: The values of k.

    Returns:
        By full name (`nsbench.terms.metric_name`); not a number for a group without targets.

    >>> columns = ([7, 7], [1, 9], [Cohort.HEAD, Cohort.TAIL], [1.0, 8.0], [1, 1])
    >>> table = RankTable(*(np.array(column) for column in columns))
    >>> metrics = metrics_of(table, "test", [5])
    >>> metrics["test/all/hit_rate_at_5"], metrics["test/head/hit_rate_at_5"], metrics["test/tail/mrr"]
    (0.5, 1.0, 0.125)
    """
    metrics: dict[str, float] = {}
    per_target = {
        (name, k): metric.per_target(ranks.ranks, k, ranks.n_tied) for name, metric in METRICS.items() for k in cutoffs
    }
    in_full = {
        name: metric.in_full(ranks.ranks, ranks.n_tied)
        for name, metric in METRICS.items()
        if metric.in_full is not None
    }
    for group, members in _groups(ranks):
        metrics[metric_name(split, group, "n_targets")] = float(members.sum())
        for name, values in in_full.items():
            metrics[metric_name(split, group, name)] = _mean(values[members])
        for (metric, k), values in per_target.items():
            metrics[metric_name(split, group, metric, k)] = _mean(values[members])
    for metric, k in per_target:
        head, mid, tail = (metrics[metric_name(split, cohort.label, metric, k)] for cohort in BALANCED_COHORTS)
        metrics[balance_name(split, metric, k)] = balance(head, mid, tail)
    return metrics


def _groups(ranks: RankTable) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """All targets, then those of each cohort."""
    yield ALL, np.ones(len(ranks), dtype=np.bool_)
    for cohort in Cohort:
        yield cohort.label, ranks.cohorts == cohort


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else float("nan")
