"""How long an epoch is."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

UserOrder = Literal["shuffled", "with_replacement"]
"""Whether an epoch is a shuffled pass over the windows, or as many draws of them."""

EpochUsers = Literal["trained", "all"]
"""Whether users without a window, of whom nothing is trained, make an epoch longer."""


def n_rows_of(window_users: NDArray[np.int64], n_users: int, epoch_users: EpochUsers) -> int:
    """Rows of an epoch.

    Args:
        window_users: int64[n_windows], the user of each window.
        n_users: Users of the log.
        epoch_users: Whether users without a window count as one window.

    With two windows of user 1 and one of user 3, of five users:
    >>> n_rows_of(np.array([1, 1, 3]), 5, "trained"), n_rows_of(np.array([1, 1, 3]), 5, "all")
    (3, 6)
    """
    n_without = n_users - len(np.unique(window_users)) if epoch_users == "all" else 0
    return len(window_users) + n_without


def n_batches_of(n_rows: int, batch_size: int, user_order: UserOrder) -> int:
    """Steps of an epoch: what is left of a shuffled pass is a smaller batch, of draws it is nothing.

    >>> n_batches_of(22_363, 128, "with_replacement"), n_batches_of(22_363, 128, "shuffled")
    (174, 175)
    """
    return n_rows // batch_size if user_order == "with_replacement" else -(-n_rows // batch_size)
