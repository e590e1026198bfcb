"""One optimisation step: what it computes doesn't depend on padding, replicas or the form of the table's optimiser."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pytest
import torch

from nsbench.batching.batch import BatchSampler, UserBatch
from nsbench.batching.buckets import MEASURED, LayoutPolicy
from nsbench.batching.step import step_of
from nsbench.batching.window import windows_of
from nsbench.data.dataset import Dataset
from nsbench.losses.binary_cross_entropy import BinaryCrossEntropy
from nsbench.losses.loss import Loss, Scores
from nsbench.models.model import Model, initial_model
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.samplers import SAMPLERS
from nsbench.samplers.adaptive import AdaptiveMixedSettings
from nsbench.samplers.drawing.sharing import NegativeSharing
from nsbench.samplers.drawing.stream import Streams
from nsbench.samplers.random import RandomSettings
from nsbench.samplers.sampler import Negatives, SamplerSettings
from nsbench.training.batch_stream import TrainingBatch
from nsbench.training.settings import TrainingSettings
from nsbench.training.steps import scoring
from nsbench.training.steps.replica_steps import laid_out
from nsbench.training.steps.step import Stepper
from tests.builder import dataset_of
from tests.samplers.log import CPU, context_of, skewed_log

LOG = skewed_log()
BCE, DEFAULTS = BinaryCrossEntropy(), TrainingSettings()
SIZE = SasrecSettings(hidden_dim=8, n_blocks=1, max_length=6, dropout_rate=0.3)


def ragged_log() -> Dataset:
    """Histories of 2 to 12 items, so that by_length of several lengths arise."""
    rng = np.random.default_rng(3)
    rows = [[1, *range(2, 2 + int(n))] for n in rng.integers(1, 12, size=60)]
    return dataset_of(rows, test=[[40]], n_items=40)


def generators(seeds: Sequence[int], stream: int = 0) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(1000 * stream + seed) for seed in seeds]


def batch_of(log: Dataset, seed: int) -> UserBatch:
    source = BatchSampler(log, windows_of(log, SIZE.max_length), 32, CPU)
    return next(source.epoch(np.random.default_rng(seed)))


def proposed(
    log: Dataset, sampler: SamplerSettings, batches: list[UserBatch], seeds: Sequence[int]
) -> list[TrainingBatch]:
    built = sampler.build(context_of(log))
    return [TrainingBatch(b, built.propose(b, Streams(g))) for b, g in zip(batches, generators(seeds, 2), strict=True)]


def after_steps(
    seeds: Sequence[int],
    log: Dataset,
    sampler: SamplerSettings,
    loss: Loss = BCE,
    settings: TrainingSettings = DEFAULTS,
    n_steps: int = 3,
) -> tuple[Model, torch.Tensor]:
    """The model after some steps of replicas with these seeds, and the last losses."""
    model = initial_model(SIZE, log.n_items, generators(seeds))
    rates = [1e-3 * (1 + seed) for seed in seeds]
    stepper = Stepper(model, sampler.build(context_of(log)), loss, settings, rates, generators(seeds, 1))
    losses = torch.empty(0)
    for number in range(n_steps):
        batches = [batch_of(log, 10 * seed + number) for seed in seeds]
        losses = stepper.step(*laid_out(proposed(log, sampler, batches, seeds)))
    return model, losses


SHARED_BY_GROUP = RandomSettings(n_negatives=7, negative_sharing="group")


@pytest.mark.parametrize(
    "sampler", [RandomSettings(n_negatives=7), AdaptiveMixedSettings(n_hardest=3), SHARED_BY_GROUP]
)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_replica_trains_as_it_does_alone(sampler: SamplerSettings, reduction: Literal["mean", "sum"]) -> None:
    """Three replicas with their own data, negatives, dropout and learning rates against one of them alone: 1e-6."""
    log, loss = ragged_log(), BinaryCrossEntropy(reduction)
    together, losses = after_steps([0, 1, 2], log, sampler, loss)
    alone, lone_loss = after_steps([1], log, sampler, loss)
    assert losses[1].item() == pytest.approx(lone_loss.item(), rel=1e-6, abs=1e-6)
    assert torch.allclose(together.items[1], alone.items[0], atol=1e-5)
    assert torch.allclose(together.dense[1], alone.dense[0], atol=1e-5)


@pytest.mark.parametrize("sampler", [RandomSettings(n_negatives=7), SHARED_BY_GROUP])
def test_loss_and_gradient_equal_those_with_padding_computed(sampler: SamplerSettings) -> None:
    """One rectangle padded to the longest row, against buckets by length: 1e-5 in loss and in every gradient."""
    log = ragged_log()
    by_length = _loss_and_gradients(log, sampler, policy=LayoutPolicy(bucket_cost=0))
    padded = _loss_and_gradients(log, sampler, policy=LayoutPolicy(bucket_cost=1e9))
    assert by_length[3] < padded[3]
    for a, b in zip(by_length[:3], padded[:3], strict=True):
        assert torch.allclose(a, b, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", ["random", "mixed", "cohort"])
def test_a_draw_that_users_share_trains_as_one_for_each_of_them_would(name: str) -> None:
    """Groups of three against the same ids in a row of each user's own: 1e-6 in loss and in every gradient."""
    log, sampler = ragged_log(), SAMPLERS[name].model_validate({"negative_sharing": "group"})
    (draw,) = proposed(log, sampler, [batch_of(log, 0)], [0])
    assert draw.negatives.users_per_draw == 3
    shared = _loss_and_gradients_of(log, sampler, draw)
    own = _loss_and_gradients_of(log, sampler, replace(draw, negatives=draw.negatives.by_user()))
    for a, b in zip(shared[:3], own[:3], strict=True):
        assert torch.allclose(a, b, atol=1e-6)


