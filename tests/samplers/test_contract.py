"""What every sampler must do; a new sampler is tested by being registered."""

from typing import get_args

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from nsbench.batching.batch import BatchSampler, UserBatch
from nsbench.batching.window import windows_of
from nsbench.losses.binary_cross_entropy import BinaryCrossEntropy
from nsbench.models.model import initial_model
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.samplers import SAMPLERS
from nsbench.samplers.drawing.stream import Streams, TensorSpec, bytes_of
from nsbench.samplers.sampler import Negatives, Sampler, SamplerSettings
from nsbench.training.batch_stream import TrainingBatch
from nsbench.training.settings import TrainingSettings
from nsbench.training.steps.replica_steps import laid_out
from nsbench.training.steps.step import Stepper
from tests.samplers.log import CPU, MAX_LENGTH, N_ITEMS, batches_of, context_of, skewed_log, streams_of
from tests.samplers.on_gpu import SamplerOnGpu, log_q_on_gpu

LOG = skewed_log()
CONTEXT = context_of(LOG)


def every_sampler(*, draws: bool = False) -> list[object]:
    """Each sampler with its defaults, and once more for each way of sharing where it has the choice.

    Args:
        draws: Only those that draw, and so can leave items out; the whole catalogue holds every item.
    """
    cases: list[object] = []
    for name, settings in SAMPLERS.items():
        if draws and settings.proposes_positive:
            continue
        if "negative_sharing" not in settings.model_fields:
            cases.append(pytest.param(settings(), id=name))
            continue
        for sharing in get_args(settings.model_fields["negative_sharing"].annotation):
            cases.append(pytest.param(settings.model_validate({"negative_sharing": sharing}), id=f"{name}-{sharing}"))
    return cases


def draw(sampler: Sampler, batch: UserBatch, seed: int = 0) -> Negatives:
    return sampler.propose(batch, streams_of(sampler, seed))


@pytest.fixture(name="sampler", params=every_sampler())
def _sampler(request: pytest.FixtureRequest, place: str) -> Sampler:
    settings: SamplerSettings = request.param
    return settings.build(CONTEXT) if place == "cpu" else SamplerOnGpu(settings, LOG)


@pytest.fixture(name="drawing", params=every_sampler(draws=True))
def _drawing(request: pytest.FixtureRequest, place: str) -> Sampler:
    settings: SamplerSettings = request.param
    return settings.build(CONTEXT) if place == "cpu" else SamplerOnGpu(settings, LOG)


@pytest.fixture(name="place", params=["cpu", "gpu"])
def _place(request: pytest.FixtureRequest) -> str:
    place: str = request.param
    return place


@pytest.fixture(name="batch")
def _batch() -> UserBatch:
    return batches_of(LOG, 16)[0]


def test_shapes_broadcast_to_users_positions_and_negatives(sampler: Sampler, batch: UserBatch) -> None:
    negatives = draw(sampler, batch).by_user()
    n_users, length = batch.inputs.shape
    n = negatives.item_ids.shape[-1]
    assert negatives.item_ids.dim() == 3
    negatives.item_ids.expand(n_users, length, n)
    negatives.mask.expand(n_users, length, n)
    sampler.log_q(batch, negatives.item_ids).expand(n_users, length, n)


@pytest.mark.parametrize("settings", every_sampler())
def test_a_gpus_log_q_is_the_hosts(settings: SamplerSettings, batch: UserBatch) -> None:
    wanted = torch.arange(1, N_ITEMS + 1).expand(len(batch.users), 1, -1)
    assert torch.allclose(log_q_on_gpu(settings, LOG, batch, wanted), settings.build(CONTEXT).log_q(batch, wanted))


def test_every_id_is_an_item_seen_in_training(sampler: Sampler, batch: UserBatch) -> None:
    item_ids = draw(sampler, batch).item_ids
    assert item_ids.dtype == torch.int64
    assert item_ids.min() >= 1
    assert item_ids.max() <= N_ITEMS


def test_an_item_of_the_users_history_is_never_trained_on(drawing: Sampler, batch: UserBatch) -> None:
    negatives = draw(drawing, batch)
    for row, user in enumerate(batch.users.tolist()):
        history = set(LOG.item_ids[LOG.offsets[user] : LOG.train_end[user]].tolist())
        kept = negatives.rows(row, row + 1, batch.inputs.shape[1])
        mask = kept.mask if kept.mask.shape[0] == 1 else kept.mask[:1]
        ids, mask = torch.broadcast_tensors(kept.item_ids[:1], mask)
        assert history.isdisjoint(ids[mask].tolist())


@pytest.mark.parametrize("settings", every_sampler())
def test_a_state_is_as_its_settings_say_and_a_step_changes_it_where_it_is(
    settings: SamplerSettings, batch: UserBatch
) -> None:
    sampler = settings.build(CONTEXT)
    streams = streams_of(sampler, 0)
    (state,) = streams.states
    spec = settings.state_spec(CONTEXT.state_size)
    assert {name: TensorSpec(tuple(one.shape), one.dtype) for name, one in state.items()} == dict(spec)
    assert bytes_of(spec) == sum(one.nbytes for one in state.values())
    places, before = {name: one.data_ptr() for name, one in state.items()}, {n: t.clone() for n, t in state.items()}
    step(sampler, batch, streams)
    assert {name: one.data_ptr() for name, one in state.items()} == places
    assert settings.learns == (sampler.n_observed > 0)
    if settings.learns:
        assert any(not torch.equal(before[name], state[name]) for name in state)


