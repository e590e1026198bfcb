"""How the probabilities of cohorts follow the losses of their positives, and what is drawn by them."""

import math
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from nsbench.batching.batch import UserBatch
from nsbench.config import Settings
from nsbench.errors import SettingsError
from nsbench.samplers.adaptive_cohort import AdaptiveCohort, AdaptiveCohortSettings
from nsbench.samplers.drawing.stream import SamplerState, Streams
from nsbench.samplers.sampler import Negatives
from nsbench.terms import Cohort
from tests.builder import dataset_of
from tests.pretend_gpu import PRETEND_GPU, pretended_gpu
from tests.samplers.log import CPU, N_ITEMS, batches_of, context_of, skewed_log, streams_of

LOG = skewed_log()
CONTEXT = context_of(LOG)
SIZES = [int((CONTEXT.cohorts == cohort).sum()) for cohort in (Cohort.HEAD, Cohort.MID, Cohort.TAIL)]


def built(**values: object) -> AdaptiveCohort:
    sampler = AdaptiveCohortSettings.model_validate(values).build(CONTEXT)
    assert isinstance(sampler, AdaptiveCohort)
    return sampler


def state_of(probabilities: list[float]) -> SamplerState:
    return {
        "cohort_probabilities": torch.tensor(probabilities, dtype=torch.float64),
        "cohort_velocities": torch.zeros(3, dtype=torch.float64),
    }


def test_at_first_a_cohort_is_as_likely_as_it_has_items() -> None:
    probabilities = built().initial_state()["cohort_probabilities"].tolist()
    assert probabilities == pytest.approx([size / N_ITEMS for size in SIZES])


def test_the_losses_of_a_steps_positives_are_summed_by_cohort() -> None:
    """Scores 0 and log 3 of head, 0 of tail, one padded: head log 2 + log(4/3), mid nothing, tail log 2; 2, 0 and 1 positives."""
    sampler = built()
    head, tail = (int((CONTEXT.cohorts == cohort).nonzero()[0]) for cohort in (Cohort.HEAD, Cohort.TAIL))
    targets = torch.tensor([[[head, tail], [head, 0]]])
    scores = torch.tensor([[[0.0, 0.0], [math.log(3), 5.0]]])
    observed = torch.zeros(1, 6)
    nothing = Negatives(torch.ones(1, 2, 1, 1, dtype=torch.int64), torch.ones(1, 2, 1, 1, dtype=torch.bool))
    sampler.observe(nothing, scores, targets, observed)
    assert observed[0].tolist() == pytest.approx([math.log(2) + math.log(4 / 3), 0, math.log(2), 2, 0, 1])


def test_probabilities_move_away_from_a_cohort_with_a_high_loss_and_on_by_their_momentum() -> None:
    """Mean losses 1, 2 and 6, 3 on average: g = -2, -1, 3; half of it is v, and a tenth of that moves p = .4, .2, .4.

    p = .4 + .1, .2 + .05, .4 - .15; then losses are equal: v halves, and p = .55, .275, .175. At ten times the velocity p would
    be .8, .4, -.2, and the tail is held at a tenth of its share of the items, f: (.8, .4, f) / (1.2 + f).
    """
    sampler = built(cohort_step_size=0.1, cohort_momentum=0.5)
    state, floor = state_of([0.4, 0.2, 0.4]), 0.1 * SIZES[2] / N_ITEMS
    sampler.learn(state, torch.tensor([2.0, 4.0, 6.0, 2.0, 2.0, 1.0]))
    assert state["cohort_velocities"].tolist() == pytest.approx([-1, -0.5, 1.5])
    assert state["cohort_probabilities"].tolist() == pytest.approx([0.5, 0.25, 0.25])
    sampler.learn(state, torch.tensor([1.0, 1.0, 1.0, 1.0, 1.0, 1.0]))
    assert state["cohort_velocities"].tolist() == pytest.approx([-0.5, -0.25, 0.75])
    assert state["cohort_probabilities"].tolist() == pytest.approx([0.55, 0.275, 0.175])
    state["cohort_velocities"].mul_(10)
    sampler.learn(state, torch.tensor([1.0, 1.0, 1.0, 1.0, 1.0, 1.0]))
    total = 0.8 + 0.4 + floor
    assert state["cohort_probabilities"].tolist() == pytest.approx([0.8 / total, 0.4 / total, floor / total])


def test_a_cohort_without_a_positive_in_a_step_is_not_compared() -> None:
    """Head 1 and mid 3, 2 on average: g = -1, 1, 0. Without any positive nothing moves."""
    sampler = built(cohort_step_size=0.1, cohort_momentum=0.0)
    state = state_of([0.3, 0.4, 0.3])
    sampler.learn(state, torch.tensor([1.0, 6.0, 0.0, 1.0, 2.0, 0.0]))
    assert state["cohort_probabilities"].tolist() == pytest.approx([0.4, 0.3, 0.3])
    sampler.learn(state, torch.zeros(6))
    assert state["cohort_probabilities"].tolist() == pytest.approx([0.4, 0.3, 0.3])


