"""In which order a user's rows stand: by the part that a file is of, then by time, and then as equal times are ordered.

Which of two interactions of one second came first is often unknown, as where a log has whole days: the order of its rows is one
guess, and another one moves results.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsbench.data.log.option_value import TieOrder
from nsbench.seeding import derive_seed
from nsbench.tensors.radix_sort import stable_order

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)))


@dataclass(frozen=True)
class RowOrder:
    """The order of a user's rows.

    Attributes:
        ties: How equal times are ordered. log: as the rows stand in the log; random: by a number that is drawn for each row;
            by-user-order: in the direction in which the user's rows stand, backwards where their times mostly fall down the log.
        seed: Of the random order.
        part_starts: The first row of each part but the first, where files of their own are the parts.
    """

    ties: TieOrder = "log"
    seed: int = 0
    part_starts: tuple[int, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether rows stand in order of time, and equal times in the log's."""
        return self.ties == "log" and not self.part_starts

    def order(
        self, user: NDArray[np.int32], timestamp_us: NDArray[np.int64], row: NDArray[np.uint32]
    ) -> NDArray[np.intp]:
        """int[n], the row at each place.

        Args:
            user: Of rows that are in the log's order.
            timestamp_us: Their times.
            row: Their numbers in the log.

        Two users' rows with times 5 5 and 7 7; the second one's rows come from a log that goes backwards:
        >>> user, time = np.array([0, 0, 1, 1, 1], np.int32), np.array([5, 5, 7, 7, 3])
        >>> RowOrder("by-user-order").order(user, time, np.arange(5, dtype=np.uint32)).tolist()
        [0, 1, 4, 3, 2]
        """
        part = self.parts_of(row)
        match self.ties:
            case "random":
                tie: NDArray[np.integer] = _drawn(row, self.seed)
            case "by-user-order":
                tie = np.where(_backwards(user, part, timestamp_us), -row.astype(np.int64), row)
            case "log":
                tie = row
        return stable_order(tie, timestamp_us, part, user)

    def parts_of(self, row: NDArray[np.uint32]) -> NDArray[np.int8]:
        """int8[n], the part of each row, from 0."""
        return np.searchsorted(np.array(self.part_starts, dtype=np.int64), row, side="right").astype(np.int8)


def _backwards(user: NDArray[np.int32], part: NDArray[np.int8], timestamp_us: NDArray[np.int64]) -> NDArray[np.bool_]:
    """bool[n], whether the times of a row's user fall more often than they rise from one row to the next."""
    order = stable_order(part, user)
    groups = np.zeros(len(user), dtype=np.int64)
    begins = np.append(True, (np.diff(user[order]) != 0) | (np.diff(part[order]) != 0))
    groups[order] = np.cumsum(begins) - 1
    steps = np.where(begins, 0, np.sign(np.diff(timestamp_us[order], prepend=0)))
    return np.asarray(np.bincount(groups[order], weights=steps)[groups] < 0)


def _drawn(row: NDArray[np.uint32], seed: int) -> NDArray[np.uint32]:
    """A number for each row that depends on nothing but the row and the seed, so that no chunk matters.

    Source: splitmix64, Steele et al., "Fast splittable pseudorandom number generators", OOPSLA 2014.
    """
    state = (row.astype(np.uint64) + np.uint64(1)) * _GOLDEN + np.uint64(derive_seed(seed, "equal times"))
    for shift, factor in _MIX:
        state = (state ^ (state >> shift)) * factor
    return ((state ^ (state >> np.uint64(31))) >> np.uint64(32)).astype(np.uint32)
