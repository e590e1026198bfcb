"""What every way to cut a log gives: which rows come before validation, and which before test."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nsbench.data.log.table import Table


class PartStart(Protocol):
    """Where a part of the log begins: in each user's row, all that lies before it comes first."""

    def is_before(self, table: Table, chunk: slice) -> NDArray[np.bool_]:
        """bool[n], True where a row of the chunk lies before the part.

        Args:
            table: The filtered log.
            chunk: One of `table.chunks()`, which never cut a user.
        """


@dataclass(frozen=True)
class Cut:
    """Where validation and test begin.

    Attributes:
        valid: Of validation.
        test: Of test.
        n_ties_cut: Interactions at a time that the cut goes through for all users together.
        in_time: Whether the cut is global in time, so that nothing of training is later than anything of test.
        is_given: Whether the parts came as files, so that a row's part is no matter of its order.
    """

    valid: PartStart
    test: PartStart
    n_ties_cut: int = 0
    in_time: bool = True
    is_given: bool = False

    def sizes(self, table: Table) -> tuple[int, int, int]:
        """Interactions of training, validation and test."""
        before = np.zeros(2, dtype=np.int64)
        for chunk in table.chunks():
            before += [np.count_nonzero(start.is_before(table, chunk)) for start in (self.valid, self.test)]
        return int(before[0]), int(before[1] - before[0]), int(len(table) - before[1])
