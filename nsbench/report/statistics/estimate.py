"""What is known of a derived metric and of the difference between two methods: the plain results that tables and pages show.

`bootstrap` computes them from ranks and `t_test` from runs alone; nothing here computes.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from nsbench.terms import ALL, BALANCED_COHORTS, GROUPS

LEVEL = 0.05
"""Two-sided level of tests and, as its complement, of intervals: a corrected p-value below it is significant."""

POWER = 0.8
"""The probability with which the smallest detectable difference would be found."""

BALANCE = "balance"
"""The group whose value is the mean over repeats of the balance over head, mid and tail."""

BALANCE_OF_MEANS = "balance_of_means"
"""The group whose value is the balance of the mean head, mid and tail values."""

HEAD_SHARE = "head_share"
"""The group whose value is head / (head + tail), of means: the head:tail ratio on a scale that a tail of 0 does not break."""

DERIVED_GROUPS = (*GROUPS, BALANCE, BALANCE_OF_MEANS, HEAD_SHARE)
"""The metrics derived from each accuracy metric: in total, by cohort, and three ways to compare cohorts."""

COHORT_GROUPS = (ALL, *(cohort.label for cohort in BALANCED_COHORTS))
"""The groups that the paper's table 3 shows."""

Basis = Literal["users and repeats", "repeats", "users", "none"]
"""What an interval allows for. repeats: the ranks are missing, so another draw of test users is not allowed for. users:
a single run, so another seed is not allowed for. none: there is no interval."""


@dataclass(frozen=True)
class Interval:
    """A 95 % confidence interval; both ends are NaN where nothing can be said."""

    low: float
    high: float

    @property
    def is_defined(self) -> bool:
        """Whether there is an interval."""
        return not math.isnan(self.low + self.high)

    def holds(self, value: float) -> bool:
        """Whether a value lies within."""
        return self.low <= value <= self.high

    def reversed(self) -> "Interval":
        """The interval of the negative value."""
        return Interval(-self.high, -self.low)


@dataclass(frozen=True)
class DifferenceComponents:
    """What a difference of two methods varies by: the part that more repeats would not change, and the parts that they would.

    Attributes:
        user_variance: Of the difference over other test users, repeats' chance taken off; 0 without ranks.
        run_variances: Of a single run of each method that is trained; NaN with one run.
        n_runs: The runs of each of these.
    """

    user_variance: float
    run_variances: tuple[float, ...]
    n_runs: tuple[int, ...]


UNDEFINED_INTERVAL = Interval(float("nan"), float("nan"))


@dataclass(frozen=True)
class IntervalEstimate:
    """A method's value of a derived metric with its interval.

    Attributes:
        label: The method's label.
        metric: `hit_rate` or `ndcg`.
        group: One of DERIVED_GROUPS.
        value: Over all targets and repeats; NaN where undefined.
        interval: Around it.
        standard_error: Of the value; NaN without an interval.
        basis: What the interval allows for.
        n_targets: Test targets that the value rests on; 0 where unknown.
    """

    label: str
    metric: str
    group: str
    value: float
    interval: Interval
    standard_error: float
    basis: Basis
    n_targets: int


@dataclass(frozen=True)
class PairedDifference:
    """How much method a exceeds method b.

    Attributes:
        a: Label of the first method.
        b: Label of the second.
        metric: `hit_rate` or `ndcg`.
        group: One of DERIVED_GROUPS.
        difference: Value of a minus value of b; NaN where one is undefined.
        interval: Around the difference, for this pair alone.
        p_value: Two-sided, for this pair alone; NaN where it can't be tested.
        p_holm: Corrected for all pairs of this dataset, metric and group.
        effect_size: Difference in standard deviations over repeats (Hedges' g); NaN where too few runs, or runs that don't
            vary, give no such deviation.
        smallest_detectable: The difference that these runs would find with 80 % chance at 5 %; NaN without ranks or
            repeats.
        smallest_with_endless_repeats: The same if repeats were free: what is left is due to the test users alone.
        basis: What interval and p-value allow for.
        by_users: The interval for these very trainings, which allows for other test users alone; undefined without ranks.
        components: What the difference varies by; None where that is unknown.
        is_cut_off: Whether trainings of one of the methods were cut off, so that the difference may still change.
    """

    a: str
    b: str
    metric: str
    group: str
    difference: float
    interval: Interval
    p_value: float
    p_holm: float
    effect_size: float
    smallest_detectable: float
    smallest_with_endless_repeats: float
    basis: Basis
    by_users: Interval = UNDEFINED_INTERVAL
    components: DifferenceComponents | None = None
    is_cut_off: bool = False

    @property
    def is_significant(self) -> bool:
        """Whether trained-out methods differ by more than chance, after Holm's correction."""
        return self.p_holm < LEVEL and not self.is_cut_off

    def reversed(self) -> "PairedDifference":
        """The same difference seen from b."""
        return replace(
            self,
            a=self.b,
            b=self.a,
            difference=-self.difference,
            interval=self.interval.reversed(),
            effect_size=-self.effect_size,
            by_users=self.by_users.reversed(),
        )


@dataclass(frozen=True)
class Statistics:
    """The statistics of a dataset.

    Attributes:
        estimates: Of every method, metric and group.
        differences: Of every pair of methods, metric and group; each pair once, in the table's order.
        n_users: Test users with a target; 0 where ranks are missing.
        notes: What could not be done and why, in sentences; empty where nothing is missing.
    """

    estimates: tuple[IntervalEstimate, ...] = ()
    differences: tuple[PairedDifference, ...] = ()
    n_users: int = 0
    notes: tuple[str, ...] = ()

    def estimate(self, label: str, metric: str, group: str) -> IntervalEstimate | None:
        """A method's estimate; None where there is none."""
        return self._estimates.get((label, metric, group))

    def difference(self, a: str, b: str, metric: str, group: str) -> PairedDifference | None:
        """How much a exceeds b, whichever way round the pair is kept; None where there is no such pair."""
        kept, other = (self._pairs.get((first, second, metric, group)) for first, second in ((a, b), (b, a)))
        return kept if kept is not None or other is None else other.reversed()

    def pairs(self, metric: str, group: str) -> Sequence[PairedDifference]:
        """All pairs of a metric and group."""
        return [pair for pair in self.differences if (pair.metric, pair.group) == (metric, group)]

    @cached_property
    def _estimates(self) -> Mapping[tuple[str, str, str], IntervalEstimate]:
        return {(e.label, e.metric, e.group): e for e in self.estimates}

    @cached_property
    def _pairs(self) -> Mapping[tuple[str, str, str, str], PairedDifference]:
        return {(pair.a, pair.b, pair.metric, pair.group): pair for pair in self.differences}
