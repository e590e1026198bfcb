"""What single samplers do beyond the contract."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from nsbench.batching.batch import UserBatch
from nsbench.batching.window import windows_of
from nsbench.config import Settings
from nsbench.errors import SettingsError
from nsbench.samplers import SAMPLERS
from nsbench.samplers.adaptive import AdaptiveSettings, Hardest
from nsbench.samplers.batch import BatchSettings, in_batch
from nsbench.samplers.cohort import CohortSettings
from nsbench.samplers.drawing.history import UserHistory, pair_filter
from nsbench.samplers.drawing.independent import Independent
from nsbench.samplers.drawing.selection import kth_highest
from nsbench.samplers.drawing.sharing import users_per_group
from nsbench.samplers.drawing.stream import Streams
from nsbench.samplers.mixed import MixedSettings, mixed
from nsbench.samplers.popularity import Alias, PopularitySettings, alias_table
from nsbench.samplers.random import RandomSettings, Uniform
from nsbench.samplers.sampler import Negatives
from nsbench.terms import Cohort
from tests.builder import dataset_of
from tests.samplers.log import batches_of, context_of, skewed_log, streams_of
from tests.samplers.on_gpu import SamplerOnGpu

LOG = skewed_log()
CONTEXT = context_of(LOG)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_pool_is_not_repeated_by_in_batch_sampling() -> None:
    """Four users with distinct targets: a sample of 6 from the 12 targets never holds a target twice."""
    log = dataset_of([[1, 2, 3, 4], [1, 5, 6, 7], [1, 8, 9, 10], [1, 11, 12, 13]])
    batch = batches_of(log, 4)[0]
    item_ids = in_batch(6, context_of(log), "whole").propose(batch, Streams(generator())).item_ids
    assert item_ids.shape == (4, 1, 6)
    assert all(len(set(row.flatten().tolist())) == 6 for row in item_ids)


def test_in_batch_gives_what_there_is_when_the_batch_is_small() -> None:
    """Two users of two targets each: a user can only get the other one's two."""
    log = dataset_of([[1, 2, 3], [1, 4, 5]])
    batch = batches_of(log, 2)[0]
    negatives = in_batch(50, context_of(log), "whole").propose(batch, Streams(generator()))
    for row, user in enumerate(batch.users.tolist()):
        assert sorted(negatives.item_ids[row][negatives.mask[row]].tolist()) == ([4, 5] if user == 0 else [2, 3])


def test_a_groups_users_share_what_is_drawn_and_each_masks_the_own_history() -> None:
    """Five users with two targets of their own each, in threes: two samples of the pool of ten, the second for two users."""
    log = dataset_of([[1, 2 * user, 2 * user + 1] for user in range(1, 6)])
    context = context_of(log)
    batch = batches_of(log, 5)[0]
    for settings in (BatchSettings(n_negatives=10, negative_sharing="group"), RandomSettings(negative_sharing="group")):
        negatives = settings.build(context).propose(batch, Streams(generator()))
        assert (negatives.item_ids.shape[0], negatives.mask.shape[0], negatives.users_per_draw) == (2, 5, 3)
        own = negatives.by_user()
        assert torch.equal(own.item_ids[:3], negatives.item_ids[[0, 0, 0]])
        assert torch.equal(own.item_ids[3:], negatives.item_ids[[1, 1]])
        for row, user in enumerate(batch.users.tolist()):
            had = {1, 2 * user + 2, 2 * user + 3}
            assert [item in had for item in own.item_ids[row, 0].tolist()] == (~own.mask[row, 0]).tolist()


def test_a_groups_in_batch_sample_holds_no_target_twice() -> None:
    """Ten different targets, ten asked for: each group has all of them."""
    log = dataset_of([[1, 2 * user, 2 * user + 1] for user in range(1, 6)])
    sampler = BatchSettings(n_negatives=10, negative_sharing="group").build(context_of(log))
    item_ids = sampler.propose(batches_of(log, 5)[0], Streams(generator())).item_ids
    assert [sorted(row.flatten().tolist()) for row in item_ids] == [list(range(2, 12))] * 2


def test_a_group_has_the_targets_of_the_longest_user_and_a_step_sixteen_draws() -> None:
    """100 users of 1 target and one of 50: 1.49 on average, 34 to the longest; 128 users make 16 groups of 8, 15 none."""
    windows = windows_of(dataset_of([[1, 2]] * 100 + [list(range(1, 52))]), 50)
    assert [users_per_group(windows, batch_size) for batch_size in (10_000, 128, 15)] == [34, 8, 1]


