"""Student's t without a statistics library: the density of t = sqrt(freedom) tan(angle) is a power of a cosine."""

from functools import lru_cache
from statistics import NormalDist

import numpy as np

_GRID = 20_001
_NORMAL_FROM = 10_000.0


def student_two_sided(t: float, freedom: float) -> float:
    """The probability that Student's t exceeds `t` in size, right to six digits.

    Args:
        t: At least 0.
        freedom: Degrees of freedom, at least 1; infinite: the normal distribution.

    With one degree of freedom (Cauchy), half of the probability lies beyond 1.
    >>> round(student_two_sided(1.0, 1.0), 4)
    0.5
    """
    if freedom > _NORMAL_FROM:
        return 2 * NormalDist().cdf(-t)
    start = np.arctan(t / np.sqrt(freedom))
    beyond = _cosine_power_integral(float(start), np.pi / 2, freedom - 1)
    return float(min(1.0, beyond / _cosine_power_integral(0.0, np.pi / 2, freedom - 1)))


@lru_cache(maxsize=1024)
def student_quantile(probability: float, freedom: float) -> float:
    """The value below which Student's t lies with that probability, right to four digits.

    Args:
        probability: At least one half and below 1.
        freedom: Degrees of freedom, at least 1; infinite: the normal distribution.

    >>> round(student_quantile(0.975, 4), 3), round(student_quantile(0.975, float("inf")), 3)
    (2.776, 1.96)
    """
    if freedom > _NORMAL_FROM:
        return NormalDist().inv_cdf(probability)
    angles = np.linspace(0, np.pi / 2, _GRID)
    density = np.clip(np.cos(angles), 0, None) ** (freedom - 1)
    below = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    angle = np.interp((2 * probability - 1) * below[-1], below, angles)
    return float(np.sqrt(freedom) * np.tan(angle))


def _cosine_power_integral(start: float, end: float, power: float) -> float:
    angles = np.linspace(start, end, _GRID)
    # At the right end the cosine is 0 up to rounding, possibly below it.
    return float(np.trapezoid(np.clip(np.cos(angles), 0, None) ** power, angles))
