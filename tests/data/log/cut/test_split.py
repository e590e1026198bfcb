"""Where the log is cut."""

import numpy as np
import pytest

from nsbench.data.log.cut import split as split_module
from nsbench.data.log.cut.split import Boundaries, count_cut_ties, find_boundaries, kth_smallest
from nsbench.data.log.option_value import SplitRule
from nsbench.data.log.table import Table
from nsbench.errors import LogError
from tests.data.interaction import table_of


def parts(table: Table, boundaries: Boundaries) -> list[list[int]]:
    """The log's rows in training, validation and test."""
    everything = slice(0, len(table))
    before_valid, before_test = (b.is_before(table, everything) for b in (boundaries.valid, boundaries.test))
    chosen = (before_valid, ~before_valid & before_test, ~before_test)
    return [sorted(table.row[part].tolist()) for part in chosen]


def cut(times: list[int], rule: SplitRule, valid: float = 0.2, test: float = 0.2) -> list[list[int]]:
    table = table_of([(k % 3, 0, time) for k, time in enumerate(times)])
    return parts(table, find_boundaries(table, rule, valid, test))


@pytest.mark.parametrize("rule", ["timestamp", "rows"])
def test_without_ties_both_rules_cut_the_exact_shares(rule: SplitRule) -> None:
    """10 interactions, 20 % and 20 %: the last 2 are test, the 2 before them validation."""
    assert cut(list(range(10)), rule) == [[0, 1, 2, 3, 4, 5], [6, 7], [8, 9]]


def test_rows_cut_equal_times_in_the_logs_order() -> None:
    assert cut([0, 1, 2, 3, 4, 5, 6, 7, 7, 7], "rows") == [[0, 1, 2, 3, 4, 5], [6, 7], [8, 9]]


def test_timestamps_keep_equal_times_together_at_the_nearer_side() -> None:
    """30 % of 11 are 3, so test should begin at row 8: one row of its time comes before, two do after, so it moves to 7.
    20 % of 10 are 2, row 8 again: two rows of its time come before, none after, so it moves to 9.
    """
    assert cut([0, 1, 2, 3, 4, 5, 6, 7, 7, 7, 9], "timestamp", test=0.3)[2] == [7, 8, 9, 10]
    assert cut([0, 1, 2, 3, 4, 5, 7, 7, 7, 9], "timestamp")[2] == [9]


def test_ties_that_rows_cut_are_counted_on_both_sides() -> None:
    """Rows 7, 8 and 9 share a time and the test begins at row 8: 3 interactions; by timestamp none is cut."""
    table = table_of([(0, 0, time) for time in [0, 1, 2, 3, 4, 5, 6, 7, 7, 7]])
    assert count_cut_ties(table, find_boundaries(table, "rows", 0.2, 0.2)) == 3
    assert count_cut_ties(table, find_boundaries(table, "timestamp", 0.2, 0.2)) == 0


@pytest.mark.parametrize("times", [[5] * 10, [0] * 5 + [1] * 5])
def test_too_few_different_times_are_refused(times: list[int]) -> None:
    with pytest.raises(LogError, match="too few different times.*--split-by rows"):
        cut(times, "timestamp")


def test_a_share_of_less_than_one_interaction_is_refused_by_timestamp() -> None:
    with pytest.raises(LogError, match="8 for training, 2 for validation and 0 for test"):
        cut(list(range(10)), "timestamp", test=0.01)


@pytest.mark.parametrize(
    ("n", "share", "n_wanted"),
    [(11, 0.1, 2), (10, 0.01, 1), (10, 0.1, 1), (100, 0.07, 7), (100, 0.29, 29), (50, 0.3, 15)],
)
def test_rows_round_shares_up(n: int, share: float, n_wanted: int) -> None:
    """As the paper's code: a tenth of 11 is 2. Shares that give whole numbers stay, though .07 * 100 is 7.000000000000001."""
    _, valid, test = cut(list(range(n)), "rows", share, share)
    assert test == list(range(n - n_wanted, n))
    assert valid == list(range(n - 2 * n_wanted, n - n_wanted))
    assert len(cut(list(range(11)), "timestamp", 0.1, 0.1)[2]) == 1


@pytest.mark.parametrize("bin_bits", [1, 3, 16])
def test_the_kth_smallest_is_that_of_the_sorted_values(bin_bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split_module, "BIN_BITS", bin_bits)
    values = np.random.default_rng(0).integers(-(10**15), 10**15, 50)
    values[10:14] = values[30]
    chunks = [values[:20], values[20:20], values[20:]]
    ordered = sorted(values.tolist())
    places = kth_smallest(lambda: chunks, range(50))
    assert [place.value for place in places] == ordered
    assert [place.n_smaller for place in places] == [ordered.index(value) for value in ordered]
