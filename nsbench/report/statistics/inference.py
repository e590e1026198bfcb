"""The statistics of a dataset: every method's intervals, every pair's difference, from ranks where there are any."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, product

import numpy as np

from nsbench.report.selection import Method
from nsbench.report.statistics.bootstrap import N_RESAMPLES, CrossedBootstrap
from nsbench.report.statistics.correction import hedges_g, holm
from nsbench.report.statistics.derived_metric import DerivedMetric
from nsbench.report.statistics.estimate import (
    BALANCE,
    BALANCE_OF_MEANS,
    DERIVED_GROUPS,
    HEAD_SHARE,
    LEVEL,
    UNDEFINED_INTERVAL,
    Basis,
    DifferenceComponents,
    Interval,
    IntervalEstimate,
    PairedDifference,
    Statistics,
)
from nsbench.report.statistics.t_test import (
    detectable_value,
    recorded_values,
    run_components,
    run_difference_components,
    t_interval,
    t_test_p,
)
from nsbench.report.statistics.user_sums import RankedMethods
from nsbench.report.statistics.variance_components import VarianceComponents
from nsbench.report.summary import ACCURACY_METRICS
from nsbench.terms import BALANCED_COHORTS, Cohort, metric_name

# 1 - Gini where all hits are in one of the three cohorts.
_LOWEST_BALANCE = 1 / 3
_RESTS_ON = {
    BALANCE: [cohort.label for cohort in BALANCED_COHORTS],
    BALANCE_OF_MEANS: [cohort.label for cohort in BALANCED_COHORTS],
    HEAD_SHARE: [Cohort.HEAD.label, Cohort.TAIL.label],
}


def statistics_of(
    methods: Sequence[Method], ranked: RankedMethods, generator: np.random.Generator, n_resamples: int = N_RESAMPLES
) -> Statistics:
    """Estimates and differences of all methods in every derived metric.

    Args:
        methods: The compared methods.
        ranked: Those of them whose ranks could be read.
        generator: Where the resamples come from; the same generator state gives the same statistics.
        n_resamples: Resamples per interval.
    """
    if not methods:
        return Statistics()
    inference = _Inference(methods, ranked, generator, n_resamples)
    axes = (range(len(ACCURACY_METRICS)), range(len(DERIVED_GROUPS)))
    derived_metrics = [DerivedMetric(*places) for places in product(*axes)]
    estimates = [inference.estimate(method, derived) for derived in derived_metrics for method in methods]
    differences: list[PairedDifference] = []
    for derived in derived_metrics:
        pairs = [inference.difference(a, b, derived) for a, b in combinations(methods, 2)]
        corrected = holm([pair.p_value for pair in pairs])
        differences += [replace(pair, p_holm=p) for pair, p in zip(pairs, corrected, strict=True)]
    return Statistics(tuple(estimates), tuple(differences), ranked.n_users, ranked.notes)


class _Inference:
    """Estimates one derived metric of a method or a pair, from ranks where there are any, else from runs alone."""

    def __init__(
        self, methods: Sequence[Method], ranked: RankedMethods, generator: np.random.Generator, n_resamples: int
    ) -> None:
        self._places = {method.label: place for place, method in enumerate(ranked.methods)}
        self._bootstrap = (
            CrossedBootstrap(ranked.methods, ranked.counts, generator, n_resamples) if ranked.methods else None
        )
        self._recorded = {method.label: recorded_values(method) for method in methods}

    def estimate(self, method: Method, derived: DerivedMetric) -> IntervalEstimate:
        """A method's value and interval."""
        place = self._places.get(method.label)
        if self._bootstrap is not None and place is not None:
            components = self._bootstrap.components(place, derived)
            interval = self._bootstrap.interval(place, derived, components)
            interval = _with_rule_of_three(interval, components.value, _n_targets(method, _named(derived)[1]))
        else:
            components = self._run_components(method, derived)
            # A popularity list's interval would be a point: it doesn't vary over seeds.
            interval = Interval(np.nan, np.nan) if method.is_baseline else t_interval(components)
        metric, group = _named(derived)
        interval = _within_range(interval, group)
        return IntervalEstimate(
            label=method.label,
            metric=metric,
            group=group,
            value=components.value,
            interval=interval,
            standard_error=components.standard_error if interval.is_defined else float("nan"),
            basis=_basis(interval, [method], is_ranked=place is not None),
            n_targets=_n_targets(method, group),
        )

    def difference(self, a: Method, b: Method, derived: DerivedMetric) -> PairedDifference:
        """How much a exceeds b; not corrected for the number of pairs."""
        place_a, place_b = self._places.get(a.label), self._places.get(b.label)
        is_ranked = place_a is not None and place_b is not None
        by_users = UNDEFINED_INTERVAL
        if self._bootstrap is not None and place_a is not None and place_b is not None:
            components = self._bootstrap.difference_components(place_a, place_b, derived)
            interval, p_value = self._bootstrap.difference_test(place_a, place_b, derived, components)
            by_users = self._bootstrap.by_users(place_a, place_b, derived)
        else:
            components = run_difference_components(self._run_components(a, derived), self._run_components(b, derived))
            interval, p_value = t_interval(components), t_test_p(components)
        basis = _basis(interval, [a, b], is_ranked=is_ranked)
        metric, group = _named(derived)
        # One run of a trained method does not show how much another seed would change.
        is_tested = basis in {"users and repeats", "repeats"}
        return PairedDifference(
            a=a.label,
            b=b.label,
            metric=metric,
            group=group,
            difference=components.value,
            interval=interval,
            p_value=p_value if is_tested else float("nan"),
            p_holm=float("nan"),
            effect_size=self._effect_size(a, b, derived),
            smallest_detectable=_detectable(components) if is_ranked and is_tested else float("nan"),
            smallest_with_endless_repeats=_detectable_by_users(components) if is_ranked else float("nan"),
            basis=basis,
            by_users=by_users,
            components=self._components((a, b), derived, components.user_variance),
            is_cut_off=bool(a.n_cut_off or b.n_cut_off),
        )

    def _components(
        self, methods: Sequence[Method], derived: DerivedMetric, user_variance: float
    ) -> DifferenceComponents:
        values = [np.array(self._values(method, derived)) for method in methods if not method.is_baseline]
        defined = [some[~np.isnan(some)] for some in values]
        return DifferenceComponents(
            user_variance,
            tuple(float(some.var(ddof=1)) if len(some) > 1 else float("nan") for some in defined),
            tuple(map(len, defined)),
        )

    def _run_components(self, method: Method, derived: DerivedMetric) -> VarianceComponents:
        return run_components(self._values(method, derived), is_constant=method.is_baseline)

    def _values(self, method: Method, derived: DerivedMetric) -> list[float]:
        return [float(value) for value in self._recorded[method.label][(slice(None), *derived)]]

    def _effect_size(self, a: Method, b: Method, derived: DerivedMetric) -> float:
        # `hedges_g` takes the method without a deviation second.
        if a.is_baseline:
            return -hedges_g(self._values(b, derived), self._values(a, derived), b_is_constant=True)
        return hedges_g(self._values(a, derived), self._values(b, derived), b_is_constant=b.is_baseline)


