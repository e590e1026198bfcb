"""Noise is told from difference."""

import math

import pytest
from scipy import stats

from nsbench.report.comparison import pareto_front, welch_p
from nsbench.report.summary import Estimate


@pytest.mark.parametrize(
    ("a", "b"),
    [((1.0, 2.0, 3.0), (2.0, 4.0, 6.0, 9.0)), ((0.1, 0.11), (0.1, 0.3)), (tuple(range(20)), tuple(range(5, 25)))],
)
def test_welch_agrees_with_scipy(a, b):
    expected = stats.ttest_ind(a, b, equal_var=False).pvalue
    assert welch_p(Estimate(a), Estimate(b)) == pytest.approx(expected, abs=1e-6)


def test_a_constant_baseline_makes_it_a_one_sample_test():
    a = (0.10, 0.12, 0.15)
    expected = stats.ttest_1samp(a, 0.09).pvalue
    assert welch_p(Estimate(a), Estimate((0.09,)), b_is_constant=True) == pytest.approx(expected, abs=1e-6)


def test_too_few_runs_give_no_p_value():
    assert math.isnan(welch_p(Estimate((0.1,)), Estimate((0.2, 0.3))))
    assert math.isnan(welch_p(Estimate((0.1, 0.2)), Estimate((0.2,))))


def test_repeats_without_any_deviation_differ_or_agree_for_certain():
    assert welch_p(Estimate((0.1, 0.1)), Estimate((0.2, 0.2))) == 0
    assert welch_p(Estimate((0.1, 0.1)), Estimate((0.1, 0.1))) == 1


def test_points_with_an_undefined_coordinate_are_not_on_the_front():
    assert pareto_front([(1.0, math.nan), (0.5, 0.5)]) == [1]


def test_equal_points_share_the_front():
    assert pareto_front([(1.0, 1.0), (1.0, 1.0), (1.0, 0.5)]) == [0, 1]
