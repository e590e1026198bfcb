"""Which interactions of a log are kept: sessions, repeats, duplicates, and the fewest interactions of users and items.

The order is that of Hidasi and Czapp (RecSys 2023), the paper's likely recipe: cut sessions, drop repeats, then leave rare
users and items out until nothing changes.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nsbench.data.log.columns.timestamp import MICROSECONDS
from nsbench.data.log.option_value import Repeats
from nsbench.data.log.table import Table
from nsbench.tensors.radix_sort import stable_order


@dataclass(frozen=True)
class RareRows:
    """How many interactions went with rare users and how many with rare items, each counted with what goes first."""

    of_users: int
    of_items: int


def cut_sessions(table: Table, gap_s: int) -> tuple[Table, NDArray[np.int32]]:
    """Makes every session a user: a session ends where the next interaction comes more than `gap_s` seconds later.

    Returns:
        The table with sessions numbered from 0 in its `user` column, and int32[n_sessions], the user code of each session.
    """
    session_users: list[NDArray[np.int32]] = []
    n_sessions = 0
    for chunk in table.chunks():
        user, timestamp_us = table.user[chunk], table.timestamp_us[chunk]
        begins = np.ones(len(user), dtype=bool)
        begins[1:] = (user[1:] != user[:-1]) | (np.diff(timestamp_us) > gap_s * MICROSECONDS)
        session_users.append(user[begins].copy())
        table.user[chunk] = n_sessions - 1 + np.cumsum(begins)
        n_sessions += len(session_users[-1])
    return replace(table, n_users=n_sessions), np.concatenate(session_users)


def drop_repeats(table: Table, repeats: Repeats) -> Table:
    """Leaves repeats out as `repeats` says."""
    if repeats == "keep":
        return table
    return table.keep(lambda chunk: ~(repeats_of if repeats == "drop" else _immediate_repeats)(table, chunk))


def repeats_of(table: Table, chunk: slice) -> NDArray[np.bool_]:
    """bool[n], True where the user of a row had its item in an earlier row."""
    return _later_equals(table.item[chunk], table.user[chunk])


def _immediate_repeats(table: Table, chunk: slice) -> NDArray[np.bool_]:
    user, item = table.user[chunk], table.item[chunk]
    repeated = np.zeros(len(user), dtype=bool)
    repeated[1:] = (user[1:] == user[:-1]) & (item[1:] == item[:-1])
    return repeated


def duplicates_of(table: Table, chunk: slice) -> NDArray[np.bool_]:
    """bool[n], True where an earlier row of the log has the same user, item and time."""
    user, timestamp_us = table.user[chunk], table.timestamp_us[chunk]
    tied = (user[1:] == user[:-1]) & (timestamp_us[1:] == timestamp_us[:-1])
    duplicate = np.zeros(len(user), dtype=bool)
    if not tied.any():
        return duplicate
    # Only ties can hold duplicates, and most logs have few.
    places = np.flatnonzero(np.append(tied, False) | np.append(False, tied))
    tie = np.append(0, np.cumsum(~tied))[places]
    duplicate[places] = _later_equals(table.item[chunk][places], tie)
    return duplicate


def _later_equals(values: NDArray[np.integer], groups: NDArray[np.integer]) -> NDArray[np.bool_]:
    """bool[n], True where an earlier place of the same group has the same value."""
    order = stable_order(values, groups)
    values, groups = values.take(order), groups.take(order)
    later = np.zeros(len(order), dtype=bool)
    later[order[1:]] = (values[1:] == values[:-1]) & (groups[1:] == groups[:-1])
    return later


def drop_rare(table: Table, min_user_interactions: int, min_item_interactions: int) -> tuple[Table, RareRows]:
    """Leaves users and items with fewer interactions out, again and again until nothing changes."""
    if min_user_interactions <= 1 and min_item_interactions <= 1:
        return table, RareRows(0, 0)
    users, items = np.ones(table.n_users, dtype=bool), np.ones(table.n_items, dtype=bool)
    of_users = 0
    while True:
        user_counts, item_counts = _counts(table, users, items)
        rare_users = users & (user_counts < min_user_interactions)
        rare_items = items & (item_counts < min_item_interactions)
        if not rare_users.any() and not rare_items.any():
            break
        of_users += int(user_counts[rare_users].sum())
        users &= ~rare_users
        items &= ~rare_items
    if users.all() and items.all():
        return table, RareRows(0, 0)
    n_rows = len(table)
    kept = table.keep(lambda chunk: users[table.user[chunk]] & items[table.item[chunk]])
    return kept, RareRows(of_users, n_rows - of_users - len(kept))


def _counts(
    table: Table, users: NDArray[np.bool_], items: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Interactions of every user and item, between users and items that are still in."""
    user_counts, item_counts = np.zeros(len(users), dtype=np.int64), np.zeros(len(items), dtype=np.int64)
    for chunk in table.chunks():
        user, item = table.user[chunk], table.item[chunk]
        alive = users[user] & items[item]
        item_counts += np.bincount(item[alive], minlength=len(items))
        counts = np.bincount(user[alive] - user[0])
        user_counts[user[0] : user[0] + len(counts)] += counts
    return user_counts, item_counts
