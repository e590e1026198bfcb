"""A rectangle of positions: users' rows of similar length, or lanes in which rows stand end to end."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True)
class Bucket:
    """Rows of one length, one after the other on the flat axis of positions from `first_position` on.

    Attributes:
        n_rows: How many.
        length: Positions of each, padded ones included.
        first_position: Of the first row.
        first_row: Its number in the step; 0 where the rows are lanes.
        needs_mask: Whether some row is a lane that holds anything but one row as long as itself.
    """

    n_rows: int
    length: int
    first_position: int
    first_row: int = 0
    needs_mask: bool = False

    @property
    def end_row(self) -> int:
        """The row after the last one."""
        return self.first_row + self.n_rows

    @property
    def positions(self) -> slice:
        """Where the bucket lies on the flat axis."""
        return slice(self.first_position, self.first_position + self.n_rows * self.length)

    def split(self, n_rows: int) -> Iterator["Bucket"]:
        """The same rows in parts of n_rows each, the last one of what is left.

        >>> bucket = Bucket(n_rows=5, length=4, first_position=9, first_row=2)
        >>> [(part.first_row, part.n_rows, part.first_position) for part in bucket.split(2)]
        [(2, 2, 9), (4, 2, 17), (6, 1, 25)]
        """
        for done in range(0, self.n_rows, n_rows):
            first_position = self.first_position + done * self.length
            yield Bucket(min(n_rows, self.n_rows - done), self.length, first_position, self.first_row + done)
