"""Every pairing of a sampler and a loss against its definition in float64, and exact cross-entropy against torch's."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from nsbench.batching.batch import BatchSampler, UserBatch
from nsbench.batching.window import windows_of
from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.errors import SettingsError
from nsbench.losses import LOSSES
from nsbench.losses.loss import Loss, LossContext, Scores
from nsbench.losses.softmax import SampledSoftmax
from nsbench.models.model import Model, initial_model
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.samplers import SAMPLERS
from nsbench.samplers.sampler import Negatives, Sampler
from nsbench.training.batch_stream import TrainingBatch
from nsbench.training.settings import TrainingSettings
from nsbench.training.steps.replica_steps import laid_out
from nsbench.training.steps.step import Gradients, Stepper
from tests.builder import dataset_of, with_some_negatives
from tests.samplers.log import CPU, context_of, streams_of

SIZE = SasrecSettings(hidden_dim=8, n_blocks=1, max_length=6, dropout_rate=0.0)
N_ITEMS = 24


def ragged_log() -> Dataset:
    """40 users with 2 to 9 of 24 items, frequent ones first, and other items that they turned down."""
    rng = np.random.default_rng(3)
    others = np.arange(2, N_ITEMS + 1)
    rows = [[1, *rng.permutation(others)[: rng.integers(1, 9)].tolist()] for _ in range(40)]
    counts = np.bincount([item for row in rows for item in row], minlength=N_ITEMS + 1)
    number = np.zeros(N_ITEMS + 1, dtype=np.int64)
    number[np.argsort(-counts[1:], kind="stable") + 1] = np.arange(1, N_ITEMS + 1)
    return with_some_negatives(dataset_of([number[row].tolist() for row in rows], n_items=N_ITEMS))


LOG = ragged_log()
CONTEXT = context_of(LOG)


def pairings() -> list[object]:
    """What can be paired, by name, with softmax's corrections."""
    cases: list[object] = []
    for sampler in SAMPLERS:
        for loss in LOSSES:
            for log_q in ("none", "classic", "corrected") if loss == "softmax" else (None,):
                values: dict[str, str] = {} if log_q is None else {"log_q": log_q}
                try:
                    settings = Settings.of(f"{sampler}+{loss}", values)
                except SettingsError:
                    continue
                name = f"{sampler}+{loss}" + (f"-{log_q}" if log_q else "")
                cases.append(pytest.param(settings, id=name))
    return cases


def drawn(sampler: Sampler, n_users: int = 16) -> TrainingBatch:
    batch = next(BatchSampler(LOG, windows_of(LOG, SIZE.max_length), n_users, CPU).epoch(np.random.default_rng(0)))
    streams = streams_of(sampler, 1)
    # As after a step that told different things of each item, or of each cohort.
    sampler.learn(streams.states[0], torch.arange(float(sampler.n_observed)))
    return TrainingBatch(batch, sampler.propose(batch, streams), streams.states)


def model_of() -> Model:
    model = initial_model(SIZE, N_ITEMS, [torch.Generator().manual_seed(0)])
    # Scores of some size, so that softmax and sigmoid aren't flat.
    model.items.mul_(4)
    return model


def found_by(model: Model, sampler: Sampler, loss: Loss, draw: TrainingBatch) -> Gradients:
    stepper = Stepper(model, sampler, loss, TrainingSettings(item_optimizer="dense"), [1e-3], [])
    return stepper.gradients(*laid_out([draw]), None, draw.sampler_states)


@dataclass(frozen=True)
class Look:
    """A position: what it trains on, and its positive with the score."""

    item_ids: list[int]
    positive: int
    score: float


def by_definition(
    model: Model, sampler: Sampler, loss: Loss, draw: TrainingBatch
) -> tuple[Tensor, Tensor, Tensor, list[Look]]:
    """Loss and gradients by dense parameters and table, position by position, in float64 by autograd; and the positions."""
    (state,) = draw.sampler_states
    sampler = sampler.in_state(state)
    step, negatives = laid_out([draw])
    dense = model.dense.double().requires_grad_()
    items = model.items.double().requires_grad_()
    positions = step.in_buckets
    x = functional.embedding(positions.inputs[0], items[0])[None]
    states = model.backbone.encode(model.backbone.named(dense), positions, x, None)[0]
    by_user = negatives.by_user()
    batch = draw.batch
    of_targets = sampler.log_q(batch, batch.targets[..., None]) if loss.needs_log_q else None
    values, looks = [], []
    for place in positions.real[0].nonzero()[:, 0].tolist():
        row, column = int(positions.row[place]), int(positions.column[place])
        ids, mask = (
            part[0, min(row, part.shape[1] - 1), min(column, part.shape[2] - 1)]
            for part in (by_user.item_ids, by_user.mask)
        )
        target = int(positions.targets[0, place])
        scores = items[0, ids] @ states[place]
        # As the sampler selects for this position alone.
        offsets = None if by_user.offsets is None else by_user.offsets[0, row, column][None, None]
        part = Negatives(ids[None, None], mask.expand(len(ids))[None, None], offsets=offsets)
        own = items[0, target] @ states[place]
        of_model = scores.detach().float()[None, None, None]
        chosen = sampler.select(part, of_model, own.detach().float()[None, None, None]).mask.reshape(1, 1, -1).expand(
            1, 1, len(ids)
        ) & (ids != target)
        looks.append(Look(ids[chosen.view(-1)].tolist(), target, own.item()))
        log_q = positive_log_q = None
        if of_targets is not None:
            found = sampler.log_q(batch, ids.expand(len(batch.users), batch.targets.shape[1], -1))
            log_q = found.expand(*batch.targets.shape, len(ids))[row, column].double()[None, None, None]
            positive_log_q = of_targets.expand(*batch.targets.shape, 1)[row, column].double()[None, None]
        values.append(
            loss.value(
                Scores(own[None, None, None], scores[None, None, None], chosen[None], log_q, positive_log_q)
            ).sum()
        )
    total = torch.stack(values).mean()
    by_dense, by_items = torch.autograd.grad(total, (dense, items))
    return total, by_dense, by_items, looks


