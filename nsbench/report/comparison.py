"""Whether two methods differ by more than their repeats do, and which methods no other beats in both respects."""

from collections.abc import Sequence

import numpy as np

from nsbench.report.summary import Estimate

NOISE_LEVEL = 0.05
"""Differences with a p-value of at least this are said to be within noise."""

_GRID = 20_001


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


def student_two_sided(t: float, freedom: float) -> float:
    """The probability that Student's t exceeds `t` in size, right to six digits for up to a thousand degrees of freedom.

    Substituting t = sqrt(freedom) tan(angle) makes the density cos(angle)^(freedom - 1) on a finite interval; so no
    statistics library is needed.

    Args:
        t: At least 0.
        freedom: Degrees of freedom, at least 1.

    With one degree of freedom (Cauchy), half of the probability lies beyond 1.
    >>> round(student_two_sided(1.0, 1.0), 4)
    0.5
    """
    start = np.arctan(t / np.sqrt(freedom))
    beyond = _cosine_power_integral(float(start), np.pi / 2, freedom - 1)
    return float(min(1.0, beyond / _cosine_power_integral(0.0, np.pi / 2, freedom - 1)))


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


def _cosine_power_integral(start: float, end: float, power: float) -> float:
    angles = np.linspace(start, end, _GRID)
    # At the right end the cosine is 0 up to rounding, possibly below it.
    return float(np.trapezoid(np.clip(np.cos(angles), 0, None) ** power, angles))