@dataclass(frozen=True)
class InOnePiece(Loss):
    """A loss whose two terms are not to be had one by one."""

    whole: Loss

    def value(self, scores: Scores) -> torch.Tensor:
        return self.whole.value(scores)


@pytest.mark.parametrize("least_saved", [-1.0, 1.0], ids=["packed", "in buckets"])
@pytest.mark.parametrize("sharing", ["position", "user", "group", "batch"])
def test_a_loss_in_one_piece_has_the_gradients_of_its_two_terms(sharing: NegativeSharing, least_saved: float) -> None:
    """Positives and negatives scored together by autograd, against the pass over each: 1e-6, however draws are shared."""
    policy = LayoutPolicy(least_saved=least_saved)
    sampler = RandomSettings(n_negatives=7, negative_sharing=sharing)
    terms = _loss_and_gradients(ragged_log(), sampler, policy=policy)
    whole = _loss_and_gradients(ragged_log(), sampler, InOnePiece(BCE), policy)
    for a, b in zip(whole[:3], terms[:3], strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def _loss_and_gradients(
    log: Dataset, sampler: SamplerSettings, loss: Loss = BCE, policy: LayoutPolicy = MEASURED
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, int]:
    return _loss_and_gradients_of(log, sampler, *proposed(log, sampler, [batch_of(log, 0)], [0]), loss, policy)


def _loss_and_gradients_of(
    log: Dataset, sampler: SamplerSettings, draw: TrainingBatch, loss: Loss = BCE, policy: LayoutPolicy = MEASURED
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, int]:
    model = initial_model(SIZE, log.n_items, generators([0]))
    settings = TrainingSettings(item_optimizer="dense")
    stepper = Stepper(model, sampler.build(context_of(log)), loss, settings, [1e-3], [])
    laid, negatives = laid_out([draw], policy=policy)
    found = stepper.gradients(laid, negatives, None)
    by_table = torch.zeros_like(model.items[0]).index_add_(0, found.rows, found.by_rows)
    return found.losses, found.by_dense, by_table, laid.in_buckets.inputs.shape[1]


@pytest.mark.parametrize(
    "sampler", [RandomSettings(n_negatives=7), AdaptiveMixedSettings(n_hardest=3), SHARED_BY_GROUP]
)
def test_loss_and_gradient_equal_those_of_scoring_a_draw_at_a_time(
    monkeypatch: pytest.MonkeyPatch, sampler: SamplerSettings
) -> None:
    """Each block's scores at once, against as few as a draw's: 1e-6."""
    whole = _loss_and_gradients(ragged_log(), sampler)
    monkeypatch.setattr(scoring, "SCORES_AT_ONCE", 1)
    in_parts = _loss_and_gradients(ragged_log(), sampler)
    for a, b in zip(whole[:3], in_parts[:3], strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_the_first_row_wise_step_equals_the_dense_one() -> None:
    """Before the first step all moments are 0, so rows that aren't drawn stand still in both."""
    dense, _ = after_steps(
        [0], LOG, RandomSettings(n_negatives=7), settings=TrainingSettings(item_optimizer="dense"), n_steps=1
    )
    rows, _ = after_steps(
        [0], LOG, RandomSettings(n_negatives=7), settings=TrainingSettings(item_optimizer="row-wise"), n_steps=1
    )
    assert torch.allclose(dense.items, rows.items, atol=1e-7)
    assert torch.allclose(dense.dense, rows.dense, atol=1e-7)


def test_padding_stays_the_zero_vector() -> None:
    model, _ = after_steps([0], ragged_log(), RandomSettings(n_negatives=7))
    assert not model.items[:, 0].any()


def test_trained_padding_equals_computing_the_padded_positions() -> None:
    """A user with 2 targets at max_length 6: four padded positions with state b, the last LayerNorm's bias.

    Expected: (sum over the 2 real positions + 4 (ln 2 + mean softplus(b . e_j))) / 6.
    """
    log = dataset_of([[1, 2, 3], [4, 5]])
    batch = UserBatch(*(torch.tensor(part) for part in ([0], [2], [[1, 2]], [[2, 3]])))
    model = initial_model(SIZE, log.n_items, generators([0]))
    bias = torch.linspace(-1, 1, 8)
    model.dense[0, -8:] = bias
    negatives = Negatives(torch.tensor([[[[4, 5]]]]), torch.ones(1, 1, 1, 2, dtype=torch.bool))

    def loss(padding: str) -> float:
        settings = TrainingSettings(padding=padding)  # type: ignore[arg-type]
        stepper = Stepper(model, RandomSettings().build(context_of(log)), BinaryCrossEntropy(), settings, [1e-3], [])
        return stepper.gradients(step_of([batch]), negatives, None).losses.item()

    at_padding = torch.nn.functional.softplus(model.items[0, [4, 5]] @ bias).mean() + np.log(2)
    assert loss("trained") == pytest.approx((2 * loss("masked") + 4 * at_padding.item()) / 6, rel=1e-5)
