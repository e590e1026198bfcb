"""What tests go by agrees with closed forms and with tables of Student's t."""

import math

import pytest

from nsbench.report.statistics.t_test import critical_value, detectable_value, two_sided_p


def test_student_with_two_degrees_of_freedom_has_its_closed_form():
    """P(|T| > t) = 1 - t / sqrt(2 + t^2); for t = sqrt(2): 1 - sqrt(2) / 2 = 0.292893."""
    assert two_sided_p(math.sqrt(2), 2.0) == pytest.approx(1 - math.sqrt(2) / 2)


def test_a_difference_is_as_rare_as_its_negative():
    assert two_sided_p(-1.5, 3.0) == two_sided_p(1.5, 3.0)


def test_student_with_thirty_degrees_of_freedom_is_as_tabled():
    """The 97.5 % quantile is 2.042272."""
    assert two_sided_p(2.042272, 30.0) == pytest.approx(0.05, abs=1e-6)
    assert critical_value(30.0) == pytest.approx(2.042272, abs=1e-6)


def test_with_few_degrees_of_freedom_a_difference_must_be_larger_to_be_found():
    """With 2 degrees of freedom the 97.5 % quantile is 4.303 and the 80 % quantile 1.061; endless ones: 1.960 and 0.842."""
    assert detectable_value(2.0) == pytest.approx(4.303 + 1.061, abs=1e-3)
    assert detectable_value(math.inf) == pytest.approx(1.960 + 0.842, abs=1e-3)
