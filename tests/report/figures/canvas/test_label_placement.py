"""Labels stay readable: none covers another one, a point or the frame."""

import numpy as np
import pytest

from nsbench.report.figures.canvas.label_placement import Box, place_labels

BOUNDS = Box(0, 0, 400, 300)


def boxes_for(points):
    """Labels of 60 by 12 pixels beside points with markers of 8 by 8."""
    array = np.array(points, dtype=float)
    markers = [Box(x - 4, y - 4, x + 4, y + 4) for x, y in points]
    return place_labels(array, np.tile([60.0, 12.0], (len(points), 1)), markers, BOUNDS), markers


@pytest.mark.parametrize(
    "points",
    [
        [(200, 150), (203, 152), (198, 149), (205, 147), (200, 156), (195, 153)],
        [(5, 5), (395, 295), (5, 295), (395, 5)],
        [(200, 10 * i + 20) for i in range(10)],
        [(200, 150)],
    ],
    ids=["on a heap", "in the corners", "in a column", "alone"],
)
def test_no_label_covers_another_a_marker_or_the_frame(points):
    boxes, markers = boxes_for(points)
    for i, box in enumerate(boxes):
        assert box.area_outside(BOUNDS) == pytest.approx(0)
        assert all(box.overlap(other) == 0 for other in boxes[i + 1 :])
        assert all(box.overlap(marker) == 0 for marker in markers)


def test_a_label_is_nearest_to_its_own_point():
    """Two points 40 pixels apart, one above the other: each label lies nearer to its own."""
    points = [(200, 150), (200, 110)]
    boxes, _ = boxes_for(points)
    for i, box in enumerate(boxes):
        distances = [
            np.hypot(x - np.clip(x, box.left, box.right), y - np.clip(y, box.bottom, box.top)) for x, y in points
        ]
        assert int(np.argmin(distances)) == i


def test_without_points_there_are_no_labels():
    assert place_labels(np.empty((0, 2)), np.empty((0, 2)), [], BOUNDS) == []
