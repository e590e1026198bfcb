"""Samplers written as expressions: what they are called, what they set, and that they draw what their parts draw."""

import pickle

import pytest
import torch

from nsbench.batching.batch import UserBatch
from nsbench.config import Settings
from nsbench.errors import SettingsError
from nsbench.method import Method
from nsbench.samplers.composition.composed import composed_settings
from nsbench.samplers.cross_batch import CrossBatchSettings
from nsbench.samplers.drawing.stream import Streams, bytes_of
from nsbench.samplers.mixed import MixedSettings
from nsbench.samplers.sampler import Negatives, Sampler
from nsbench.search import IntRange
from tests.builder import dataset_of
from tests.samplers.log import batches_of, context_of, skewed_log, streams_of

LOG = skewed_log()
CONTEXT = context_of(LOG)
BATCH = batches_of(LOG, 16)[0]


def draw(sampler: Sampler) -> Negatives:
    return sampler.propose(BATCH, Streams(torch.Generator().manual_seed(3)))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("batch( n = 10 )", "batch(10)"),
        ("popularity(100, gamma=.5)", "popularity(100,gamma=0.5)"),
        ("popularity(gamma=-1)", "popularity(gamma=-1)"),
        ("mixed(batch, random(5))", "mixed(batch,random(5))"),
        ("hardest(mixed(batch(10),random(90)), 25)", "hardest(mixed(batch(10),random(90)),k=25)"),
        ("hardest(random)", "hardest(random)"),
        ("mixed( cross-batch(50), random(50) )", "mixed(cross-batch(50),random(50))"),
        ("hardest(cross-batch, k=25)", "hardest(cross-batch,k=25)"),
        ("cross-batch(n_batches_kept=20, n=5)", "cross-batch(5,n_batches_kept=20)"),
    ],
)
def test_a_sampler_has_one_name_however_it_is_written(text: str, name: str) -> None:
    assert Method.of(text).name == name
    settings = Settings.of(text)
    assert settings.method.name == name
    assert Settings.of(name, settings.flat()) == settings


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mixd(batch, random)", "there is no 'mixd' .did you mean 'mixed'"),
        ("mixed(batch)", "takes two parts or more"),
        ("mixed(batch, batch(5))", "batch is given twice"),
        ("mixed(batch, hardest(random))", "hardest comes outermost"),
        ("popularity(10, gama=1)", "no 'gama' .did you mean 'gamma'"),
        ("batch(1.5)", "must be a whole number"),
        ("batch(ten)", "ten is not a number"),
        ("hardest(random, k=0)", "at least 1"),
        ("hardest(random(5), k=9)", "only 5 negatives are proposed"),
        ("batch(0)", "from 1 to 100,000, not 0"),
        ("popularity(5, gamma=3)", "from -2 to 2"),
        ("cross-batch(5, n_batches_kept=0)", "n_batches_kept of cross-batch must be a whole number from 1 to 10,000"),
        ("cross-batch(5, gamma=1)", "cross-batch has no 'gamma'"),
        ("mixed(cross-batch(5), cross-batch(6))", "cross-batch is given twice"),
        ("cross-bach(5)", "there is no 'cross-bach' .did you mean 'cross-batch'"),
        ("5-batch(5)", "each part is a name"),
        ("random(", "brackets or commas"),
        ("__import__('os')(1)", "each part is a name|there is no '__import__'"),
        ("random(5)+sofmax", "unknown loss or model 'sofmax' .did you mean 'softmax'"),
    ],
)
def test_what_is_no_sampler_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings.of(text)


def test_numbers_that_are_written_are_fixed_and_the_others_searched() -> None:
    space = Settings.of("hardest(mixed(batch(10), popularity(gamma=0.5)))").search_space()
    assert {"n_popularity", "n_hardest"} <= set(space)
    assert space["n_hardest"] == IntRange(1, 50, log=True)
    assert not {"n_batch", "popularity_gamma"} & set(space)
    with pytest.raises(SettingsError, match="n_batch"):
        Settings.of("mixed(batch(10), random)", {"n_batch": 20})


def test_negatives_are_counted_by_their_origin() -> None:
    settings = composed_settings("hardest(mixed(batch(10), random(30)), k=5)")()
    assert (settings.n_proposed, settings.n_trained_on(100)) == (40, 5)
    assert settings.count_fields().proposed_text == "n_batch=in batch; n_random=uniform"
    assert settings.traits == {"in-batch", "global", "model-based"}


