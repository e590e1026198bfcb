"""What is doubtful about a log of which only the order is known: whether its numbers order all users' interactions."""

import numpy as np

from nsbench.data.dataset import Dataset

RESTARTING_SHARE = 0.5
"""Numbers are said to begin anew with each user where as large a share of the users begin at the log's first one."""

SEPARATE_SHARE = 0.95
"""A log is said to go user by user where as large a share of the users begin after all before them have ended."""


def order_note(dataset: Dataset) -> str:
    """Why a global split by the log's order may be wrong, as a clause; empty where nothing speaks for it."""
    if not dataset.card.times_are_order or dataset.n_users < 2:
        return ""
    first, last = dataset.timestamps[dataset.offsets[:-1]], dataset.timestamps[dataset.offsets[1:] - 1]
    n_restarting = int(np.count_nonzero(first == dataset.card.first_time))
    if n_restarting >= max(RESTARTING_SHARE * dataset.n_users, 2):
        return (
            f"{n_restarting:,} of {dataset.n_users:,} users begin at the log's first number: it seems to count each user's "
            "interactions anew, and then it doesn't say what came first between users, as a global split in time needs"
        )
    turns = np.argsort(first, kind="stable")
    comes_after = first[turns][1:] >= np.maximum.accumulate(last[turns])[:-1]
    # Users of one interaction each follow one another in every order.
    if dataset.card.n_interactions > dataset.n_users and comes_after.mean() >= SEPARATE_SHARE:
        return (
            "the log goes user by user, each one's interactions together: unless that is the order of time, validation and test "
            "hold the users that happen to come last"
        )
    return ""
