"""Student's t agrees with its closed forms and with tables."""

import math

import pytest
from scipy import stats

from nsbench.report.statistics.student import student_quantile, student_two_sided


def test_student_with_two_degrees_of_freedom_has_its_closed_form():
    """P(|T| > t) = 1 - t / sqrt(2 + t^2); for t = sqrt(2): 1 - sqrt(2) / 2 = 0.292893."""
    assert student_two_sided(math.sqrt(2), 2.0) == pytest.approx(1 - math.sqrt(2) / 2, abs=1e-6)


def test_student_with_thirty_degrees_of_freedom_is_as_tabled():
    """The 97.5 % quantile is 2.042272."""
    assert student_two_sided(2.042272, 30.0) == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize("freedom", [1.0, 2.0, 3.5, 8.0, 30.0, 500.0, 9_999.0, 1e5])
@pytest.mark.parametrize("probability", [0.8, 0.975])
def test_quantiles_agree_with_scipy(probability, freedom):
    assert student_quantile(probability, freedom) == pytest.approx(stats.t.ppf(probability, freedom), rel=1e-4)


@pytest.mark.parametrize("freedom", [1.0, 4.0, 2e4])
def test_the_two_sided_probability_of_a_quantile_is_its_tail_twice(freedom):
    assert student_two_sided(student_quantile(0.975, freedom), freedom) == pytest.approx(0.05, abs=1e-5)