def test_a_group_of_one_draws_as_a_user_does() -> None:
    context = replace(CONTEXT, users_per_group=1)
    batch = batches_of(LOG, 16)[0]
    for settings in (BatchSettings, MixedSettings, RandomSettings):
        drawn = [
            settings(negative_sharing=shared_by).build(context).propose(batch, Streams(generator()))  # type: ignore[arg-type]
            for shared_by in ("user", "group")
        ]
        assert torch.equal(drawn[0].item_ids, drawn[1].item_ids)
        assert torch.equal(drawn[0].mask, drawn[1].mask)


def test_popularity_is_a_power_of_the_training_counts() -> None:
    """Counts 4, 2, 1: with gamma 1 shares are 4/7, 2/7, 1/7; with gamma -1 they are 1/7, 2/7, 4/7."""
    log = dataset_of([[1, 2], [1, 2], [1], [1, 3]])
    context = context_of(log)
    assert context.popularity("interactions", 1)[1:].tolist() == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    assert context.popularity("interactions", -1)[1:].tolist() == pytest.approx([1 / 7, 2 / 7, 4 / 7])


def test_popularity_by_users_counts_a_users_repeats_once() -> None:
    """Item 1 comes three times from one user, item 2 once from each of two: 3 to 2 interactions, 1 to 2 users."""
    log = dataset_of([[1, 1, 1, 2], [2, 3]])
    context = context_of(log)
    assert context.popularity("interactions", 1)[1:3].tolist() == pytest.approx([3 / 6, 2 / 6])
    assert context.popularity("users", 1)[1:3].tolist() == pytest.approx([1 / 4, 2 / 4])


def test_popularity_reaches_items_beyond_two_to_the_24th_place() -> None:
    """All mass on the last of 17 million items, which a float32 cumulative sum or multinomial can't address."""
    n_items = 17_000_000
    nothing = UserHistory(
        torch.tensor([2**63 - 1]),
        torch.zeros(LOG.n_users + 1, dtype=torch.int64),
        n_items + 1,
        pair_filter(np.empty(0, dtype=np.int64), LOG.n_users * (n_items + 1), torch.device("cpu")),
    )
    probabilities = torch.zeros(n_items + 1, dtype=torch.float64)
    probabilities[n_items] = 0.5
    probabilities[n_items - 1] = 0.5
    batch = batches_of(LOG, 8)[0]
    item_ids = Independent.of(Alias(probabilities), 40, nothing).propose(batch, Streams(generator())).item_ids
    assert set(item_ids.unique().tolist()) == {n_items - 1, n_items}


def test_the_mixture_adds_its_parts_expected_counts() -> None:
    """M p_j + N / |I| before the history is left out: here with a user who has had nothing of the catalogue's tail."""
    batch = batches_of(LOG, 20)[0]
    catalogue = torch.arange(1, 25).expand(20, 1, -1)
    both = mixed(5, 10, CONTEXT, "whole")
    parts = [part.log_q(batch, catalogue).exp().expand(20, 1, 24) for part in both.parts]
    assert torch.allclose(both.log_q(batch, catalogue).exp(), parts[0] + parts[1])


def test_uniform_log_q_is_n_over_the_unseen_catalogue() -> None:
    """A user with 7 distinct of 24 items: 10 draws spread over 17 items, 10 / 17 each, up to (7/24)^9 that stay masked."""
    batch = batches_of(LOG, 20)[0]
    user = batch.users[0]
    n_seen = int(CONTEXT.whole_history.offsets[user + 1] - CONTEXT.whole_history.offsets[user])
    log_q = Independent.of(Uniform(24), 10, CONTEXT.whole_history).log_q(batch, torch.ones(1, 1, 1, dtype=torch.int64))
    assert float(log_q[0]) == pytest.approx(math.log(10 / (24 - n_seen)), abs=1e-3)


def test_the_hardest_are_the_highest_scored_valid_negatives() -> None:
    """Scores 5, 4, 3, 2 with the first one masked: the hardest two are the second and the third."""
    negatives = Negatives(torch.tensor([[[1, 2, 3, 4]]]), torch.tensor([[[False, True, True, True]]]))
    scores = torch.tensor([[[5.0, 4.0, 3.0, 2.0]]])
    chosen = Hardest(Independent.of(Uniform(24), 4, CONTEXT.whole_history), 2).select(negatives, scores, scores[..., 0])
    assert chosen.mask.tolist() == [[[False, True, True, False]]]


def test_the_hardest_never_fill_up_with_masked_negatives() -> None:
    """Three are asked for and one is valid: one is kept."""
    negatives = Negatives(torch.tensor([[[1, 2, 3, 4]]]), torch.tensor([[[False, False, False, True]]]))
    scores = torch.zeros(1, 1, 4)
    sampler = Hardest(Independent.of(Uniform(24), 4, CONTEXT.whole_history), 3)
    chosen = sampler.select(negatives, scores, scores[..., 0])
    assert chosen.mask.tolist() == [[[False, False, False, True]]]