def test_a_composed_mixture_draws_what_the_built_in_one_does() -> None:
    composed = draw(composed_settings("mixed(batch(10),random(20))")().build(CONTEXT))
    built_in = draw(MixedSettings(n_in_batch=10, n_uniform=20).build(CONTEXT))
    assert torch.equal(composed.item_ids, built_in.item_ids)
    assert torch.equal(composed.mask, built_in.mask)


def test_to_keep_as_many_as_are_proposed_is_no_selection() -> None:
    whole = composed_settings("hardest(mixed(batch(10),random(20)),k=30)")().build(CONTEXT)
    negatives = draw(whole)
    scores = torch.randn(*BATCH.inputs.shape, 30, generator=torch.Generator().manual_seed(0))
    assert torch.equal(whole.select(negatives, scores, scores[..., 0]).mask, negatives.mask)


def test_a_queue_within_an_expression_is_set_searched_and_counted() -> None:
    space = Settings.of("hardest(mixed(cross-batch, random(30)))").search_space()
    assert space["n_batches_kept"] == IntRange(2, 50, log=True)
    assert {"n_cross_batch", "n_hardest"} <= set(space)
    fixed = composed_settings("mixed(cross-batch(10,n_batches_kept=7),random(30))")()
    assert "n_batches_kept" not in Settings.of(fixed.name).search_space()
    assert (fixed.n_proposed, fixed.traits) == (40, {"in-batch", "global"})
    assert fixed.count_fields().proposed_text == "n_cross_batch=across batches; n_random=uniform"
    (state,) = streams_of(fixed.build(CONTEXT), 0).states
    assert len(state["queued_items"]) == 7
    assert bytes_of(fixed.state_spec(CONTEXT.state_size)) == sum(one.nbytes for one in state.values())


@pytest.mark.parametrize("sharing", ["user", "group"])
def test_a_queue_within_a_mixture_draws_what_it_draws_alone(sharing: str) -> None:
    """Over two steps: the mixture's first places are the queue's, from the same numbers, and two batches are in it."""
    values = {"negative_sharing": sharing}
    mixture = composed_settings("mixed(cross-batch(10),random(20))").model_validate(values).build(CONTEXT)
    alone = CrossBatchSettings.model_validate({"n_negatives": 10, **values}).build(CONTEXT)
    streams, own = streams_of(mixture, 3), streams_of(alone, 3)
    for batch in batches_of(LOG, 16)[:2]:
        together = mixture.propose(batch, streams)
        expected = alone.propose(batch, own)
        assert torch.equal(together.item_ids[..., :10], expected.item_ids)
        assert torch.equal(together.mask[..., :10], expected.mask)
        # What the other part drew from the same stream.
        own.generators[0].set_state(streams.generators[0].get_state())
    assert int(streams.states[0]["n_queued"]) == 2
    assert all(torch.equal(streams.states[0][name], tensor) for name, tensor in own.states[0].items())


def test_a_queues_hardest_are_selected_from_it() -> None:
    """Of two users alone in their steps the second is left with what the first one chose: 2 and 3, of which 3 scores more."""
    log = dataset_of([[1, 2, 3], [4, 5, 6]])
    sampler = composed_settings("hardest(cross-batch(50),k=1)")().build(context_of(log))
    streams = streams_of(sampler, 0)
    for own in (([0], [2], [[1, 2]], [[2, 3]]), ([1], [2], [[4, 5]], [[5, 6]])):
        negatives = sampler.propose(UserBatch(*(torch.tensor(part) for part in own)), streams)
    scores = negatives.item_ids.expand(1, 2, 50).float()
    chosen = sampler.select(negatives, scores, scores[..., 0]).mask
    assert set(negatives.item_ids.expand(1, 2, 50)[chosen].tolist()) == {3}


def test_settings_of_an_expression_reach_another_process() -> None:
    """Workers are sent the settings; the class is made there again."""
    settings = composed_settings("hardest(mixed(random(90), explicit), k=5)").model_validate({"n_explicit": 7})
    there = pickle.loads(pickle.dumps(settings))
    assert there == settings
    assert type(there) is type(settings)
    assert there.model_fields_set == {"n_explicit"}