def _named(derived: DerivedMetric) -> tuple[str, str]:
    return ACCURACY_METRICS[derived.metric], DERIVED_GROUPS[derived.group]


def _basis(interval: Interval, methods: Sequence[Method], *, is_ranked: bool) -> Basis:
    if not interval.is_defined:
        return "none"
    if not is_ranked:
        return "repeats"
    return (
        "users" if any(len(method.runs) < 2 and not method.is_baseline for method in methods) else "users and repeats"
    )


def _with_rule_of_three(interval: Interval, value: float, n_targets: int) -> Interval:
    """Where nothing was hit no resample hits anything either, yet a small rate would often look the same.

    The upper end is the rate at which n targets are all missed with a probability of 2.5 %, about 3.7 / n.
    """
    if value != 0 or n_targets == 0:
        return interval
    return Interval(0.0, float(max(interval.high, 1 - (LEVEL / 2) ** (1 / n_targets))))


def _within_range(interval: Interval, group: str) -> Interval:
    lowest = _LOWEST_BALANCE if group in {BALANCE, BALANCE_OF_MEANS} else 0.0
    low, high = np.clip([interval.low, interval.high], lowest, 1.0)
    return Interval(float(low), float(high))


def _n_targets(method: Method, group: str) -> int:
    names = _RESTS_ON.get(group, [group])
    # All compared runs ranked the same targets.
    counts = [method.runs[0].metric(metric_name("test", name, "n_targets")) for name in names]
    return int(np.nansum(counts))


def _detectable(components: VarianceComponents) -> float:
    return detectable_value(components.degrees_of_freedom) * components.standard_error


def _detectable_by_users(components: VarianceComponents) -> float:
    return detectable_value(math.inf) * math.sqrt(components.user_variance)
