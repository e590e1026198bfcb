"""Corrections and scales for differences between many methods."""

import math
from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number: the probability of one or more false rejections stays below the level.

    Args:
        p_values: In any order; NaN stays NaN and doesn't count.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 1979.

    The smallest of three times 3, the next times 2 but at least what the smaller one has, the largest times 1 likewise.
    >>> [round(p, 4) for p in holm([0.04, 0.01, float("nan"), 0.03])]
    [0.06, 0.03, nan, 0.06]
    """
    # scipy corrects for the false discovery rate alone, which lets a share of the claims be wrong.
    corrected = [float("nan")] * len(p_values)
    defined = sorted((p, place) for place, p in enumerate(p_values) if not math.isnan(p))
    largest = 0.0
    for rank, (p, place) in enumerate(defined):
        largest = max(largest, min(1.0, p * (len(defined) - rank)))
        corrected[place] = largest
    return corrected


_FEWEST_DEGREES_OF_FREEDOM = 2


def hedges_g(a: Sequence[float], b: Sequence[float], *, b_is_constant: bool = False) -> float:
    """The difference of two means in standard deviations over repeats, corrected for small numbers of them.

    Args:
        a: Its values; undefined ones don't count.
        b: Likewise.
        b_is_constant: Whether b has no deviation of its own, as a popularity list.

    Returns:
        NaN below two degrees of freedom, where the correction leaves nothing, and where repeats don't vary.

    Source: Hedges, "Distribution theory for Glass's estimator of effect size", Journal of Educational Statistics 1981.

    Means 2 and 1, pooled deviation 1, 4 degrees of freedom: 1 - 3 / (4 * 4 - 1) = .8.
    >>> round(hedges_g([1, 2, 3], [0, 1, 2]), 6)
    0.8
    >>> hedges_g([0.57, 0.58], [0.14], b_is_constant=True)
    nan
    """
    groups = [[value for value in values if not math.isnan(value)] for values in (a, b)]
    varying = groups[:1] if b_is_constant else groups
    if any(len(values) < 2 for values in varying) or not groups[1]:
        return float("nan")
    degrees_of_freedom = sum(len(values) - 1 for values in varying)
    if degrees_of_freedom < _FEWEST_DEGREES_OF_FREEDOM:
        return float("nan")
    pooled = math.sqrt(
        sum((len(values) - 1) * float(np.var(values, ddof=1)) for values in varying) / degrees_of_freedom
    )
    difference = float(np.mean(groups[0]) - np.mean(groups[1]))
    return math.nan if pooled == 0 else difference / pooled * (1 - 3 / (4 * degrees_of_freedom - 1))
