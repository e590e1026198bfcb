"""Where the means of two metrics lie together with 95 % confidence, given their values in some repeats: an ellipse."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

FEWEST_RUNS = 4
"""With three runs the region is sixteen deviations wide, which shows nothing."""

_LEVEL = 0.05


@dataclass(frozen=True)
class EllipseShape:
    """An ellipse around a mean: full width and height before it is turned, and degrees counter-clockwise."""

    width: float
    height: float
    angle_deg: float


def mean_region(x: NDArray[np.float64], y: NDArray[np.float64]) -> EllipseShape | None:
    """The 95 % confidence region of the mean of pairs that are distributed normally (Hotelling's T squared).

    Args:
        x: [n], the first metric of each run.
        y: [n], the second one.

    Returns:
        None with fewer than four runs, or where neither varies.

    Source: Hotelling, "The generalization of Student's ratio", Annals of Mathematical Statistics 1931.
    """
    n = len(x)
    if n < FEWEST_RUNS:
        return None
    variances, axes = np.linalg.eigh(np.cov(x, y))
    if variances[-1] <= 0:
        return None
    scale = 2 * (n - 1) / (n - 2) * stats.f.isf(_LEVEL, 2, n - 2) / n
    half_short, half_long = np.sqrt(np.clip(variances, 0, None) * scale)
    angle = np.degrees(np.arctan2(axes[1, 1], axes[0, 1]))
    return EllipseShape(2 * float(half_long), 2 * float(half_short), float(angle))
