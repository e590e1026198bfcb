"""Training, validation and test that come as files of their own: no row is moved from one to another.

A part is a stretch of rows, since the files are read one after the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import final

import numpy as np
from numpy.typing import NDArray

from nsbench.data.log.cut.part_start import Cut, PartStart
from nsbench.data.log.cut.row_order import RowOrder
from nsbench.data.log.cut.split import Boundary, kth_smallest
from nsbench.data.log.option_value import Duplicates, PartName
from nsbench.data.log.table import Table
from nsbench.errors import LogError


@dataclass(frozen=True)
class OwnParts:
    """The files of a log that came cut.

    Attributes:
        names: The parts that have a file: train, perhaps valid, test.
        n_rows: The rows of each file.
    """

    names: tuple[PartName, ...]
    n_rows: tuple[int, ...]

    @classmethod
    def of(cls, names: tuple[PartName, ...], file_rows: tuple[int, ...]) -> "OwnParts":
        """The files, of which the last ones may have given no row."""
        return cls(names, file_rows + (0,) * (len(names) - len(file_rows)))

    @property
    def starts(self) -> tuple[int, ...]:
        """The first row of each part but the first."""
        return tuple(accumulate(self.n_rows[:-1]))


@final
@dataclass(frozen=True)
class FromRow:
    """Begins at a row of the log; in training, at a time of it already, if there is one."""

    row: int
    in_training: PartStart | None = None

    def is_before(self, table: Table, chunk: slice) -> NDArray[np.bool_]:
        """What comes from earlier files is."""
        before = np.asarray(table.row[chunk] < self.row)
        return before if self.in_training is None else before & self.in_training.is_before(table, chunk)


def cut_as_given(table: Table, parts: OwnParts, valid_share: float) -> Cut:
    """The cut between the files.

    Args:
        table: In the order of `RowOrder` with these parts.
        parts: The files.
        valid_share: Share of the training file's interactions, the last ones in time, that is for validation where no file is.

    Raises:
        LogError: A part holds nothing.
    """
    if "valid" in parts.names:
        first, second = parts.starts
        cut = Cut(FromRow(first), FromRow(second), in_time=False, is_given=True)
    else:
        (test,) = parts.starts
        cut = Cut(FromRow(test, _last_share(table, test, valid_share)), FromRow(test), in_time=False, is_given=True)
    sizes = dict(zip(("train", "valid", "test"), cut.sizes(table), strict=True))
    empty = next((name for name, size in sizes.items() if not size), None)
    if empty == "valid" and "valid" not in parts.names:
        raise LogError(
            f"--valid-share {valid_share:g} of the {sizes['train']:,} interactions of --train leaves no time for validation. Use "
            "a larger share, or give --valid a file."
        )
    if empty is not None:
        raise LogError(f"--{empty}: nothing is left of that file, and no part may be empty. Give another file.")
    return cut


def _last_share(table: Table, end: int, share: float) -> Boundary | None:
    """The start of a second from which on nearly that share of the rows before `end` come; None where there are no such rows."""

    def times() -> Iterator[NDArray[np.int64]]:
        return (table.timestamp_us[chunk][table.row[chunk] < end] for chunk in table.chunks())

    n_rows = sum(map(len, times()))
    if not n_rows:
        return None
    n_before = min(n_rows - round(n_rows * share), n_rows - 1)
    second = kth_smallest(times, [n_before])[0].value // table.tick
    starts = [place * table.tick for place in (second, second + 1)]
    counts = [sum(int(np.count_nonzero(part < start)) for part in times()) for start in starts]
    takes_first = counts[1] == n_rows or (counts[0] > 0 and n_before - counts[0] <= counts[1] - n_before)
    return Boundary(starts[0] if takes_first else starts[1])


def check_overlap(table: Table, order: RowOrder, parts: OwnParts, duplicates: Duplicates) -> None:
    """Refuses rows that stand in two parts: what was trained on can't be tested.

    Raises:
        LogError: There are some, and they are not to be kept.
    """
    if duplicates == "keep":
        return
    n_both, first = 0, list[str]()
    for chunk in table.chunks():
        user, item, timestamp_us = table.user[chunk], table.item[chunk], table.timestamp_us[chunk]
        part = order.parts_of(table.row[chunk])
        order_of = np.lexsort((part, item, timestamp_us, user))
        columns = [column[order_of] for column in (user, item, timestamp_us, part)]
        same = np.logical_and.reduce([column[1:] == column[:-1] for column in columns[:3]])
        both = same & (columns[3][1:] != columns[3][:-1])
        n_both += int(np.count_nonzero(both))
        if not first and both.any():
            place = int(np.flatnonzero(both)[0])
            rows = table.row[chunk][order_of]
            first = [_place(int(rows[at]), parts) for at in (place, place + 1)]
    if first:
        raise LogError(
            f"{n_both:,} rows stand in two of the files, with the same user, item and time: the first is row {first[0]} and row "
            f"{first[1]}. What a part holds, no other may: take the rows out of one of them, or keep them with --duplicates keep."
        )


def _place(row: int, parts: OwnParts) -> str:
    """A row of the log, counted from 1 in its file, without a header."""
    starts = (0, *parts.starts)
    part = int(np.searchsorted(starts, row, side="right")) - 1
    return f"{row - starts[part] + 1:,} of --{parts.names[part]}"
