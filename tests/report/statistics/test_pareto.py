"""The Pareto front holds what nothing else beats."""

import math

from nsbench.report.statistics.pareto import pareto_front


def test_points_with_an_undefined_coordinate_are_not_on_the_front():
    assert pareto_front([(1.0, math.nan), (0.5, 0.5)]) == [1]


def test_equal_points_share_the_front():
    assert pareto_front([(1.0, 1.0), (1.0, 1.0), (1.0, 0.5)]) == [0, 1]
