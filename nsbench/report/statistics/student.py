"""Student's t without a statistics library: the density of t = sqrt(freedom) tan(angle) is a power of a cosine."""

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_GRID = 8_001
_NORMAL_FROM = 10_000.0
_NEARLY_ALL = 0.9


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
    start = float(np.arctan(t / np.sqrt(freedom)))
    whole = math.sqrt(math.pi) / 2 * math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom + 1) / 2))
    within = _integral(0.0, start, freedom) / whole
    # A difference of nearly equal numbers has no digits left: then the far part is integrated itself.
    return 1 - within if within < _NEARLY_ALL else min(1.0, _integral(start, math.pi / 2, freedom) / whole)


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
    density = _density(angles, freedom)
    below = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    angle = np.interp((2 * probability - 1) * below[-1], below, angles)
    return float(np.sqrt(freedom) * np.tan(angle))


def _integral(start: float, end: float, freedom: float) -> float:
    angles = np.linspace(start, end, _GRID)
    return float(np.trapezoid(_density(angles, freedom), angles))


def _density(angles: NDArray[np.float64], freedom: float) -> NDArray[np.float64]:
    # At the right end the cosine is 0 up to rounding, possibly below it.
    return np.asarray(np.clip(np.cos(angles), 0, None) ** (freedom - 1))
