"""Intervals hold the truth as often as they promise, and p-values are uniform where there is no difference."""

import numpy as np
import pytest
from scipy import stats

from nsbench.report.statistics.bootstrap import CrossedBootstrap, UserSums, interval_of, p_value_of
from nsbench.report.statistics.derived_metric import DerivedMetric
from nsbench.report.statistics.estimate import DERIVED_GROUPS
from tests.report.simulated_repeats import Effects, draw, truth

ALL = DerivedMetric(0, DERIVED_GROUPS.index("all"))


def hits_of(label, runs, *, is_constant=False):
    """Each run's hits of each user, all of them head targets."""
    sums = np.zeros((len(runs), 2, 4, len(runs[0])), dtype=np.float32)
    sums[:, :, 0] = np.array(runs)[:, None]
    return UserSums(label, is_constant=is_constant, sums=sums)


def one_head_target_each(n_users):
    counts = np.zeros((4, n_users))
    counts[0] = 1
    return counts


def bootstrap_of(*methods, n_users, n_resamples=4000):
    return CrossedBootstrap(methods, one_head_target_each(n_users), np.random.default_rng(0), n_resamples)


def test_one_constant_run_has_the_variance_of_a_share():
    """Of 100 users 20 are hit: the variance of their share is .2 * .8 / 100 = .0016, the error .04."""
    resampled = bootstrap_of(hits_of("a", [[1.0] * 20 + [0.0] * 80], is_constant=True), n_users=100)
    components = resampled.components(0, ALL)
    assert components.value == pytest.approx(0.2)
    assert components.standard_error == pytest.approx(0.04)
    interval = resampled.interval(0, ALL, components)
    assert (interval.low, interval.high) == (pytest.approx(0.2 - 1.96 * 0.04, abs=0.01), pytest.approx(0.28, abs=0.015))


def test_repeats_without_chance_add_their_own_variance():
    """All users are alike; runs of 0, 1, 1, 1: mean .75, variance of the mean .25 / 4 = .0625, 3 degrees of freedom."""
    resampled = bootstrap_of(hits_of("a", [[0.0] * 10, [1.0] * 10, [1.0] * 10, [1.0] * 10]), n_users=10)
    components = resampled.components(0, ALL)
    assert (components.user_variance, components.repeat_variance, components.degrees_of_freedom) == (
        0,
        pytest.approx(0.0625),
        3,
    )


def test_the_chance_of_repeats_is_not_counted_twice():
    """Two users swap their hits in the second run: each has a mean of .5, and runs have a mean of .5; nothing varies that
    another draw of users or repeats would change.
    """
    components = bootstrap_of(hits_of("a", [[1.0, 0.0], [0.0, 1.0]]), n_users=2).components(0, ALL)
    assert (components.user_variance, components.repeat_variance) == (0, 0)


def test_two_repeats_that_happen_to_hit_as_often_make_no_difference_certain():
    """A hits 60 and 60 of 100 users, b 59 and 59, mostly other ones: a point that other users would turn."""
    generator = np.random.default_rng(2)
    runs = {n: [generator.permutation([1.0] * n + [0.0] * (100 - n)) for _ in range(2)] for n in (60, 59)}
    resampled = bootstrap_of(hits_of("a", runs[60]), hits_of("b", runs[59]), n_users=100)
    components = resampled.difference_components(0, 1, ALL)
    assert (components.value, components.repeat_variance) == (pytest.approx(0.01), 0)
    interval, p_value = resampled.difference_test(0, 1, ALL, components)
    assert interval.low < -0.05 < 0.05 < interval.high
    assert p_value > 0.5


