"""Sampled softmax's gradient against exact cross-entropy's, as the pool grows: a corrected one tends to it, others don't.

`pytest -m slow -s tests/training/steps/test_correction.py` prints the table of errors.
"""

from collections.abc import Mapping

import numpy as np
import pytest
import torch

from nsbench.batching.batch import BatchSampler, UserBatch
from nsbench.batching.window import windows_of
from nsbench.data.dataset import Dataset
from nsbench.losses.softmax import SampledSoftmax
from nsbench.samplers import SAMPLERS
from nsbench.samplers.sampler import Negatives
from nsbench.training.batch_stream import TrainingBatch
from tests.builder import dataset_of
from tests.samplers.log import CPU, context_of, streams_of
from tests.training.steps.test_scoring import N_ITEMS, SIZE, by_table, found_by, model_of

N_DRAWS = 12
SIZES = (40, 160, 640)


def long_log() -> Dataset:
    """700 users with 2 to 5 of 24 items, of which the first is 24 times as popular as the last."""
    rng = np.random.default_rng(4)
    share = 1 / np.arange(1, N_ITEMS + 1)
    rows = [rng.choice(N_ITEMS, rng.integers(2, 6), replace=False, p=share / share.sum()) for _ in range(700)]
    counts = np.bincount(np.concatenate(rows), minlength=N_ITEMS)
    number = np.empty(N_ITEMS, dtype=np.int64)
    number[np.argsort(-counts, kind="stable")] = np.arange(1, N_ITEMS + 1)
    return dataset_of([number[row].tolist() for row in rows], n_items=N_ITEMS)


LOG = long_log()
CONTEXT = context_of(LOG)


def batch_of(n_users: int) -> UserBatch:
    return next(BatchSampler(LOG, windows_of(LOG, SIZE.max_length), n_users, CPU).epoch(np.random.default_rng(0)))


def error_of(name: str, values: Mapping[str, object], n_users: int, log_q: str) -> float:
    """Root mean square of one draw's error in the gradient by the table, over the size of the exact gradient."""
    sampler = SAMPLERS[name].model_validate(values).build(CONTEXT)
    model, batch = model_of(), batch_of(n_users)
    exact = over_unseen(batch)
    loss = SampledSoftmax(needs_log_q=log_q != "none")
    squares = []
    for seed in range(N_DRAWS):
        draw = TrainingBatch(batch, sampler.propose(batch, streams_of(sampler, seed)))
        squares.append((by_table(found_by(model, sampler, loss, draw), model) - exact)[1:].square().sum())
    return float(torch.stack(squares).mean().sqrt() / exact[1:].norm())


def over_unseen(batch: UserBatch) -> torch.Tensor:
    """The gradient by the table of cross-entropy whose negatives are all items that are not in the user's history."""
    ids = torch.arange(1, N_ITEMS + 1)
    seen = CONTEXT.whole_history.contains(batch.users[:, None], ids)
    negatives = Negatives(ids.expand(len(batch.users), 1, -1).contiguous(), ~seen[:, None])
    uniform, model = SAMPLERS["random"]().build(CONTEXT), model_of()
    return by_table(found_by(model, uniform, SampledSoftmax(), TrainingBatch(batch, negatives)), model)


def pool_of(name: str, n: int) -> tuple[dict[str, object], int]:
    """Settings and users of a step whose pool has n negatives; in-batch ones come with the users."""
    if name == "batch":
        return {"n_negatives": 100_000}, n
    if name == "mixed":
        return {"n_in_batch": 20, "n_uniform": n}, 64
    return {"n_negatives": n}, 64


def errors_of(name: str, log_q: str) -> list[float]:
    """At each size of the pool; printed too."""
    errors = [error_of(name, *pool_of(name, n), log_q) for n in SIZES]
    print(f"{name:10} {log_q:9} " + "  ".join(f"{n}: {error:.3f}" for n, error in zip(SIZES, errors, strict=True)))
    return errors


@pytest.mark.slow
@pytest.mark.parametrize("name", ["random", "popularity", "batch", "mixed"])
def test_a_corrected_gradients_error_falls_as_the_pool_grows(name: str) -> None:
    """Its bias falls with the pool, and its spread with the root of it: 16 times the pool leave 1/16 to 1/4 of the error."""
    errors = errors_of(name, "corrected")
    assert errors[0] > errors[1] > errors[2]
    assert 0.8 / 16 < errors[2] / errors[0] < 1.2 / 4


@pytest.mark.slow
@pytest.mark.parametrize("name", ["popularity", "batch"])
def test_an_uncorrected_gradients_error_stays(name: str) -> None:
    errors = errors_of(name, "none")
    assert errors[2] > 0.6 * errors[0]
    assert errors[2] > 3 * error_of(name, *pool_of(name, SIZES[-1]), "corrected")
