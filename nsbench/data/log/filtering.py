"""Takes a table through the filters of a preparation, one after the other, and refuses what they leave too little of."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsbench.data.dataset import LeftOut
from nsbench.data.log.filter import cut_sessions, drop_rare, drop_repeats, duplicates_of
from nsbench.data.log.filter_count import FilterCount, cause_text, counts_text
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.log.table import Table
from nsbench.errors import LogError

DUPLICATES_REFUSED_SHARE = 0.01

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Filtered:
    """What the filters left.

    Attributes:
        table: The kept rows.
        session_users: int32[n_sessions], the user code of each session where sessions are the users.
        left_out: How many rows went, by reason.
        filters: The same by option, of those that were given.
    """

    table: Table
    session_users: NDArray[np.int32] | None
    left_out: LeftOut
    filters: tuple[FilterCount, ...]


def filter_table(table: Table, options: PrepareOptions) -> Filtered:
    """Leaves rows out as the options say, in place: the old table must not be used any more.

    Raises:
        LogError: So many rows are duplicates that somebody has to say what to do with them.
    """
    session_users = None
    if options.session_gap_s is not None:
        table, session_users = cut_sessions(table, options.session_gap_s)
    n_rows = len(table)
    table = drop_repeats(table, options.repeats)
    n_distinct = len(table)
    if options.duplicates == "drop":
        kept = table
        table = kept.keep(lambda chunk: ~duplicates_of(kept, chunk))
    elif options.duplicates == "auto":
        _check_duplicates(table)
    n_single = len(table)
    table, rare = drop_rare(table, options.min_user_interactions, options.min_item_interactions)
    steps = (
        (_repeats_option(options), n_rows, n_distinct),
        ("--duplicates drop" if options.duplicates == "drop" else "", n_distinct, n_single),
        (_rare_option(options), n_single, len(table)),
    )
    left_out = LeftOut(
        n_repeats=n_rows - n_distinct,
        n_duplicates=n_distinct - n_single,
        n_of_rare_users=rare.of_users,
        n_of_rare_items=rare.of_items,
    )
    return Filtered(table, session_users, left_out, tuple(FilterCount(*step) for step in steps if step[0]))


def check_size(table: Table, filters: Sequence[FilterCount]) -> None:
    """Refuses a table that nothing can be learned from.

    Args:
        table: What is left of the log.
        filters: What the filters did so far.

    Raises:
        LogError: It has fewer than two users or items.
    """
    what = "After the filters, the log" if any(count.n_left_out for count in filters) else "The log"
    trail = f"{counts_text(filters)}{cause_text(filters)}"
    if not len(table):
        raise LogError(f"{what} holds no interaction.{trail or ' Use a longer log.'}")
    n_users = 0
    items = np.zeros(table.n_items, dtype=bool)
    for chunk in table.chunks():
        n_users += 1 + int(np.count_nonzero(np.diff(table.user[chunk])))
        items[table.item[chunk]] = True
    n_items = int(items.sum())
    if n_users < 2 or n_items < 2:
        raise LogError(
            f"{what} holds {n_users:,} user{'s' * (n_users != 1)} and {n_items:,} item{'s' * (n_items != 1)} in "
            f"{len(table):,} interactions; at least 2 users and 2 items are needed.{trail or ' Are the columns the right ones?'}"
        )


def _repeats_option(options: PrepareOptions) -> str:
    return {"keep": "", "drop": "--drop-repeats", "drop-immediate": "--drop-immediate-repeats"}[options.repeats]


def _rare_option(options: PrepareOptions) -> str:
    """Both at once: each leaves out what the other makes rare, until nothing changes."""
    fewest = (("user", options.min_user_interactions), ("item", options.min_item_interactions))
    said = " with ".join(f"--min-{what}-interactions {number}" for what, number in fewest if number > 1)
    return f"{said} (a session is a user)" if said and options.session_gap_s is not None else said


def _check_duplicates(table: Table) -> None:
    rows = [table.row[chunk][duplicates_of(table, chunk)] for chunk in table.chunks()]
    duplicates = np.concatenate([np.empty(0, dtype=np.uint32), *rows])
    if not len(duplicates):
        return
    what = f"{len(duplicates):,} rows have the user, item and time of an earlier row; the first is row {duplicates.min() + 1:,}"
    if len(duplicates) >= DUPLICATES_REFUSED_SHARE * len(table):
        raise LogError(f"{what}. Leave them out with --duplicates drop, or keep them with --duplicates keep.")
    logger.warning("%s; they are kept (--duplicates drop leaves them out)", what)
