"""The statistics of a dataset: every method's intervals, every pair's difference, from ranks where there are any."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, product

import numpy as np

from nsbench.report.selection import Method
from nsbench.report.statistics.bootstrap import N_RESAMPLES, TwoLevel
from nsbench.report.statistics.correction import hedges_g, holm
from nsbench.report.statistics.estimate import (
    BALANCE,
    BALANCE_OF_MEANS,
    HEAD_SHARE,
    LEVEL,
    QUANTITY_GROUPS,
    UNDEFINED_INTERVAL,
    Basis,
    Components,
    Interval,
    PairedDifference,
    QuantityEstimate,
    Statistics,
)
from nsbench.report.statistics.t_test import (
    detectable_value,
    recorded_values,
    run_difference,
    run_spread,
    student_interval,
    student_p,
)
from nsbench.report.statistics.user_sums import RankedMethods
from nsbench.report.statistics.variance_components import Spread
from nsbench.report.summary import ACCURACY_METRICS
from nsbench.terms import BALANCED_COHORTS, Cohort, metric_name

_LOWEST_BALANCE = 1 / 3
_RESTS_ON = {
    BALANCE: [cohort.label for cohort in BALANCED_COHORTS],
    BALANCE_OF_MEANS: [cohort.label for cohort in BALANCED_COHORTS],
    HEAD_SHARE: [Cohort.HEAD.label, Cohort.TAIL.label],
}


def statistics_of(
    methods: Sequence[Method], ranked: RankedMethods, generator: np.random.Generator, n_resamples: int = N_RESAMPLES
) -> Statistics:
    """Estimates and differences of all methods in every quantity.

    Args:
        methods: The compared methods.
        ranked: Those of them whose ranks could be read.
        generator: Where the resamples come from; the same generator state gives the same statistics.
        n_resamples: Resamples of an interval.
    """
    if not methods:
        return Statistics()
    inference = _Inference(methods, ranked, generator, n_resamples)
    quantities = list(product(range(len(ACCURACY_METRICS)), range(len(QUANTITY_GROUPS))))
    estimates = [inference.estimate(method, quantity) for quantity in quantities for method in methods]
    differences: list[PairedDifference] = []
    for quantity in quantities:
        pairs = [inference.difference(a, b, quantity) for a, b in combinations(methods, 2)]
        corrected = holm([pair.p_value for pair in pairs])
        differences += [replace(pair, p_holm=p) for pair, p in zip(pairs, corrected, strict=True)]
    return Statistics(tuple(estimates), tuple(differences), ranked.n_users, ranked.notes)


class _Inference:
    """Answers for a method or pair and a quantity, from ranks where both have them, else from runs alone."""

    def __init__(
        self, methods: Sequence[Method], ranked: RankedMethods, generator: np.random.Generator, n_resamples: int
    ) -> None:
        self._places = {method.label: place for place, method in enumerate(ranked.methods)}
        self._two_level = TwoLevel(ranked.methods, ranked.counts, generator, n_resamples) if ranked.methods else None
        self._recorded = {method.label: recorded_values(method) for method in methods}

    def estimate(self, method: Method, quantity: tuple[int, int]) -> QuantityEstimate:
        """A method's value and interval."""
        place = self._places.get(method.label)
        if self._two_level is not None and place is not None:
            spread = self._two_level.spread(place, quantity)
            interval = self._two_level.interval(place, quantity, spread)
            interval = _with_rule_of_three(interval, spread.value, _n_targets(method, _named(quantity)[1]))
        else:
            spread = self._run_spread(method, quantity)
            # A popularity list's interval would be a point: it doesn't vary over seeds.
            interval = Interval(np.nan, np.nan) if method.is_baseline else student_interval(spread)
        metric, group = _named(quantity)
        interval = _within_range(interval, group)
        return QuantityEstimate(
            label=method.label,
            metric=metric,
            group=group,
            value=spread.value,
            interval=interval,
            standard_error=spread.standard_error if interval.is_defined else float("nan"),
            basis=_basis(interval, [method], is_ranked=place is not None),
            n_targets=_n_targets(method, group),
        )

    def difference(self, a: Method, b: Method, quantity: tuple[int, int]) -> PairedDifference:
        """How much a exceeds b; not corrected for the number of pairs."""
        place_a, place_b = self._places.get(a.label), self._places.get(b.label)
        is_ranked = place_a is not None and place_b is not None
        by_users = UNDEFINED_INTERVAL
        if self._two_level is not None and place_a is not None and place_b is not None:
            spread = self._two_level.difference_spread(place_a, place_b, quantity)
            interval, p_value = self._two_level.difference_test(place_a, place_b, quantity, spread)
            by_users = self._two_level.by_users(place_a, place_b, quantity)
        else:
            spread = run_difference(self._run_spread(a, quantity), self._run_spread(b, quantity))
            interval, p_value = student_interval(spread), student_p(spread)
        basis = _basis(interval, [a, b], is_ranked=is_ranked)
        metric, group = _named(quantity)
        # One run of a trained method says nothing on how much another seed would change.
        is_tested = basis in {"users and repeats", "repeats"}
        return PairedDifference(
            a=a.label,
            b=b.label,
            metric=metric,
            group=group,
            difference=spread.value,
            interval=interval,
            p_value=p_value if is_tested else float("nan"),
            p_holm=float("nan"),
            effect_size=self._effect_size(a, b, quantity),
            smallest_detectable=_detectable(spread) if is_ranked and is_tested else float("nan"),
            smallest_with_endless_repeats=_detectable_by_users(spread) if is_ranked else float("nan"),
            basis=basis,
            by_users=by_users,
            components=self._components((a, b), quantity, spread.user_variance),
            is_cut_off=bool(a.n_cut_off or b.n_cut_off),
        )

    def _components(self, methods: Sequence[Method], quantity: tuple[int, int], user_variance: float) -> Components:
        values = [np.array(self._values(method, quantity)) for method in methods if not method.is_baseline]
        defined = [some[~np.isnan(some)] for some in values]
        return Components(
            user_variance,
            tuple(float(some.var(ddof=1)) if len(some) > 1 else float("nan") for some in defined),
            tuple(map(len, defined)),
        )

    def _run_spread(self, method: Method, quantity: tuple[int, int]) -> Spread:
        return run_spread(self._values(method, quantity), is_constant=method.is_baseline)

    def _values(self, method: Method, quantity: tuple[int, int]) -> list[float]:
        return [float(value) for value in self._recorded[method.label][(slice(None), *quantity)]]

    def _effect_size(self, a: Method, b: Method, quantity: tuple[int, int]) -> float:
        if a.is_baseline:
            return -hedges_g(self._values(b, quantity), self._values(a, quantity), b_is_constant=True)
        return hedges_g(self._values(a, quantity), self._values(b, quantity), b_is_constant=b.is_baseline)


def _named(quantity: tuple[int, int]) -> tuple[str, str]:
    return ACCURACY_METRICS[quantity[0]], QUANTITY_GROUPS[quantity[1]]


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

    The upper end is the rate of which n targets are all missed with 2.5 % chance, about 3.7 / n.
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
    counts = [method.runs[0].metric(metric_name("test", name, "n_targets")) for name in names]
    return int(np.nansum(counts))


def _detectable(spread: Spread) -> float:
    return detectable_value(spread.freedom) * spread.standard_error


def _detectable_by_users(spread: Spread) -> float:
    return detectable_value(math.inf) * math.sqrt(spread.user_variance)
