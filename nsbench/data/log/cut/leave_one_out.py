"""Each user's last interaction is test and the one before it validation, whenever that was: as many published tables have it."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from nsbench.data.log.cut.part_start import Cut
from nsbench.data.log.table import Table
from nsbench.errors import LogError

FEWEST = 3
"""Users with fewer interactions stay in training whole: one for each part has to be there."""


@final
@dataclass(frozen=True)
class LastOfUser:
    """Begins where so many of each user's interactions are left."""

    n_last: int

    def is_before(self, table: Table, chunk: slice) -> NDArray[np.bool_]:
        """All rows of users with too few are."""
        user = table.user[chunk]
        ends = np.append(np.flatnonzero(np.diff(user)) + 1, len(user))
        lengths = np.diff(ends, prepend=0)
        n_left = np.repeat(ends, lengths) - np.arange(len(user))  # 1 for a user's last row
        return np.asarray((n_left > self.n_last) | (np.repeat(lengths, lengths) < FEWEST))


def leave_one_out(table: Table) -> Cut:
    """The cut.

    Raises:
        LogError: No user has enough interactions.
    """
    cut = Cut(LastOfUser(2), LastOfUser(1), in_time=False)
    if not cut.sizes(table)[2]:
        raise LogError(
            f"--split leave-one-out takes the last two interactions of users with at least {FEWEST}, and no user has so many. "
            "Use a longer log or weaker filters, or leave --split out."
        )
    return cut
