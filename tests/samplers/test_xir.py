"""What XIR counts, what its cache then holds, and how often each part's candidates are drawn again."""

import math
from typing import Literal

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor

from nsbench.config import Settings
from nsbench.errors import SettingsError
from nsbench.samplers.drawing.stream import Streams
from nsbench.samplers.sampler import Negatives
from nsbench.samplers.xir import Cache, CacheAugmented, XirSettings, log_shares
from tests.builder import dataset_of
from tests.pretend_gpu import PRETEND_GPU, pretended_gpu
from tests.samplers.log import CPU, N_ITEMS, batches_of, context_of, skewed_log, streams_of

LOG = skewed_log()
CONTEXT = context_of(LOG)


def built(**values: object) -> CacheAugmented:
    sampler = XirSettings.model_validate(values).build(CONTEXT)
    assert isinstance(sampler, CacheAugmented)
    return sampler


def test_what_real_positions_were_given_is_counted_on_top_of_one_for_each_candidate() -> None:
    """Two users of two positions, the last one padded; kept: of the first 5, of the second 5 and 7, then 7 (twice there).

    Items 5 and 7 were drawn again twice and three times: 3 and 4 with the one that each has from the start, which the two
    items without training interactions, 25 and 26, have not.
    """
    sampler = built()
    ids = torch.tensor([[[[5, 6, 7]], [[7, 7, 9]]]])  # [1, 2, 1, 3]
    mask = torch.tensor(
        [[[[True, False, False], [True, False, True]], [[True, True, False], [True, True, True]]]]
    )  # [1, 2, 2, 3]
    observed = torch.zeros(1, sampler.n_observed)
    targets = torch.tensor([[[1, 2], [3, 0]]])
    sampler.observe(Negatives(ids, mask), torch.zeros(1, 2, 2), targets, observed)
    state = sampler.initial_state()
    sampler.learn(state, observed[0])
    expected = [0, *(1 for _ in range(N_ITEMS)), 0, 0]
    expected[5], expected[7] = 3, 4
    assert state["resampled_counts"].tolist() == expected


def test_a_group_counts_for_each_user_what_was_given_of_the_draw_that_it_shares() -> None:
    """Three users share item 8 and 9: kept are 8 by all of them, at both positions of the first, and 9 by the last: 4 and 1."""
    sampler = built(negative_sharing="group")
    ids = torch.tensor([[[[8, 9]]]])
    mask = torch.tensor([[[[True, False]] * 2, [[True, False]] * 2, [[True, True]] * 2]])
    observed = torch.zeros(1, sampler.n_observed)
    targets = torch.tensor([[[1, 1], [1, 0], [1, 0]]])
    sampler.observe(Negatives(ids, mask, users_per_draw=3), torch.zeros(1, 3, 2), targets, observed)
    assert (observed[0, 8], observed[0, 9], observed.sum()) == (4, 1, 5)


@pytest.mark.parametrize("place", ["cpu", "gpu"])
def test_a_replicas_cache_holds_items_as_often_as_its_own_counts_say(place: str) -> None:
    """Counts 1, 0, 3 of 4, and 2, 2, 0 of 4: of 4,000 places 1,000 and 3,000, 2,000 and 2,000, within five deviations of 30."""
    counts = torch.tensor([[0, 1, 0, 3], [0, 2, 2, 0]])
    with pretended_gpu():
        device = CPU if place == "cpu" else PRETEND_GPU
        cache = Cache(4_000, counts[0].to(device))
        streams = Streams(*(torch.Generator(device).manual_seed(seed) for seed in range(2)))
        found = cache.filled(counts.to(device), streams).cpu()
        of_items = log_shares(counts.to(device), torch.tensor([[1, 3], [1, 2]]).to(device)).cpu()
    numbers = [np.bincount(own.numpy(), minlength=4).tolist() for own in found]
    assert numbers[0] == pytest.approx([0, 1_000, 0, 3_000], abs=150)
    assert numbers[1] == pytest.approx([0, 2_000, 2_000, 0], abs=150)
    assert numbers[0][2] == numbers[1][3] == 0
    assert of_items.exp().tolist() == [pytest.approx([0.25, 0.75]), pytest.approx([0.5, 0.5])]


