"""Which methods no other beats in both respects."""

from collections.abc import Sequence

import numpy as np


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
