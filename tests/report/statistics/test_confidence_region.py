"""The region of a mean holds it as often as it says."""

import numpy as np
import pytest

from nsbench.report.statistics.confidence_region import mean_region


def test_the_region_is_longest_where_the_values_vary_most():
    """Four runs on a line that climbs at 45 degrees: no width across it."""
    values = np.array([0.0, 1.0, 2.0, 3.0])
    region = mean_region(values, values)
    assert region.height == pytest.approx(0, abs=1e-6)
    assert region.angle_deg % 180 == pytest.approx(45)


def test_four_independent_runs_have_the_region_of_hotelling():
    """Variances 4/3 in x and in y, no covariance. F(2, 2) exceeds 19 with 5 %, so T squared is 2 * 3 / 2 * 19 = 57 and
    the half axis sqrt(57 * 4/3 / 4) = sqrt(19).
    """
    region = mean_region(np.array([1.0, 1.0, -1.0, -1.0]), np.array([1.0, -1.0, 1.0, -1.0]))
    assert region.width == pytest.approx(2 * 19**0.5)
    assert region.height == pytest.approx(2 * 19**0.5)


def test_three_runs_or_runs_that_do_not_vary_have_none():
    assert mean_region(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0])) is None
    assert mean_region(np.ones(5), np.ones(5)) is None


def test_the_region_holds_the_mean_in_95_of_100_cases():
    """2,000 draws of six runs around 0; three standard errors of the share are 1.5 points."""
    generator = np.random.default_rng(0)
    n_held = 0
    for _ in range(2_000):
        runs = generator.multivariate_normal([0, 0], [[1.0, 0.6], [0.6, 2.0]], size=6).T
        region = mean_region(*runs)
        angle = np.radians(region.angle_deg)
        x, y = -runs.mean(axis=1)
        along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        n_held += (2 * along / region.width) ** 2 + (2 * across / region.height) ** 2 <= 1
    assert 0.935 < n_held / 2_000 < 0.965
