"""Logs of a given size and length, made in memory: only their shape matters for speed, so items are drawn independently."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsbench.data.dataset import Dataset, DatasetCard
from nsbench.data.origin import FrameOrigin


@dataclass(frozen=True)
class Workload:
    """The shape of a log.

    Attributes:
        name: What the bench calls it.
        n_users: Users.
        n_items: Items.
        mean_length: Mean number of interactions of a user; lengths are geometric, as in real logs.
        max_length: Items of the history that the model sees.
        hidden_dim: Width of the model that is trained on it.
        shows_padding: Whether the same code with padding computed is measured beside.
        shows_catalogue: Whether small and large catalogues are measured beside.
        shows_replicas: Whether several models side by side are measured beside.
        shows_losses: Whether the other losses and exact cross-entropy are measured beside.
        has_plain: Whether the plain step is measured beside; it keeps two more tables.
    """

    name: str
    n_users: int
    n_items: int
    mean_length: int
    max_length: int
    hidden_dim: int = 50
    shows_padding: bool = False
    shows_catalogue: bool = False
    shows_replicas: bool = False
    shows_losses: bool = False
    has_plain: bool = True


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload(
            "dense", 6_000, 3_500, 95, max_length=50, shows_catalogue=True, shows_replicas=True, shows_losses=True
        ),
        Workload("sparse", 60_000, 60_000, 9, 50, shows_padding=True, shows_catalogue=True, shows_replicas=True),
        Workload("large", n_users=20_000, n_items=1_000_000, mean_length=20, max_length=50),
        Workload("huge", 20_000, 10_000_000, mean_length=20, max_length=50, hidden_dim=64, has_plain=False),
    )
}
"""The logs that the bench measures on: like ml_1m_pos4, like Amazon Beauty, a catalogue of a million, one of ten million."""

DEFAULT_WORKLOADS = ("dense", "sparse", "large")
"""What is measured unless told otherwise; `huge` takes 16 GB and is measured without the plain step, which takes more."""


def dataset_of(workload: Workload, seed: int = 0) -> Dataset:
    """A dataset of that shape: each user's last interaction is the test's, the one before the validation's."""
    rng = np.random.default_rng(seed)
    lengths = 3 + rng.geometric(1 / max(workload.mean_length - 3, 1), workload.n_users)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    drawn = _zipf(rng, workload.n_items, int(offsets[-1]))
    train_end = offsets[1:] - 2
    is_train = np.ones(len(drawn), dtype=bool)
    is_train[offsets[1:] - 1] = is_train[offsets[1:] - 2] = False
    counts = np.bincount(drawn[is_train], minlength=workload.n_items + 1)
    order = np.argsort(-counts[1:], kind="stable") + 1
    number = np.zeros(workload.n_items + 1, dtype=np.int32)
    number[order] = np.arange(1, workload.n_items + 1)
    counts = np.concatenate([[0], counts[order]]).astype(np.int64)
    card = DatasetCard(
        name=workload.name,
        content_hash=f"bench-{workload.name}-{seed}",
        origin=FrameOrigin(what="nsbench bench"),
        options={},
        n_users=workload.n_users,
        n_items=workload.n_items,
        n_interactions=len(drawn),
        n_train=int(is_train.sum()),
        n_valid=workload.n_users,
        n_test=workload.n_users,
        valid_from=0,
        test_from=0,
        first_time=0,
        last_time=0,
        n_ties=0,
        n_ties_cut=0,
        n_new_test_users=0,
        n_cold_test_items=0,
        n_cold_items=int((counts[1:] == 0).sum()),
        repeat_share=0,
        seen_items="keep",
    )
    times = np.zeros(len(drawn), dtype=np.int64)
    return Dataset(card, number[drawn], times, offsets, train_end, offsets[1:] - 1, counts, counts)


def _zipf(rng: np.random.Generator, n_items: int, size: int) -> NDArray[np.int64]:
    """int64[size], item j drawn with probability proportional to 1 / (j + 10)."""
    cumulative = np.cumsum(1 / (np.arange(n_items) + 10.0))
    places: NDArray[np.int64] = np.searchsorted(cumulative, rng.random(size) * cumulative[-1])
    return places + 1