TIED = torch.tensor([[[[1.0, 3.0, 2.0, 2.0, 2.0, 0.0], [2.0, 2.0, 2.0, 2.0, 2.0, 2.0]]]])


@pytest.mark.parametrize("place", ["cpu", "gpu"])
@pytest.mark.parametrize(
    ("ties", "chosen"),
    [("all", ["-x-xx-", "xx-xxx"]), ("first", ["-x-xx-", "xx-x--"]), ("first of fewer", ["-x----", "xx----"])],
)
def test_of_negatives_that_tie_with_the_last_of_the_hardest_all_are_kept_or_the_first(
    place: str, ties: str, chosen: list[str]
) -> None:
    """Three are asked for, and the third place is masked: 3, 2 and 2 of the first position, three of five 2s of the second.

    With one valid negative left, or two, no masked one fills the rest.
    """
    mask = torch.tensor([[[True, True, False, True, True, True]]])
    if ties == "first of fewer":
        mask = torch.tensor([[[[False, True, False, False, False, False], [True, True, False, False, False, False]]]])[
            0
        ]
    settings = AdaptiveSettings(n_negatives=6, n_hardest=3, hardest_ties="all" if ties == "all" else "first")
    sampler = settings.build(CONTEXT) if place == "cpu" else SamplerOnGpu(settings, LOG)
    selected = sampler.select(Negatives(torch.arange(1, 7).view(1, 1, 6), mask), TIED[0], TIED[0, ..., 0])
    assert ["".join("-x"[kept] for kept in row) for row in selected.mask.expand(1, 2, 6)[0].tolist()] == chosen


def test_cohort_takes_its_share_from_the_positives_own_cohort() -> None:
    """20 negatives, half from the own cohort: 10 own and 5 of each other one, where the history takes none away."""
    batch = batches_of(LOG, 20)[0]
    sampler = CohortSettings(n_negatives=20, own_cohort_share=0.5).build(CONTEXT)
    negatives = sampler.propose(batch, Streams(generator()))
    item_ids, mask = torch.broadcast_tensors(negatives.item_ids, negatives.mask)
    for row in range(3):
        for position in range(batch.inputs.shape[1]):
            own = int(CONTEXT.cohorts[batch.targets[row, position]])
            kept = CONTEXT.cohorts[item_ids[row, position][mask[row, position]]]
            numbers = [int((kept == cohort).sum()) for cohort in (Cohort.HEAD, Cohort.MID, Cohort.TAIL)]
            assert numbers[own] <= 10
            assert sum(numbers) <= 20
            assert numbers[Cohort.TAIL] == (10 if own == Cohort.TAIL else 5)


def test_cohort_negatives_go_by_the_cohorts_of_the_evaluation() -> None:
    """User 0 had item 1 nine times; by users the head is 2 and 3, mid 4, and 1 is with 5 and 6 in the tail.

    By interactions (19 in all) the head is 1, mid 2 and 3. Users with it: 1 3 3 2 1 1 of 11, so 3/11 6/11 8/11.
    """
    log = dataset_of([[1] * 9 + [2, 3], [2, 3, 4], [2, 3, 4], [5, 6], []], test=[[], [], [], [], [1]])
    by_users = replace(context_of(log), cohort_counts="users", cohort_rule="published")
    assert by_users.cohorts.tolist() == [
        -1,
        Cohort.TAIL,
        Cohort.HEAD,
        Cohort.MID,
        Cohort.TAIL,
        Cohort.TAIL,
        Cohort.TAIL,
    ]
    sampler = CohortSettings(n_negatives=300, own_cohort_share=1.0).build(by_users)
    user = UserBatch(*(torch.tensor(part) for part in ([4], [1], [[2]], [[4]])))
    negatives = sampler.propose(user, Streams(generator()))
    assert set(negatives.item_ids[negatives.mask].tolist()) == {1, 4, 5, 6}


def test_cohort_negatives_of_an_empty_cohort_are_masked() -> None:
    """One item with more than two thirds: by the published rule all are tail, and no head or mid item is drawn."""
    log = dataset_of([[1] * 9 + [2, 3, 4], []], test=[[], [1]])
    context = replace(context_of(log), cohort_rule="published")
    negatives = (
        CohortSettings(n_negatives=30)
        .build(context)
        .propose(UserBatch(*(torch.tensor(part) for part in ([1], [1], [[2]], [[3]]))), Streams(generator()))
    )
    item_ids, mask = torch.broadcast_tensors(negatives.item_ids, negatives.mask)
    assert int(mask.sum()) == 16
    assert item_ids[mask].min() >= 1


