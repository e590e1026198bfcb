"""Samplers written as expressions: what they are called, what they set, and that they draw what their parts draw."""

import pytest
import torch

from nsbench.config import Settings
from nsbench.errors import SettingsError
from nsbench.method import Method
from nsbench.samplers.composition.composed import composed_settings
from nsbench.samplers.drawing.stream import Streams
from nsbench.samplers.mixed import MixedSettings
from nsbench.samplers.sampler import Negatives, Sampler
from nsbench.search import IntRange
from tests.samplers.log import batches_of, context_of, skewed_log

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
