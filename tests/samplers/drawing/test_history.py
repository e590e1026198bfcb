"""Looking up what users have had."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from nsbench.samplers.drawing.history import UserHistory, pair_filter
from tests.pretend_gpu import PRETEND_GPU, pretended_gpu

CPU = torch.device("cpu")
STRIDE = 1_000


def random_history(n_users: int, n_items_each: int) -> tuple[UserHistory, set[tuple[int, int]]]:
    """Histories of items drawn at random from 1..999, and the same as a set of (user, item)."""
    rng = np.random.default_rng(3)
    had = {(user, int(item)) for user in range(n_users) for item in rng.integers(1, STRIDE, n_items_each)}
    pairs = np.sort(np.array([user * STRIDE + item for user, item in had], dtype=np.int64))
    offsets = torch.from_numpy(np.searchsorted(pairs, np.arange(n_users + 1) * STRIDE))
    guarded = torch.from_numpy(np.append(pairs, np.iinfo(np.int64).max))
    return UserHistory(guarded, offsets, STRIDE, pair_filter(pairs, n_users * STRIDE, CPU)), had


@pytest.mark.parametrize(("n_items_each", "is_exact"), [(200, True), (2, False)], ids=["a bit a pair", "hashed"])
def test_every_pair_is_told_right(n_items_each: int, is_exact: bool) -> None:
    """50 x 1,000 pairs: 64 bits for each of 100 that were had aren't as many, for each of some 9,000 they are."""
    history, had = random_history(50, n_items_each)
    assert history.seen.is_exact is is_exact
    users, items = torch.arange(50)[:, None], torch.arange(1, STRIDE)
    found = history.contains(users, items)
    assert {(u, i + 1) for u, i in found.nonzero().tolist()} == had


@pytest.mark.parametrize("n_items_each", [200, 2], ids=["a bit a pair", "hashed"])
def test_a_gpu_tells_every_pair_right_without_waiting(n_items_each: int) -> None:
    """Each user's own items, and rows that two replicas' groups of two and of one share."""
    history, had = random_history(50, n_items_each)
    with pretended_gpu() as started:
        there = UserHistory(
            history.pairs.to(PRETEND_GPU),
            history.offsets.to(PRETEND_GPU),
            STRIDE,
            replace(history.seen, bits=history.seen.bits.to(PRETEND_GPU)),
        )
        users, items = torch.arange(6, device=PRETEND_GPU), torch.arange(1, STRIDE, device=PRETEND_GPU)
        rows = torch.stack([items, items.flip(0), items.roll(1), items.roll(2)])
        with started.without_waiting():
            each, shared = there.contains(users[:, None], items), there.shared(users, rows, 2, n_replicas=2)
        each, shared, rows = each.cpu(), shared.cpu(), rows.cpu()
    assert {(u, i + 1) for u, i in each.nonzero().tolist()} == {(u, i) for u, i in had if u < 6}
    for user, row in enumerate([0, 0, 1, 2, 2, 3]):
        assert shared[user].tolist() == [(user, item) in had for item in rows[row].tolist()]


def test_a_hashed_filter_lets_few_others_through() -> None:
    """At most one in 64 of the 49,900 others, but for luck."""
    history, had = random_history(50, 2)
    others = torch.tensor([u * STRIDE + i for u in range(50) for i in range(1, STRIDE) if (u, i) not in had])
    assert history.seen.may_hold(others).float().mean() < 1 / 50


def test_nobody_who_has_had_nothing_has_had_anything() -> None:
    nothing = UserHistory(
        torch.tensor([2**63 - 1]),
        torch.zeros(4, dtype=torch.int64),
        STRIDE,
        pair_filter(np.empty(0, dtype=np.int64), 3 * STRIDE, CPU),
    )
    assert not nothing.contains(torch.arange(3)[:, None], torch.arange(1, STRIDE)).any()


@pytest.mark.parametrize("users_per_row", [1, 4, 50])
@pytest.mark.parametrize("n_items_each", [2, 8, 400], ids=["few were had", "some", "many"])
def test_items_that_users_share_are_told_right_for_each(n_items_each: int, users_per_row: int) -> None:
    """50 users, so that the last four of them are two; rows of 300 items, some of them twice, half of them had by somebody.

    So few of the thousand items that the filter is no table, but with 400 each.
    """
    history, had = random_history(50, n_items_each)
    rng = np.random.default_rng(1)
    popular = sorted({item for _, item in had})
    row_numbers = range(-(-50 // users_per_row))
    rows = [np.concatenate([rng.choice(popular, 150), rng.integers(1, STRIDE, 150)]) for _ in row_numbers]
    item_ids = torch.from_numpy(np.stack(rows))
    users = torch.from_numpy(rng.permutation(50))
    found = history.shared(users, item_ids, users_per_row)
    assert found.any()
    for place, user in enumerate(users.tolist()):
        row = item_ids[place // users_per_row].tolist()
        assert found[place].tolist() == [(user, item) in had for item in row]


@pytest.mark.parametrize("place", ["cpu", "gpu"])
def test_counts_are_summed_over_the_histories_of_the_users_asked_for(place: str) -> None:
    """User 7 twice; a user without a history has a sum of 0."""
    history, had = random_history(50, 4)
    last = len(history.pairs) - 1
    history = replace(history, offsets=torch.cat([history.offsets, torch.tensor([last])]))
    counts, users = torch.arange(STRIDE) ** 2, [7, 50, 3, 7]
    with pretended_gpu():
        device = CPU if place == "cpu" else PRETEND_GPU
        on_device = replace(history, pairs=history.pairs.to(device), offsets=history.offsets.to(device))
        found = on_device.total(torch.tensor(users).to(device), counts.to(device)).cpu()
    assert found.tolist() == [sum(item**2 for user, item in had if user == wanted) for wanted in users]
