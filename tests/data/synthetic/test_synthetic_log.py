"""Lengths, times and repeats of synthetic logs, and that they are the same every time."""

import numpy as np
import pytest

from nsbench.data.cohort import cohorts_of
from nsbench.data.synthetic.markov_chain import draw_chain
from nsbench.data.synthetic.shapes import DAY_S, SHAPES, Likeness
from nsbench.data.synthetic.synthetic_log import LogChunk, draw_log
from nsbench.terms import Cohort


def log_like(like: Likeness, n_users: int, n_items: int, n_interactions: int, seed: int = 0) -> LogChunk:
    chain = draw_chain(SHAPES[like], n_items, 1.0, np.random.default_rng(seed))
    chunks = list(draw_log(chain, SHAPES[like], n_users, n_interactions, seed))
    return LogChunk(*(np.concatenate([getattr(c, part) for c in chunks]) for part in ("users", "items", "times")))


def test_the_same_seed_gives_the_same_log_and_another_seed_another_one() -> None:
    first, again, other = (log_like("demo", 300, 400, 9_000, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.items, again.items)
    assert np.array_equal(first.times, again.times)
    assert not np.array_equal(first.items[:1_000], other.items[:1_000])


def test_chunks_don_t_depend_on_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawn up to its first chunk only, a log begins as it does when it is drawn whole."""
    monkeypatch.setattr("nsbench.data.synthetic.synthetic_log.INTERACTIONS_PER_CHUNK", 1_000)
    chain = draw_chain(SHAPES["demo"], 400, 1.0, np.random.default_rng(0))
    first = next(draw_log(chain, SHAPES["demo"], 300, 9_000, 0))
    whole = list(draw_log(chain, SHAPES["demo"], 300, 9_000, 0))
    assert len(whole) == 10
    assert np.array_equal(first.items, whole[0].items)
    assert [int(chunk.users[0]) for chunk in whole] == list(range(0, 300, 33))


@pytest.mark.parametrize(
    ("like", "n_users", "n_items", "n_interactions"),
    [
        ("demo", 3_000, 1_200, 120_000),
        ("amazon-beauty", 4_000, 3_000, 35_500),
        ("retailrocket", 4_000, 3_000, 21_700),
    ],
)
def test_a_log_has_about_the_interactions_asked_for(
    like: Likeness, n_users: int, n_items: int, n_interactions: int
) -> None:
    log = log_like(like, n_users, n_items, n_interactions)
    assert len(np.unique(log.users)) == n_users
    assert len(log.items) == pytest.approx(n_interactions, rel=0.05)
    assert 0 <= log.items.min() <= log.items.max() < n_items


@pytest.mark.parametrize(("like", "median"), [("ml-10m", 69), ("amazon-beauty", 6), ("retailrocket", 4)])
def test_users_are_as_long_as_in_the_dataset(like: Likeness, median: int) -> None:
    """Source: MovieLens-10M's users; Beauty's 5-core; RetailRocket's visits of at least 3 views."""
    shape = SHAPES[like]
    n_users = 1_500
    log = log_like(like, n_users, 10_200, round(n_users * shape.n_interactions / shape.n_users))
    lengths = np.bincount(log.users)
    assert lengths.min() >= shape.shortest
    assert np.median(lengths) == pytest.approx(median, abs=max(1, 0.1 * median))


def test_times_rise_within_a_user_and_users_are_interleaved() -> None:
    log = log_like("demo", 300, 400, 9_000)
    same_user = np.diff(log.users) == 0
    assert np.all(np.diff(log.times)[same_user] >= 1)
    assert np.ptp(log.times) < 1.05 * SHAPES["demo"].span_days * DAY_S
    by_time = log.users[np.argsort(log.times)]
    assert np.count_nonzero(np.diff(by_time)) > 0.1 * len(by_time)


@pytest.mark.parametrize("like", ["demo", "amazon-beauty"])
def test_nobody_takes_an_item_twice_where_users_don_t_repeat_items(like: Likeness) -> None:
    log = log_like(like, 500, 400, 5_000)
    assert len(np.unique(log.users * 400 + log.items)) == len(log.items)


def test_visits_repeat_items_as_often_as_in_retailrocket_but_never_at_once() -> None:
    """30 % of RetailRocket's user-item pairs repeat; immediate repeats are removed in the paper's preparation."""
    log = log_like("retailrocket", 20_000, 5_000, 108_000)
    repeat_share = 1 - len(np.unique(log.users * 5_000 + log.items)) / len(log.items)
    assert repeat_share == pytest.approx(0.30, abs=0.03)
    assert not np.any((np.diff(log.items) == 0) & (np.diff(log.users) == 0))


@pytest.mark.parametrize(
    ("like", "head_share", "mid_share"),
    [
        ("ml-10m", 230 / 10_200, 700 / 10_200),
        ("amazon-beauty", 1_800 / 38_700, 7_400 / 38_700),
        ("retailrocket", 2_337 / 36_847, 7_655 / 36_847),
    ],
)
def test_the_popularity_curve_has_the_dataset_s_head_and_mid(
    like: Likeness, head_share: float, mid_share: float
) -> None:
    """The cohorts' shares of the catalogue from the paper's figure 3 and its released runs."""
    n_items = 20_000
    expected = SHAPES[like].popularity(n_items, skew=1.0) * 1e9
    cohorts = cohorts_of(np.concatenate([[0], expected.round()]).astype(np.int64))
    assert np.mean(cohorts[1:] == Cohort.HEAD) == pytest.approx(head_share, rel=0.02)
    assert np.mean(cohorts[1:] == Cohort.MID) == pytest.approx(mid_share, rel=0.02)


def test_a_greater_skew_makes_the_head_smaller() -> None:
    """Without skew each item is as popular as the next, so the head is a third of the catalogue but one item."""
    sizes = []
    for skew in (0.0, 1.0, 2.0):
        counts = np.concatenate([[0], SHAPES["ml-10m"].popularity(900, skew) * 1e9]).round().astype(np.int64)
        sizes.append(int(np.count_nonzero(cohorts_of(counts) == Cohort.HEAD)))
    assert sizes[0] in (299, 300)
    assert sizes[0] > sizes[1] > sizes[2] > 0


def test_some_items_come_on_sale_late_and_none_is_taken_before() -> None:
    chain = draw_chain(SHAPES["demo"], 400, 1.0, np.random.default_rng(0))
    (log,) = draw_log(chain, SHAPES["demo"], 2_000, 40_000, 0)
    assert np.count_nonzero(chain.available_from) == 8
    since_start = log.times - 1_577_836_800
    assert np.all(since_start >= chain.available_from[log.items])
