"""How far a split that is not global in time lets training know of what comes after the test."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nsbench.data.dataset import TimeLeak
from nsbench.data.log.cut.split import kth_smallest

USERS = 1 << 16
"""Users that are looked at at a time."""


def time_leak_in(folder: Path) -> TimeLeak:
    """What leaks, by the arrays that have just been written to a folder.

    Interactions of equal time don't count as later; the median is the lower one of an even number.
    """
    timestamps = np.load(folder / "timestamps.npy", mmap_mode="r")
    offsets, train_end, valid_end = (np.load(folder / f"{name}.npy") for name in ("offsets", "train_end", "valid_end"))
    ends = np.column_stack([train_end, valid_end, offsets[1:]])
    n_train, n_test = (int(lengths.sum()) for lengths in (train_end - offsets[:-1], offsets[1:] - valid_end))

    def blocks() -> Iterator[tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.bool_]]]:
        """Times and parts of some users' rows, and which of them begin a user's."""
        for start in range(0, len(ends), USERS):
            own = ends[start : start + USERS]
            first, last = int(offsets[start]), int(own[-1, -1])
            lengths = np.diff(own.ravel(), prepend=first)
            begins = np.zeros(last - first, dtype=bool)
            begins[offsets[start : start + len(own)] - first] = True
            parts = np.repeat(np.tile(np.arange(3, dtype=np.int8), len(own)), lengths)
            yield np.asarray(timestamps[first:last]), parts, begins

    def tested() -> Iterator[NDArray[np.int64]]:
        return (times[parts == 2] for times, parts, _ in blocks())

    earliest = kth_smallest(tested, [0])[0].value
    median = kth_smallest(tested, [(n_test - 1) // 2])[0].value
    n_later = np.zeros(2, dtype=np.int64)
    n_users = 0
    for times, parts, begins in blocks():
        training = times[parts == 0]
        n_later += [np.count_nonzero(training > moment) for moment in (earliest, median)]
        # Within a part times rise: they fall only where a later part begins earlier.
        falls = np.append(False, np.diff(times) < 0) & ~begins
        user = np.cumsum(begins)
        n_users += len(np.unique(user[falls]))
    return TimeLeak(
        after_first_test_share=float(n_later[0] / n_train),
        after_median_test_share=float(n_later[1] / n_train),
        n_users_out_of_order=n_users,
    )