def test_a_difference_that_all_users_share_is_certain_whatever_users_do():
    """Hit are 50 of 100 users by a; 20 more, never hit by a, by b too: paired, only those 20 vary: .2 * .8 / 100."""
    a, b = [1.0] * 50 + [0.0] * 50, [1.0] * 70 + [0.0] * 30
    resampled = bootstrap_of(hits_of("a", [a], is_constant=True), hits_of("b", [b], is_constant=True), n_users=100)
    components = resampled.difference_components(0, 1, ALL)
    assert (components.value, components.standard_error) == (pytest.approx(-0.2), pytest.approx(0.04))
    _, p_value = resampled.difference_test(0, 1, ALL, components)
    assert p_value < 0.001


def test_the_same_method_does_not_differ_from_itself():
    a = [[1.0] * 20 + [0.0] * 80]
    resampled = bootstrap_of(hits_of("a", a, is_constant=True), hits_of("b", a, is_constant=True), n_users=100)
    interval, p_value = resampled.difference_test(0, 1, ALL, resampled.difference_components(0, 1, ALL))
    assert (interval.low, interval.high, p_value) == (0, 0, 1)


def test_one_run_of_a_trained_method_leaves_its_repeats_unknown():
    components = bootstrap_of(hits_of("a", [[1.0] * 20 + [0.0] * 80]), n_users=100).components(0, ALL)
    assert np.isnan(components.repeat_variance)
    assert components.standard_error == pytest.approx(0.04)


def test_a_cohort_without_targets_is_undefined():
    derived = DerivedMetric(0, DERIVED_GROUPS.index("tail"))
    resampled = bootstrap_of(hits_of("a", [[1.0, 0.0]], is_constant=True), n_users=2)
    assert not resampled.interval(0, derived, resampled.components(0, derived)).is_defined


def test_the_p_value_is_twice_the_rarer_side():
    """Of 99 draws 4 are at most 0: 2 * (1 + 4) / 100."""
    assert p_value_of(np.array([-1.0] * 4 + [1.0] * 95)) == pytest.approx(0.1)


def test_the_interval_is_the_middle_of_the_draws():
    interval = interval_of(np.arange(1001.0))
    assert (interval.low, interval.high) == (25, 975)


def test_the_same_seed_gives_the_same_resamples():
    methods, counts = draw(Effects(), np.random.default_rng(1))
    first, second = (CrossedBootstrap(methods, counts, np.random.default_rng(2), 500) for _ in range(2))
    components = first.components(0, ALL)
    assert first.interval(0, ALL, components) == second.interval(0, ALL, components)


@pytest.mark.slow
@pytest.mark.parametrize(
    "effects",
    [Effects(), Effects(n_repeats=3, repeat=0.3), Effects(n_repeats=20), Effects(user_of_method=0.0)],
    ids=["five repeats", "three repeats that vary a lot", "twenty repeats", "methods that are alike for every user"],
)
def test_intervals_cover_and_p_values_are_uniform(effects):
    """500 draws of repeats with a known truth: 95 % intervals hold it in 92 to 98 % of them (the chance that a right
    interval leaves that range is .2 % each), and p-values of two methods of the same truth are uniform by
    Kolmogorov-Smirnov tests, at 1 % for all 28 of them together.
    """
    known, generator = truth(effects), np.random.default_rng(3)
    n_draws, covered, p_values = 500, dict.fromkeys(known, 0), {group: [] for group in known}
    for _ in range(n_draws):
        methods, counts = draw(effects, generator)
        resampled = CrossedBootstrap(methods, counts, generator, n_resamples=1000)
        for group, value in known.items():
            derived = DerivedMetric(0, DERIVED_GROUPS.index(group))
            covered[group] += resampled.interval(0, derived, resampled.components(0, derived)).holds(value)
            components = resampled.difference_components(0, 1, derived)
            p_values[group].append(resampled.difference_test(0, 1, derived, components)[1])
    assert {group: 0.92 <= n / n_draws <= 0.98 for group, n in covered.items()} == dict.fromkeys(known, True), covered
    assert {group: stats.kstest(p, "uniform").pvalue > 0.01 / 28 for group, p in p_values.items()} == dict.fromkeys(
        known, True
    )
