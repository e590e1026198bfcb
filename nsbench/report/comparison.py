"""Whether two methods differ by more than their repeats do, and which methods no other beats in both respects."""

from collections.abc import Sequence

import numpy as np

from nsbench.report.statistic import LEVEL
from nsbench.report.student import student_two_sided
from nsbench.report.summary import Estimate

NOISE_LEVEL = LEVEL
"""Differences with a p-value of at least this are said to be within noise."""


def welch_p(a: Estimate, b: Estimate, *, b_is_constant: bool = False) -> float:
    """Two-sided p-value of Welch's t-test that two methods have the same mean over repeats.

    Args:
        a: At least two runs, or the answer is not-a-number.
        b: At least two runs, unless constant.
        b_is_constant: Whether b has no noise, as a popularity list, which does not depend on a seed.

    Returns:
        In [0, 1]; 0 or 1 where neither varies and they differ or agree; not-a-number with too few runs.

    Source: Welch, "The generalization of Student's problem", Biometrika 1947.

    >>> round(welch_p(Estimate((1.0, 2.0, 3.0)), Estimate((1.0, 2.0, 3.0))), 3)
    1.0
    """
    if a.n < 2 or b.n < (1 if b_is_constant else 2):
        return float("nan")
    parts = [(a.sd**2 / a.n, a.n)] + ([] if b_is_constant else [(b.sd**2 / b.n, b.n)])
    variance = sum(part for part, _ in parts)
    if variance == 0:
        return 1.0 if a.mean == b.mean else 0.0
    freedom = variance**2 / sum(part**2 / (n - 1) for part, n in parts)
    return student_two_sided(abs(a.mean - b.mean) / variance**0.5, freedom)


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Positions of the points that no other point matches or beats in both coordinates; larger is better.

    Points with an undefined coordinate are never on the front; equal points are on it together.

    >>> pareto_front([(1, 3), (2, 2), (1, 2), (3, 1)])
    [0, 1, 3]
    """
    defined = [i for i, point in enumerate(points) if not np.isnan(point).any()]
    return [i for i in defined if not any(_dominates(points[j], points[i]) for j in defined)]


def _dominates(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return a[0] >= b[0] and a[1] >= b[1] and a != b
