"""A log for sampler tests: a skewed catalogue of 24 items, users of equal length, so that every batch has as many targets."""

import numpy as np
import torch

from nsbench.batching.batch import BatchSampler, UserBatch
from nsbench.batching.window import windows_of
from nsbench.data.dataset import Dataset
from nsbench.samplers.context import SamplerContext
from nsbench.samplers.drawing.history import history_of
from nsbench.samplers.drawing.stream import Streams
from nsbench.samplers.sampler import Sampler
from tests.builder import dataset_of, with_negatives

N_ITEMS = 24
MAX_LENGTH = 6
USERS_PER_GROUP = 3
BATCH_SIZE = 64
"""Users of a step, at most."""
CPU = torch.device("cpu")


def skewed_log(n_users: int = 40, length: int = 7) -> Dataset:
    """Users with distinct items, drawn so that low ids are frequent; every item occurs; two cold items in the test part.

    Every user but the first has turned down some items, most of them none of the user's own, and one after training.
    """
    rng = np.random.default_rng(5)
    weights = 1 / np.arange(1, N_ITEMS + 1)
    rows = [list(rng.choice(N_ITEMS, length, replace=False, p=weights / weights.sum()) + 1) for _ in range(n_users)]
    for item in range(1, N_ITEMS + 1):
        if all(item not in row for row in rows):
            rows[item % n_users][0] = item
    counts = np.bincount(np.concatenate(rows), minlength=N_ITEMS + 1)[1:]
    renumbered = np.empty(N_ITEMS + 1, dtype=int)
    renumbered[np.argsort(-counts, kind="stable") + 1] = np.arange(1, N_ITEMS + 1)
    rows = [[int(renumbered[item]) for item in row] for row in rows]
    turned_down = [[]] + [sorted(rng.choice(N_ITEMS, 6, replace=False) + 1) for _ in rows[1:]]
    later = [[]] + [[int(rng.integers(1, N_ITEMS + 1))] for _ in rows[1:]]
    log = dataset_of(rows, test=[[N_ITEMS + 1], [N_ITEMS + 2]], n_items=N_ITEMS + 2)
    return with_negatives(log, turned_down, later)


def context_of(dataset: Dataset, device: torch.device = CPU) -> SamplerContext:
    """What samplers know of the log."""
    return SamplerContext(
        dataset,
        windows_of(dataset, MAX_LENGTH),
        history_of(dataset, device),
        history_of(dataset, device, last_targets=MAX_LENGTH),
        BATCH_SIZE,
        USERS_PER_GROUP,
        dataset.n_candidates,
        device,
    )


def streams_of(sampler: Sampler, *seeds: int) -> Streams:
    """The streams of replicas that have not taken a step."""
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    return Streams(*generators, states=[sampler.initial_state() for _ in seeds])


def batches_of(dataset: Dataset, batch_size: int, seed: int = 0) -> list[UserBatch]:
    """The batches of one pass."""
    source = BatchSampler(dataset, windows_of(dataset, MAX_LENGTH), batch_size, CPU)
    return list(source.epoch(np.random.default_rng(seed)))
