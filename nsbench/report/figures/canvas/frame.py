"""The rectangle that some points take up."""

from collections.abc import Sequence
from dataclasses import dataclass

LEAST_EXTENT = 1.0
"""Points that lie nearer to each other are framed as if they were this far apart."""


@dataclass(frozen=True)
class Frame:
    """A rectangle."""

    left: float
    right: float
    bottom: float
    top: float

    def widened(self, share: float) -> "Frame":
        """A larger one: by a share of its width on either side, and of its height above and below.

        >>> Frame(0, 10, 0, 2).widened(0.5)
        Frame(left=-5.0, right=15.0, bottom=-1.0, top=3.0)
        """
        dx, dy = share * (self.right - self.left), share * (self.top - self.bottom)
        return Frame(self.left - dx, self.right + dx, self.bottom - dy, self.top + dy)

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies within it or on its edge."""
        return self.left <= x <= self.right and self.bottom <= y <= self.top


def frame_of(places: Sequence[tuple[float, float]]) -> Frame:
    """The frame of some places, each x and y.

    >>> frame_of([(3, 5), (7, 5)])
    Frame(left=3.0, right=7.0, bottom=4.5, top=5.5)
    """
    (left, right), (bottom, top) = (_range(values) for values in zip(*places, strict=True))
    return Frame(left, right, bottom, top)


def _range(values: Sequence[float]) -> tuple[float, float]:
    missing = max(0.0, LEAST_EXTENT - (max(values) - min(values))) / 2
    return min(values) - missing, max(values) + missing