def test_a_window_only_excludes_the_last_targets() -> None:
    """A history of 9 items at max_length 6: the published code would draw the first three as negatives."""
    log = dataset_of([list(range(1, 10)), [10, 11]])
    batch = UserBatch(*(torch.tensor(part) for part in ([0], [6], [[3, 4, 5, 6, 7, 8]], [[4, 5, 6, 7, 8, 9]])))
    drawn = {}
    for excluded in ("whole", "window"):
        sampler = RandomSettings(n_negatives=400, exclude_history=excluded).build(context_of(log))
        negatives = sampler.propose(batch, Streams(generator()))
        drawn[excluded] = set(negatives.item_ids[negatives.mask].tolist())
    assert drawn == {"whole": {10, 11}, "window": {1, 2, 3, 10, 11}}


@pytest.mark.parametrize(
    "name",
    sorted(name for name, one in SAMPLERS.items() if "exclude_history" in one.model_fields and name != "explicit"),
)
def test_as_published_only_what_draws_from_the_catalogue_alone_excludes_the_whole_history(name: str) -> None:
    """User 0's history is 1..9, its last six targets are 4..9; user 1's targets are 1, 2, 10, 11.

    Random, popularity and inverse popularity never give 1 or 2, nor do cohort and adaptive-cohort, which draw
    from the catalogue too; the others, whose pools hold both, do. Explicit draws from neither.
    """
    log = dataset_of([list(range(1, 10)), [3, 1, 2, 10, 11]])
    users, lengths = torch.tensor([0, 1]), torch.tensor([6, 4])
    inputs = torch.tensor([[3, 4, 5, 6, 7, 8], [3, 1, 2, 10, 0, 0]])
    targets = torch.tensor([[4, 5, 6, 7, 8, 9], [1, 2, 10, 11, 0, 0]])
    counts = {n: 200 for n in ("n_negatives", "n_in_batch", "n_uniform") if n in SAMPLERS[name].model_fields}
    sampler = SAMPLERS[name].model_validate({**counts, "exclude_history": "published"}).build(context_of(log))
    drawn = sampler.propose(UserBatch(users, lengths, inputs, targets), streams_of(sampler, 0)).rows(0, 1, 6)
    ids, mask = torch.broadcast_tensors(drawn.item_ids, drawn.mask)
    from_catalogue = {"random", "popularity", "inverse-popularity", "cohort", "adaptive-cohort"}
    expected = {10, 11} if name in from_catalogue else {1, 2, 10, 11}
    assert set(ids[mask].tolist()) & {1, 2, *range(4, 12)} == expected


def test_a_user_who_has_had_everything_gets_no_negatives() -> None:
    """Two items, both seen: every place is masked, and nothing loops for ever."""
    log = dataset_of([[1, 2], [1, 2]])
    batch = batches_of(log, 2)[0]
    for settings in (RandomSettings(), PopularitySettings()):
        assert not bool(settings.build(context_of(log)).propose(batch, Streams(generator())).mask.any())


def test_more_hardest_than_proposed_is_refused() -> None:
    with pytest.raises(SettingsError, match="n_hardest is 200, but only 100 negatives are proposed"):
        Settings.of("adaptive", {"n_negatives": 100, "n_hardest": 200})


def test_the_kth_highest_is_the_same_by_partition_and_by_sorting() -> None:
    scores = torch.randn(4, 5, 40, generator=generator())
    for k in (1, 7, 40):
        assert torch.equal(kth_highest(scores, k), scores.sort(-1, descending=True).values[..., k - 1 : k])


@pytest.mark.parametrize(
    "weights", [[1], [0, 1], [1, 1, 1], [0, 5, 1, 1, 1, 0], [0, 3, 2.9, 2.8, 0.1, 0.1, 0.1], "zipf"]
)
def test_an_alias_table_gives_each_item_its_probability(weights: list[float] | str) -> None:
    """A place is kept with `keep` of its 1 / n, and gives the rest to its alias."""
    raw = 1 / torch.arange(10, 5_000) if weights == "zipf" else torch.tensor(weights)
    probabilities = (raw / raw.sum()).double() / (raw / raw.sum()).double().sum()
    keep, alias = alias_table(probabilities)
    found = (keep / len(keep)).index_add_(0, alias, (1 - keep) / len(keep))
    assert torch.allclose(found, probabilities, rtol=1e-9, atol=1e-15)
    assert (keep[probabilities == 0] == 0).all()
    assert (probabilities[alias] > 0).all()
