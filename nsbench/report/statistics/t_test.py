"""Student's t: what can be said where ranks are missing, from each run's own metrics.

Intervals and tests over runs allow for other seeds, not for other test users.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from nsbench.report.selection import CUTOFF, Method
from nsbench.report.statistics.derived_metric import run_values_of
from nsbench.report.statistics.estimate import DERIVED_GROUPS, LEVEL, POWER, UNDEFINED_INTERVAL, Interval
from nsbench.report.statistics.variance_components import VarianceComponents, degrees_of_freedom_of
from nsbench.report.summary import ACCURACY_METRICS
from nsbench.terms import ALL, Cohort, balance_name, metric_name


def recorded_values(method: Method) -> NDArray[np.float64]:
    """[run, metric, group]: as the runs recorded them; of metrics of means, each run's share in them."""
    by_cohort = np.array(
        [
            [
                [run.metric(metric_name("test", cohort.label, metric, CUTOFF)) for cohort in Cohort]
                for metric in ACCURACY_METRICS
            ]
            for run in method.runs
        ]
    )
    # One pretended user with one target in each cohort: then a sum is the cohort's value.
    values = run_values_of(by_cohort[..., None].astype(np.float32), np.ones((len(Cohort), 1)))
    # With one target in each cohort the total would be the cohorts' plain mean.
    for position, metric in enumerate(ACCURACY_METRICS):
        recorded = [
            (run.metric(metric_name("test", ALL, metric, CUTOFF)), run.metric(balance_name("test", metric, CUTOFF)))
            for run in method.runs
        ]
        values[:, position, [DERIVED_GROUPS.index(ALL), DERIVED_GROUPS.index("balance")]] = recorded
    return values


def run_components(values: Sequence[float], *, is_constant: bool) -> VarianceComponents:
    """What a mean over runs varies by; users don't come into it."""
    defined = np.array([value for value in values if not np.isnan(value)])
    mean = float(defined.mean()) if len(defined) else float("nan")
    if is_constant:
        return VarianceComponents(mean, 0.0, 0.0, float("inf"), 0.0)
    if len(defined) < 2:
        return VarianceComponents(mean, 0.0, float("nan"), 1.0, 0.0)
    return VarianceComponents(mean, 0.0, float(defined.var(ddof=1)) / len(defined), len(defined) - 1.0, 0.0)


def run_difference_components(a: VarianceComponents, b: VarianceComponents) -> VarianceComponents:
    """What the difference of two means varies by."""
    variance = a.repeat_variance + b.repeat_variance
    parts = [(part.repeat_variance, part.degrees_of_freedom) for part in (a, b)]
    return VarianceComponents(a.value - b.value, 0.0, variance, degrees_of_freedom_of(0.0, parts), 0.0)


def t_interval(components: VarianceComponents) -> Interval:
    """The interval that repeats alone give."""
    if np.isnan(components.value + components.repeat_variance):
        return UNDEFINED_INTERVAL
    half = critical_value(components.degrees_of_freedom) * components.repeat_variance**0.5
    return Interval(components.value - half, components.value + half)


def mean_interval(values: Sequence[float], *, is_constant: bool) -> Interval:
    """The interval of a mean over repeats; undefined with one run, and where there is nothing that varies.

    Mean 2 and standard error 1 / sqrt(3), times 4.303 for 2 degrees of freedom:
    >>> interval = mean_interval([1, 2, 3], is_constant=False)
    >>> round(interval.low, 2), round(interval.high, 2)
    (-0.48, 4.48)
    """
    return UNDEFINED_INTERVAL if is_constant else t_interval(run_components(values, is_constant=False))


def t_test_p(components: VarianceComponents) -> float:
    """Two-sided p-value of no difference; 0 or 1 where repeats don't vary."""
    if np.isnan(components.value + components.repeat_variance):
        return float("nan")
    if components.repeat_variance == 0:
        return float(components.value == 0)
    return two_sided_p(components.value / components.repeat_variance**0.5, components.degrees_of_freedom)


def two_sided_p(t: float, degrees_of_freedom: float) -> float:
    """The probability that Student's t is at least as far from 0 as `t`.

    Args:
        t: A difference in standard errors, of either sign.
        degrees_of_freedom: At least 1; infinite: the normal distribution.

    With one degree of freedom (Cauchy), half of the probability lies beyond 1.
    >>> round(two_sided_p(1.0, 1.0), 4)
    0.5
    """
    return float(2 * stats.t.sf(abs(t), degrees_of_freedom))


def critical_value(degrees_of_freedom: float) -> float:
    """How many standard errors an estimate must be away from 0 to be significant at LEVEL.

    Args:
        degrees_of_freedom: At least 1; infinite: the normal distribution.

    >>> round(critical_value(4), 3), round(critical_value(float("inf")), 3)
    (2.776, 1.96)
    """
    return float(stats.t.ppf(1 - LEVEL / 2, degrees_of_freedom))


def detectable_value(degrees_of_freedom: float) -> float:
    """How many standard errors a true difference must measure to be found significant with probability POWER.

    Args:
        degrees_of_freedom: At least 1; infinite: the normal distribution.

    The normal distribution's 1.960 for 5 %, two-sided, and 0.842 for 80 %.
    >>> round(detectable_value(float("inf")), 3)
    2.802
    """
    return critical_value(degrees_of_freedom) + float(stats.t.ppf(POWER, degrees_of_freedom))