@pytest.mark.parametrize("sharing", ["user", "group"])
@pytest.mark.parametrize("settings", pairings())
def test_every_pairing_has_the_gradients_of_its_definition(settings: Settings, sharing: str) -> None:
    """To 1e-5 of the largest gradient, and to 1e-5 of what the sampler observes; groups are of three users."""
    if "negative_sharing" in type(settings.sampler).model_fields:
        settings = settings.changed({"negative_sharing": sharing})
    counts = {
        name: 7 for name in ("n_negatives", "n_in_batch", "n_uniform") if name in type(settings.sampler).model_fields
    }
    kept = settings.sampler.count_fields().kept
    changed = settings.changed(counts if kept is None else {**counts, kept: 3})
    sampler = changed.sampler.build(CONTEXT)
    loss = changed.loss.build(LossContext(7, N_ITEMS, positive_is_proposed="in-batch" in changed.sampler.traits))
    model, draw = model_of(), drawn(sampler)
    found = found_by(model, sampler, loss, draw)
    value, by_dense, by_items, looks = by_definition(model, sampler, loss, draw)
    assert found.losses.item() == pytest.approx(value.item(), rel=1e-5)
    assert torch.allclose(found.by_dense.double(), by_dense, atol=1e-5 * by_dense.abs().max().item())
    assert torch.allclose(by_table(found, model)[1:].double(), by_items[0, 1:], atol=1e-5 * by_items.abs().max().item())
    assert found.observed[0].tolist() == pytest.approx(observed_in(looks, changed.sampler.name), rel=1e-5)


def observed_in(looks: list[Look], sampler: str) -> list[float]:
    """What a sampler observes: how often each item is trained on, or the cohorts' losses and numbers of positives."""
    if sampler == "xir":
        return [sum(look.item_ids.count(item) for look in looks) for item in range(N_ITEMS + 1)]
    if sampler == "adaptive-cohort":
        inside = [[look for look in looks if CONTEXT.cohorts[look.positive] == cohort] for cohort in range(3)]
        return [sum(math.log1p(math.exp(-look.score)) for look in own) for own in inside] + [len(own) for own in inside]
    return []


def test_softmax_over_the_catalogue_is_torchs_cross_entropy_over_all_candidates() -> None:
    sampler = SAMPLERS["catalogue"]().build(CONTEXT)
    model, draw = model_of(), drawn(sampler)
    step, _ = laid_out([draw])
    positions = step.in_buckets
    x = functional.embedding(positions.inputs[0], model.items[0])[None]
    states = model.backbone.encode(model.named(), positions, x, None)[0]
    real = positions.real[0]
    logits = states[real] @ model.items[0, 1 : LOG.n_candidates + 1].T
    expected = functional.cross_entropy(logits, positions.targets[0, real] - 1)
    assert found_by(model, sampler, SampledSoftmax(), draw).losses.item() == pytest.approx(expected.item(), rel=1e-6)


def error_of(sampler_name: str, values: Mapping[str, object], n_draws: int, *, is_corrected: bool) -> float:
    """How far the mean gradient by the table is from exact cross-entropy's over items outside the histories, relative."""
    sampler = SAMPLERS[sampler_name].model_validate(values).build(CONTEXT)
    model, loss, batch = model_of(), SampledSoftmax(needs_log_q=is_corrected), drawn(sampler).batch
    mean = torch.zeros_like(model.items[0])
    for seed in range(n_draws):
        draw = TrainingBatch(batch, sampler.propose(batch, streams_of(sampler, seed)))
        mean += by_table(found_by(model, sampler, loss, draw), model) / n_draws
    exact = exact_over_unseen(model, batch)
    return float((mean[1:] - exact[1:]).norm() / exact[1:].norm())


def by_table(found: Gradients, model: Model) -> Tensor:
    return torch.zeros_like(model.items[0]).index_add_(0, found.rows, found.by_rows)


def exact_over_unseen(model: Model, batch: UserBatch) -> Tensor:
    """The gradient by the table of cross-entropy whose negatives are all items that are not in the user's history."""
    ids = torch.arange(1, LOG.n_candidates + 1)
    seen = CONTEXT.whole_history.contains(batch.users[:, None], ids)
    negatives = Negatives(ids.expand(len(batch.users), 1, -1).contiguous(), ~seen[:, None])
    uniform = SAMPLERS["random"]().build(CONTEXT)
    return by_table(found_by(model, uniform, SampledSoftmax(), TrainingBatch(batch, negatives)), model)


LARGE = {
    "random": {"n_negatives": 400},
    "popularity": {"n_negatives": 400},
    "mixed": {"n_in_batch": 30, "n_uniform": 400},
}


@pytest.mark.slow
@pytest.mark.parametrize("sampler", LARGE)
def test_the_corrected_gradient_tends_to_that_of_exact_cross_entropy(sampler: str) -> None:
    """Over items outside the histories, with pools much larger than the 24 items: within 3 % of its size."""
    assert error_of(sampler, LARGE[sampler], 60, is_corrected=True) < 0.03


@pytest.mark.slow
def test_without_correction_popularity_keeps_its_bias_however_large_the_pool() -> None:
    errors = [error_of("popularity", {"n_negatives": n}, 60, is_corrected=False) for n in (400, 1_600)]
    assert min(errors) > 0.1
