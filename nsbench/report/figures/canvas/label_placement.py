"""Places labels beside points so that none covers another label, a point or an error bar. Geometry in pixels only."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ANGLES = np.linspace(0, 2 * np.pi, 24, endpoint=False)
_GAPS = (5.0, 12.0, 22.0, 36.0, 54.0, 80.0, 110.0)
_ROUNDS = 6
# Costs per square pixel, and per pixel of a gap; only their ratios matter.
_LABEL_WEIGHT, _OBSTACLE_WEIGHT, _OUTSIDE_WEIGHT, _GAP_WEIGHT = 20.0, 6.0, 40.0, 3.0
_STRANGER_WEIGHT = 30.0
_STRANGER_MARGIN = 6.0
"""Pixels by which a label should be nearer to its own point than to any other, so that it is not read as the other's."""


@dataclass(frozen=True)
class Box:
    """A rectangle by its left, bottom, right and top."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: "Box") -> float:
        """The area that two boxes share.

        >>> Box(0, 0, 2, 2).overlap(Box(1, 1, 5, 5))
        1
        """
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.top, other.top) - max(self.bottom, other.bottom)
        return width * height if width > 0 and height > 0 else 0

    def area_outside(self, bounds: "Box") -> float:
        """The area that sticks out of `bounds`."""
        return (self.right - self.left) * (self.top - self.bottom) - self.overlap(bounds)


def place_labels(
    points: NDArray[np.float64], sizes: NDArray[np.float64], obstacles: Sequence[Box], bounds: Box
) -> list[Box]:
    """The boxes of labels, each near its point.

    Starts from the nearest place of every label and then moves one at a time to where it costs least, given the others.

    Args:
        points: [n, 2], x and y of each point.
        sizes: [n, 2], width and height of each label.
        obstacles: What labels should not cover, such as markers and error bars.
        bounds: Where labels must stay.

    Returns:
        One box per point, in the same order.
    """
    candidates = [_candidates(point, size) for point, size in zip(points, sizes, strict=True)]
    strangers = [np.delete(points, i, axis=0) for i in range(len(points))]
    fixed = [
        [
            _fixed_cost(box, gap, obstacles, bounds) + _STRANGER_WEIGHT * _nearer_to_others(box, gap, others)
            for box, gap in boxes
        ]
        for boxes, others in zip(candidates, strangers, strict=True)
    ]
    chosen = [int(np.argmin(costs)) for costs in fixed]
    for _ in range(_ROUNDS):
        before = list(chosen)
        for i, boxes in enumerate(candidates):
            others = [candidates[j][chosen[j]][0] for j in range(len(points)) if j != i]
            costs = [
                cost + _LABEL_WEIGHT * sum(box.overlap(other) for other in others)
                for (box, _), cost in zip(boxes, fixed[i], strict=True)
            ]
            chosen[i] = int(np.argmin(costs))
        if chosen == before:
            break
    return [candidates[i][choice][0] for i, choice in enumerate(chosen)]


def _candidates(point: NDArray[np.float64], size: NDArray[np.float64]) -> list[tuple[Box, float]]:
    """Boxes around a point at growing gaps, each with its gap."""
    half = size / 2
    found = []
    for gap in _GAPS:
        for angle in _ANGLES:
            direction = np.array([np.cos(angle), np.sin(angle)])
            # On a rectangle, not an ellipse: so every box leaves the gap to the point, those at the corners too.
            centre = point + (half + gap) * direction / np.abs(direction).max()
            left, bottom = (float(value) for value in centre - half)
            found.append((Box(left, bottom, left + float(size[0]), bottom + float(size[1])), gap))
    return found


def _fixed_cost(box: Box, gap: float, obstacles: Sequence[Box], bounds: Box) -> float:
    covered = sum(box.overlap(obstacle) for obstacle in obstacles)
    return _OBSTACLE_WEIGHT * covered + _OUTSIDE_WEIGHT * box.area_outside(bounds) + _GAP_WEIGHT * gap


def _nearer_to_others(box: Box, gap: float, others: NDArray[np.float64]) -> float:
    """By how many pixels another point is too near to a label at that gap from its own point."""
    if len(others) == 0:
        return 0.0
    nearest = np.clip(others, [box.left, box.bottom], [box.right, box.top])
    distance = float(np.linalg.norm(others - nearest, axis=1).min())
    return max(0.0, gap + _STRANGER_MARGIN - distance)
