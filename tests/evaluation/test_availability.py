"""Items that are not there at a target's time are none of its candidates, on a catalogue of a handful of items."""

from dataclasses import replace

import numpy as np
import pytest

from nsbench.data.beside.availability import ALWAYS_FROM, ALWAYS_UNTIL, Availability
from nsbench.data.dataset import Dataset
from nsbench.evaluation import candidate
from nsbench.evaluation.lists.exposure import exposure_of
from nsbench.evaluation.ranking import rank_targets
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.targets.target import targets_of
from tests.builder import dataset_of
from tests.evaluation.scorer_builder import WrittenScorer

LOG = dataset_of(train=[[1, 2, 3, 4, 5], [1]], test=[[5, 5], [4, 5]])
"""Training at times 0 to 5; test at 6 and 7 (user 0), 8 and 9 (user 1)."""

SCORER = WrittenScorer([[5, 4, 3, 2, 1]])
KEEP = EvaluationSettings(seen_items="keep")


def dated(first: dict[int, int], last: dict[int, int], log: Dataset = LOG) -> Dataset:
    """The log with dates of some items."""
    begins, ends = np.full(log.n_items + 1, ALWAYS_FROM), np.full(log.n_items + 1, ALWAYS_UNTIL)
    for item, time in first.items():
        begins[item] = time
    for item, time in last.items():
        ends[item] = time
    return replace(log, availability=Availability(begins, ends))


def ranks(log: Dataset, settings: EvaluationSettings = KEEP) -> list[float]:
    return rank_targets(SCORER, log, targets_of(log, "test", settings.targets), settings).ranks.tolist()


@pytest.mark.parametrize("stretch", [1, 2, 5])
def test_only_what_is_there_at_a_targets_time_is_counted(stretch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without dates ranks are 5 5 4 5. Item 1 comes at 8, and so is no candidate of the first two; item 2 goes after 8, and
    is none of the last; item 3 came at 6, when it is one.
    """
    monkeypatch.setattr(candidate, "MIN_ROWS", 4)
    monkeypatch.setattr(candidate, "HOST_BLOCK_BYTES", 16 * stretch)
    assert ranks(LOG) == [5, 5, 4, 5]
    assert ranks(dated({1: 8, 3: 6}, {2: 8})) == [4, 4, 4, 4]


def test_what_is_there_all_the_time_or_never_is_counted_so() -> None:
    """Item 1 is gone before the test, item 2 comes after it, item 3 was there before."""
    assert ranks(dated({2: 100, 3: 2}, {1: 5})) == [3, 3, 2, 3]


def test_an_item_that_is_not_there_never_ties() -> None:
    """All scores are equal: of five places the middle is 3, of four 2.5."""
    log, alike = dated({1: 8}, {}), WrittenScorer([[1, 1, 1, 1, 1]])
    assert rank_targets(alike, log, targets_of(log, "test", "rolling"), KEEP).ranks.tolist() == [2.5, 2.5, 3, 3]


def test_a_cold_item_is_a_candidate_from_its_first_interaction_on() -> None:
    """Item 3 is first chosen at 5, in the test, by user 1; user 0's target comes at 4. Cold items count as tail."""
    log = dataset_of(train=[[1, 2], [1]], valid=[[], []], test=[[2], [2, 3]], n_items=3)
    settings = EvaluationSettings(seen_items="keep", cold_items="tail")
    scorer = WrittenScorer([[1, 2, 3]])
    found = dated({1: 0, 2: 1, 3: 5}, {}, log)
    targets = targets_of(found, "test", "rolling")
    assert targets.times is not None
    assert targets.times.tolist() == [3, 4, 5]
    assert rank_targets(scorer, found, targets, settings).ranks.tolist() == [1, 1, 1]
    assert rank_targets(scorer, log, targets_of(log, "test", "rolling"), settings).ranks.tolist() == [2, 2, 1]


def test_frozen_targets_go_by_their_own_time() -> None:
    assert ranks(dated({1: 7}, {}), EvaluationSettings(seen_items="keep", targets="frozen")) == [4, 5, 4, 5]


def test_lists_hold_what_is_there() -> None:
    """Lists of one at 6, 7, 8 and 9: item 1 until 7, item 2 until 8, item 3 after that."""
    log = dated({}, {1: 7, 2: 8})
    found = exposure_of(SCORER, log, targets_of(log, "test", "rolling"), KEEP, 1)
    assert found.tolist() == [0, 2, 1, 1, 0, 0]


def test_times_are_kept_only_where_items_have_dates() -> None:
    assert targets_of(LOG, "test", "rolling").times is None
