"""The metrics that are derived from sums over users, as arrays: from sums to values, and each value's slope.

Sums and values by cohort have axes [..., metric, cohort] with `summary.ACCURACY_METRICS` and all four cohorts in order;
derived metrics have [..., metric, group] with `estimate.DERIVED_GROUPS` in order.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nsbench.report.statistics.estimate import BALANCE, BALANCE_OF_MEANS, DERIVED_GROUPS, HEAD_SHARE
from nsbench.terms import ALL, BALANCED_COHORTS, Cohort

N_COHORTS = len(Cohort)
"""Length of the cohort axis."""

_ALL = DERIVED_GROUPS.index(ALL)
_COHORTS = slice(_ALL + 1, _ALL + 1 + N_COHORTS)
_BALANCE = DERIVED_GROUPS.index(BALANCE)
_BALANCE_OF_MEANS = DERIVED_GROUPS.index(BALANCE_OF_MEANS)
_HEAD_SHARE = DERIVED_GROUPS.index(HEAD_SHARE)
_BALANCED = [int(cohort) for cohort in BALANCED_COHORTS]
_HEAD, _TAIL = int(Cohort.HEAD), int(Cohort.TAIL)


class DerivedMetric(NamedTuple):
    """Where a derived metric lies on the axes [metric, group]."""

    metric: int
    group: int


def balance_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 - Gini of head, mid and tail along the last axis, as `nsbench.evaluation.metric.balance` for many at once.

    Args:
        values: [..., cohort]; cohorts beyond the three are ignored.

    >>> balance_of(np.array([[0.2, 0.2, 0.2, 9], [0.5, 0, 0, 9]])).round(4).tolist()
    [1.0, 0.3333]
    """
    three = values[..., _BALANCED]
    # The differences between three values add up to twice their range, so Gini needs no sum over pairs.
    span = three.max(-1) - three.min(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(1 - 2 * span / (3 * three.sum(-1)))


def derived_values_of(sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Every derived metric of sums over users.

    The balance of `sums` stands in both places of balance: a mean of balances needs each run's own.

    Args:
        sums: [..., metric, cohort], the metric's sum over targets.
        counts: [..., cohort], the number of targets.

    Returns:
        [..., metric, group]; NaN without targets, or where head, mid and tail are all 0.
    """
    found = np.empty((*sums.shape[:-1], len(DERIVED_GROUPS)))
    counts = counts[..., None, :]
    with np.errstate(invalid="ignore", divide="ignore"):
        values = sums / counts
        found[..., _ALL] = sums.sum(-1) / counts.sum(-1)
        found[..., _COHORTS] = values
        found[..., _BALANCE] = found[..., _BALANCE_OF_MEANS] = balance_of(values)
        found[..., _HEAD_SHARE] = values[..., _HEAD] / (values[..., _HEAD] + values[..., _TAIL])
    return found


def slopes_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """How balance and head share move with the cohorts' values.

    Args:
        values: [..., cohort].

    Returns:
        [2, ..., cohort], the slopes of balance and of head share; 0 where these are undefined, since they don't move.
    """
    three = values[..., _BALANCED]
    total, span = three.sum(-1, keepdims=True), np.ptp(three, axis=-1)[..., None]
    # Balance has a kink where two cohorts tie: then the first one's slope is taken.
    is_top = np.arange(len(_BALANCED)) == three.argmax(-1)[..., None]
    is_bottom = np.arange(len(_BALANCED)) == three.argmin(-1)[..., None]
    slopes = np.zeros((2, *values.shape))
    head, tail = values[..., _HEAD], values[..., _TAIL]
    with np.errstate(invalid="ignore", divide="ignore"):
        slopes[0][..., _BALANCED] = -2 / 3 * ((is_top * 1.0 - is_bottom) / total - span / total**2)
        slopes[1][..., _HEAD] = tail / (head + tail) ** 2
        slopes[1][..., _TAIL] = -head / (head + tail) ** 2
    return np.nan_to_num(slopes, nan=0.0, posinf=0.0, neginf=0.0)


def influences_of(sums: NDArray[np.float32], counts: NDArray[np.float64]) -> NDArray[np.float32]:
    """How much each user moves each derived metric of each run: to first order, a metric's error is their sum.

    Args:
        sums: [run, metric, cohort, user], the metric's sum over the user's targets.
        counts: [cohort, user], the user's targets.

    Returns:
        [run, metric, group, user]; 0 for undefined metrics.
    """
    n_targets = counts.sum(-1)
    totals = sums.sum(-1, dtype=np.float64)
    found = np.zeros((*sums.shape[:2], len(DERIVED_GROUPS), sums.shape[-1]), dtype=np.float32)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = totals / n_targets
        mean_all = totals.sum(-1) / n_targets.sum()
        # A user moves a rate by its own hits minus those that its targets would bring on average.
        by_cohort = (sums - values[..., None] * counts) / n_targets[:, None]
    by_cohort = np.nan_to_num(by_cohort, nan=0.0).astype(np.float32)
    found[:, :, _ALL] = (sums.sum(2) - mean_all[..., None] * counts.sum(0)) / n_targets.sum()
    found[:, :, _COHORTS] = by_cohort
    balance_slopes, _ = slopes_of(values)
    of_means, share_slopes = slopes_of(values.mean(0))
    found[:, :, _BALANCE] = np.einsum("rmc,rmcu->rmu", balance_slopes, by_cohort)
    found[:, :, _BALANCE_OF_MEANS] = np.einsum("mc,rmcu->rmu", of_means, by_cohort)
    found[:, :, _HEAD_SHARE] = np.einsum("mc,rmcu->rmu", share_slopes, by_cohort)
    return found


def run_values_of(sums: NDArray[np.float32], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each run's value of every derived metric, such that their mean is the method's and they vary as repeats do.

    For metrics of means that is the value at the mean plus the slope times the run's distance from it.

    Args:
        sums: [run, metric, cohort, user].
        counts: [cohort, user].

    Returns:
        [run, metric, group].
    """
    totals, n_targets = sums.sum(-1, dtype=np.float64), counts.sum(-1)
    found = derived_values_of(totals, n_targets)
    at_mean = derived_values_of(totals.mean(0), n_targets)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = totals / n_targets
    away = np.nan_to_num(values - values.mean(0), nan=0.0)
    slopes = slopes_of(values.mean(0))
    for slope, group in zip(slopes, (_BALANCE_OF_MEANS, _HEAD_SHARE), strict=True):
        found[..., group] = at_mean[:, group] + (slope * away).sum(-1)
    return found