def kept_share(sampler: CacheAugmented, scores: Tensor, log_q: Tensor, n: int = 4_000) -> list[float]:
    """How often each place is kept, over n positions of one user."""
    gumbel = -torch.log(-torch.log(torch.rand(1, 1, n, 5, generator=torch.Generator().manual_seed(0))))
    ids, mask = torch.tensor([[[[1, 2, 3, 4, 5]]]]), torch.tensor([[[[True, True, True, True, True]]]])
    pool = Negatives(ids, mask, offsets=gumbel - log_q)
    kept = sampler.select(pool, scores.expand(1, 1, n, 5).contiguous(), torch.zeros(1, 1, n)).mask
    share: list[float] = kept.double().mean((0, 1, 2)).tolist()
    return share


def test_each_part_draws_again_by_its_own_probabilities() -> None:
    """Three places of the cache, two of the batch, one kept of each: within four deviations, .032.

    Scores 0. The cache's q are 1/2, 1/4, 1/4: weights 2, 4, 4. The batch's p are 1/5 and 4/5: weights 5 to 5/4.
    With the first place's score log 2 higher, its weight is 4: a third each.
    """
    sampler = built(n_negatives=5, n_resampled=2, cache_share=0.6)
    assert (sampler.n_from_cache, sampler.n_kept) == (3, (1, 1))
    log_q = torch.tensor([0.5, 0.25, 0.25, 0.2, 0.8]).log()
    assert kept_share(sampler, torch.zeros(5), log_q) == pytest.approx([0.2, 0.4, 0.4, 0.8, 0.2], abs=0.032)
    scores = torch.tensor([math.log(2), 0, 0, 0, 0])
    assert kept_share(sampler, scores, log_q) == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0.8, 0.2], abs=0.032)


def test_what_is_masked_is_never_drawn_again() -> None:
    sampler = built(n_negatives=5, n_resampled=4, cache_share=0.6)
    mask = torch.tensor([[[[True, False, True, False, True]]]])
    pool = Negatives(torch.tensor([[[[1, 2, 3, 4, 5]]]]), mask, offsets=torch.zeros(1, 1, 1, 5))
    kept = sampler.select(pool, torch.tensor([[[[0.0, 50, 1, 50, 0]]]]), torch.zeros(1, 1, 1)).mask
    assert kept.tolist() == mask.tolist()


@pytest.mark.parametrize("sharing", ["user", "group"])
def test_the_offsets_are_gumbel_numbers_less_each_places_own_log_q(sharing: Literal["user", "group"]) -> None:
    """Their mean over many draws of an item is Euler's constant less log q: the cache's counts first, then the batch's share."""
    sampler = built(n_negatives=40, cache_size=200, negative_sharing=sharing)
    streams = streams_of(sampler, 0)
    counts = torch.arange(N_ITEMS + 3) ** 2
    counts[N_ITEMS + 1 :] = 0
    streams.states[0]["resampled_counts"].copy_(counts)
    sums, numbers = torch.zeros(2, N_ITEMS + 1, dtype=torch.float64), torch.zeros(2, N_ITEMS + 1)
    for seed in range(20):
        for batch in batches_of(LOG, 20, seed):
            negatives = sampler.propose(batch, streams).by_user()
            assert negatives.offsets is not None
            for part, places in enumerate((slice(0, 20), slice(20, 40))):
                ids = negatives.item_ids[..., places].expand(negatives.offsets[..., places].shape).flatten()
                real = (batch.targets > 0)[..., None] & negatives.mask[..., places]
                ids, found = ids[real.flatten()], negatives.offsets[..., places][real]
                sums[part].index_add_(0, ids, found.double())
                numbers[part].index_add_(0, ids, torch.ones(len(ids)))
    shares = torch.stack([counts[: N_ITEMS + 1] / counts.sum(), CONTEXT.target_share[: N_ITEMS + 1]])
    often = numbers > 2_000
    assert int(often[0].sum()) > 5
    assert int(often[1].sum()) > 5
    difference = sums / numbers + shares.log()
    # A Gumbel number's deviation is 1.28: of 2,000, .029 of their mean.
    assert difference[often].tolist() == pytest.approx([0.5772] * int(often.sum()), abs=0.15)