def step(sampler: Sampler, batch: UserBatch, streams: Streams) -> None:
    """Draws, and takes a step of a model."""
    draw = TrainingBatch(batch, sampler.propose(batch, streams), streams.states)
    size = SasrecSettings(hidden_dim=4, n_blocks=1, max_length=MAX_LENGTH, dropout_rate=0.0)
    model = initial_model(size, LOG.n_items, [torch.Generator().manual_seed(0)])
    stepper = Stepper(model, sampler, BinaryCrossEntropy(), TrainingSettings(), [1e-3], [])
    stepper.step(*laid_out([draw]), draw.sampler_states)


def test_much_of_what_is_proposed_may_be_trained_on(sampler: Sampler, batch: UserBatch) -> None:
    """Least with cohorts that a group shares: a third of a pool isn't taken, and most users have had the head's two items."""
    assert draw(sampler, batch).mask.float().mean() > 0.3


def test_the_same_generator_gives_the_same_negatives(drawing: Sampler, batch: UserBatch) -> None:
    first, second, other = draw(drawing, batch, 3), draw(drawing, batch, 3), draw(drawing, batch, 4)
    assert torch.equal(first.item_ids, second.item_ids)
    assert torch.equal(first.mask, second.mask)
    assert not torch.equal(first.item_ids, other.item_ids)


def test_the_global_random_state_is_untouched(sampler: Sampler, batch: UserBatch) -> None:
    torch.manual_seed(11)
    np.random.seed(11)  # noqa: NPY002
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    draw(sampler, batch)
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002


def test_selection_keeps_only_what_was_proposed(sampler: Sampler, batch: UserBatch) -> None:
    negatives = draw(sampler, batch)
    shape = (*batch.inputs.shape, negatives.item_ids.shape[-1])
    scores = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    selected = sampler.select(negatives, scores, scores[..., 0]).mask.expand(shape)
    assert bool(selected.any())
    assert not bool((selected & ~negatives.mask.expand(shape)).any())


def test_draws_follow_log_q(drawing: Sampler, place: str) -> None:
    """The first position of one user, over many batches: how often each item comes against its expected count.

    Half as many on the pretended GPU, where each takes longer: some eight draws an item.

    A shared draw counts an item once a batch at most where n is large, so each batch contributes its valid draws and the
    test compares proportions; in-batch draws within a batch depend on each other, hence the wide bound of 1e-4, and one
    draw a batch is taken.
    """
    source = BatchSampler(LOG, windows_of(LOG, MAX_LENGTH), 20, CPU)
    rng, streams = np.random.default_rng(1), streams_of(drawing, 2)
    counts = np.zeros(N_ITEMS + 1)
    expected = np.zeros(N_ITEMS + 1)
    pick = np.random.default_rng(3)
    user = int(LOG.n_users // 2)
    history = np.unique(LOG.item_ids[LOG.offsets[user] : LOG.train_end[user]])
    unseen = np.setdiff1d(np.arange(1, N_ITEMS + 1), history)
    for _ in range(300 if place == "cpu" else 150):
        for batch in source.epoch(rng):
            rows = (batch.users == user).nonzero()
            if len(rows) == 0:
                continue
            row = int(rows[0])
            part = drawing.propose(batch, streams).rows(row, row + 1, 1)
            ids, mask = torch.broadcast_tensors(part.item_ids, part.mask)
            valid = ids[mask].numpy()
            counts[pick.choice(valid)] += 1
            wanted = torch.from_numpy(unseen).expand(len(batch.users), 1, -1)
            log_q = (
                drawing.in_state(streams.states[0])
                .log_q(batch, wanted)
                .expand(*batch.inputs.shape, len(unseen))[row, 0]
            )
            expected[unseen] += torch.softmax(log_q.double(), 0).numpy()
    proposed = np.flatnonzero(expected)
    assert set(np.flatnonzero(counts)) <= set(proposed) <= set(unseen)
    assert chisquare(counts[proposed], expected[proposed]).pvalue > 1e-4


def test_log_q_counts_what_is_proposed(drawing: Sampler, place: str) -> None:
    """Summed over the items that a user has not had, expected counts give the number of negatives to train on.

    The mean over users and 60 passes, 30 on the pretended GPU, must agree within 3 %.
    """
    n_valid, n_expected = 0.0, 0.0
    streams = streams_of(drawing, 7)
    catalogue = torch.arange(1, N_ITEMS + 1)
    for seed in range(60 if place == "cpu" else 30):
        for batch in batches_of(LOG, 20, seed):
            shape = batch.inputs.shape
            mask = drawing.propose(batch, streams).mask
            n_valid += float(mask.expand(*shape, -1).sum(-1)[:, 0].sum())
            unseen = ~CONTEXT.whole_history.contains(batch.users[:, None], catalogue)
            log_q = (
                drawing.in_state(streams.states[0])
                .log_q(batch, catalogue.expand(shape[0], 1, -1))
                .expand(*shape, N_ITEMS)[:, 0]
            )
            n_expected += float((log_q.exp() * unseen).sum())
    assert n_valid == pytest.approx(n_expected, rel=0.03)
