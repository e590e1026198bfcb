"""Visits, repeats, duplicates, and rare users and items."""

import numpy as np
import pytest

from nsbench.data.log import table as table_module
from nsbench.data.log.filter import RareRows, cut_sessions, drop_rare, drop_repeats, duplicates_of
from tests.data.interaction import contents, table_of

A, B, C = 0, 1, 2


def test_a_visit_ends_after_a_longer_gap_only() -> None:
    """User 0 pauses exactly 10 s (no cut), then 11 s (a cut); user 1 begins a visit of its own: 3 visits."""
    table, visitors = cut_sessions(table_of([(0, A, 0), (0, B, 10), (0, C, 21), (1, A, 21)]), 10)
    assert table.user.tolist() == [0, 0, 1, 2]
    assert visitors.tolist() == [0, 0, 1]
    assert table.n_users == 3


def test_dropping_repeats_keeps_a_users_first_interaction_with_an_item() -> None:
    table = table_of([(0, A, 0), (0, B, 1), (0, A, 2), (1, A, 3), (1, A, 4)])
    assert contents(drop_repeats(table, "drop")) == [(0, A, 0), (0, B, 1), (1, A, 3)]


def test_dropping_immediate_repeats_keeps_an_item_that_comes_back() -> None:
    """A A B A of one user becomes A B A; the next user's A is no repeat of it."""
    table = table_of([(0, A, 0), (0, A, 1), (0, B, 2), (0, A, 3), (1, A, 4)])
    assert contents(drop_repeats(table, "drop-immediate")) == [(0, A, 0), (0, B, 2), (0, A, 3), (1, A, 4)]


def test_a_duplicate_has_user_item_and_time_of_an_earlier_row() -> None:
    """Rows 0 and 2 are alike; row 1 lies between them with another item; row 3 is later, row 4 another user's."""
    table = table_of([(0, A, 5), (0, B, 5), (0, A, 5), (0, A, 6), (1, A, 5)])
    assert table.row[duplicates_of(table, slice(0, 5))].tolist() == [2]


def test_rare_users_and_items_go_until_nothing_changes() -> None:
    """At least 2 each. Item C has one interaction and goes; then user 2 has one left and goes; then B has one and goes;
    then user 1 has one and goes; user 0 with A twice stays, since A keeps 2.
    """
    table = table_of([(0, A, 0), (0, A, 1), (1, A, 2), (1, B, 3), (2, B, 4), (2, C, 5)])
    kept, rare = drop_rare(table, 2, 2)
    assert contents(kept) == [(0, A, 0), (0, A, 1)]
    assert rare == RareRows(of_users=2, of_items=2)


def test_rows_left_out_are_counted_with_what_goes_first() -> None:
    """User 2 has one row and goes with it; B then has one row, of user 0, who keeps two."""
    table = table_of([(0, A, 0), (0, A, 1), (0, B, 2), (1, A, 3), (1, A, 4), (2, B, 5)])
    kept, rare = drop_rare(table, 2, 2)
    assert contents(kept) == [(0, A, 0), (0, A, 1), (1, A, 3), (1, A, 4)]
    assert rare == RareRows(of_users=1, of_items=1)


def test_filters_can_leave_nothing() -> None:
    assert contents(drop_rare(table_of([(0, A, 0), (1, B, 1)]), 2, 1)[0]) == []


@pytest.mark.parametrize("chunk_rows", [1, 2, 3, 1000])
def test_chunks_never_cut_a_user_and_do_not_change_the_result(chunk_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "CHUNK_ROWS", chunk_rows)
    table = table_of([(u, i % 3, 10 * u + i) for u in range(4) for i in range(1 + 2 * u)])
    for chunk in table.chunks():
        assert chunk.start == 0 or table.user[chunk.start - 1] != table.user[chunk.start]
    assert sum(chunk.stop - chunk.start for chunk in table.chunks()) == 16
    kept, _ = drop_rare(drop_repeats(table, "drop"), 2, 4)
    # Users have 1, 3, 3, 3 different items; user 0 goes (1 item); items 0, 1, 2 then have 3 users each: none has 4.
    assert len(kept) == 0
    assert np.array_equal(kept.user, [])