@pytest.mark.parametrize("sharing", ["user", "group"])
def test_the_pool_follows_log_q_of_the_counts(sharing: Literal["user", "group"]) -> None:
    """Counts that grow with the item's number, against popularity: one draw each of many batches, chi-square."""
    sampler = built(n_negatives=20, n_resampled=5, cache_size=500, cache_share=0.7, negative_sharing=sharing)
    streams, pick, row = streams_of(sampler, 5), np.random.default_rng(0), 3
    counts = torch.arange(N_ITEMS + 3)
    counts[N_ITEMS + 1 :] = 0
    streams.states[0]["resampled_counts"].copy_(counts)
    own, catalogue = sampler.in_state(streams.states[0]), torch.arange(1, N_ITEMS + 1)
    found, expected, n_valid, n_expected = np.zeros(N_ITEMS), np.zeros(N_ITEMS), 0.0, 0.0
    for seed in range(700):
        batch = batches_of(LOG, 20, seed)[0]
        part = sampler.propose(batch, streams).rows(row, row + 1, 1)
        ids, mask = torch.broadcast_tensors(part.item_ids[:1], part.mask[:1])
        found[pick.choice(ids[mask].numpy()) - 1] += 1
        unseen = ~CONTEXT.whole_history.contains(batch.users[row], catalogue)
        log_q = own.log_q(batch, catalogue.expand(20, 1, -1)).expand(20, batch.inputs.shape[1], -1)[row, 0].double()
        expected += torch.softmax(log_q.masked_fill(~unseen, -math.inf), 0).numpy()
        n_valid += int(mask.sum())
        n_expected += float(log_q.exp()[unseen].sum())
    assert chisquare(found, expected).pvalue > 1e-4
    assert n_valid == pytest.approx(n_expected, rel=0.03)


def test_a_replica_learns_for_itself() -> None:
    log = dataset_of([[1, 2, 3], [4, 5, 6]])
    sampler = XirSettings().build(context_of(log))
    states = [sampler.initial_state() for _ in range(2)]
    sampler.learn(states[0], torch.arange(7.0))
    assert states[0]["resampled_counts"].tolist() == [0, 2, 3, 4, 5, 6, 7]
    assert states[1]["resampled_counts"].tolist() == [0, 1, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("values", "from_cache", "kept"),
    [
        ({}, 50, (12, 13)),
        ({"cache_share": 0.01, "n_resampled": 2}, 1, (1, 1)),
        ({"cache_share": 0.99, "n_resampled": 2}, 99, (1, 1)),
        ({"n_negatives": 2, "n_resampled": 2}, 1, (1, 1)),
    ],
)
def test_each_part_has_its_share_and_at_least_one(
    values: dict[str, float], from_cache: int, kept: tuple[int, int]
) -> None:
    """Half of 25 is 12.5, which is rounded to 12."""
    sampler = built(**values)
    assert (sampler.n_from_cache, sampler.n_kept) == (from_cache, kept)
    assert sampler.in_batch.n_negatives == XirSettings.model_validate(values).n_negatives - from_cache


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(SettingsError, match="n_resampled is 200, but only 100 negatives are proposed"):
        Settings.of("xir", {"n_resampled": 200})
    with pytest.raises(SettingsError, match="replay_factor = 1: what XIR draws depends on the model"):
        Settings.of("xir", {"replay_factor": 1})
    with pytest.raises(SettingsError, match="XIR selects negatives by the model's scores"):
        Settings.of("xir+softmax", {"log_q": "corrected"})