@pytest.mark.parametrize("place", ["cpu", "gpu"])
def test_each_replica_draws_by_its_own_probabilities_and_any_item_of_a_cohort_alike(place: str) -> None:
    """A user without a history, by (.6, .3, .1) and (.1, .2, .7): chi-square over the items of 3,000 draws."""
    log = skewed_log()
    no_history = dataset_of(
        [*(log.item_ids[a:b].tolist() for a, b in zip(log.offsets, log.train_end, strict=False)), []]
    )
    wanted = [[0.6, 0.3, 0.1], [0.1, 0.2, 0.7]]
    with pretended_gpu():
        device = CPU if place == "cpu" else PRETEND_GPU
        context = context_of(no_history, device)
        cohorts = context_of(no_history).cohorts
        sampler = AdaptiveCohortSettings(n_negatives=3_000).build(context)
        n = 1 if place == "cpu" else 2
        users = torch.full((n,), no_history.n_users - 1).to(device)
        ones = torch.ones(n, 1, dtype=torch.int64).to(device)
        batch = UserBatch(users, ones[:, 0], ones, ones, n)
        for first in range(0, 2, n):
            states = [
                {name: one.to(device) for name, one in state_of(own).items()} for own in wanted[first : first + n]
            ]
            streams = Streams(*(torch.Generator(device).manual_seed(seed) for seed in range(n)), states=states)
            drawn = sampler.propose(batch, streams).item_ids.cpu()
            for probabilities, own in zip(wanted[first:], drawn, strict=False):
                sizes = [int((cohorts == cohort).sum()) for cohort in range(3)]
                expected = [
                    3_000 * probabilities[int(cohorts[item])] / sizes[int(cohorts[item])]
                    for item in range(1, no_history.n_items + 1)
                ]
                found = np.bincount(own.flatten().numpy(), minlength=no_history.n_items + 1)[1:]
                assert chisquare(found, expected).pvalue > 1e-4


def test_an_empty_cohort_is_never_drawn_from() -> None:
    """One item with more than two thirds: by the published rule all are tail, whatever losses say."""
    log = dataset_of([[1] * 9 + [2, 3, 4], []], test=[[], [1]])
    sampler = AdaptiveCohortSettings(n_negatives=500).build(replace(context_of(log), cohort_rule="published"))
    streams = streams_of(sampler, 0)
    sampler.learn(streams.states[0], torch.tensor([0.0, 0.0, 5.0, 0.0, 0.0, 1.0]))
    assert streams.states[0]["cohort_probabilities"].tolist() == [0, 0, 1]
    negatives = sampler.propose(UserBatch(*(torch.tensor(part) for part in ([1], [1], [[2]], [[3]]))), streams)
    assert set(negatives.item_ids.flatten().tolist()) == {1, 2, 3, 4}


@pytest.mark.parametrize("sharing", ["position", "user", "group", "batch"])
def test_draws_follow_log_q_of_the_probabilities_of_the_moment(
    sharing: Literal["position", "user", "group", "batch"],
) -> None:
    """By (.2, .5, .3), the first user's unseen items: one draw each of 700 batches, chi-square, and their expected number."""
    sampler = built(n_negatives=20, negative_sharing=sharing)
    streams, pick, catalogue = streams_of(sampler, 5), np.random.default_rng(0), torch.arange(1, N_ITEMS + 1)
    streams.states[0]["cohort_probabilities"].copy_(torch.tensor([0.2, 0.5, 0.3]))
    own = sampler.in_state(streams.states[0])
    found, expected, n_valid, n_expected = np.zeros(N_ITEMS), np.zeros(N_ITEMS), 0.0, 0.0
    for seed in range(700):
        batch = batches_of(LOG, 20, seed)[0]
        part = sampler.propose(batch, streams).rows(0, 1, 1)
        ids, mask = torch.broadcast_tensors(part.item_ids[:1], part.mask[:1])
        found[pick.choice(ids[mask].numpy()) - 1] += 1
        unseen = ~CONTEXT.whole_history.contains(batch.users[0], catalogue)
        log_q = own.log_q(batch, catalogue.expand(20, 1, -1)).expand(20, 1, -1)[0, 0].double()
        expected += torch.softmax(log_q.masked_fill(~unseen, -math.inf), 0).numpy()
        n_valid += int(mask.sum())
        n_expected += float(log_q.exp()[unseen].sum())
    assert chisquare(found, expected).pvalue > 1e-4
    assert n_valid == pytest.approx(n_expected, rel=0.03)


def test_draws_that_follow_the_losses_are_not_replayed() -> None:
    with pytest.raises(SettingsError, match="replay_factor = 1: what Adaptive cohort draws depends on the model"):
        Settings.of("adaptive-cohort", {"replay_factor": 1})
