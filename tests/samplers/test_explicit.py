"""Explicit negatives as negatives of training: whose, which, how often, and what is refused."""

from dataclasses import replace

import pytest
import torch
from pydantic import ValidationError

from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.errors import SettingsError
from nsbench.runs.all_data import all_as_training
from nsbench.runs.preparation import settled
from nsbench.samplers.composition.composed import composed_settings
from nsbench.samplers.explicit import Explicit, ExplicitSettings, needs_explicit_negatives
from tests.builder import dataset_of, with_negatives
from tests.samplers.log import batches_of, context_of, streams_of

LOG = with_negatives(
    dataset_of(train=[[1, 2], [1, 3], [2, 1]], valid=[[4]], test=[[], [4], []], n_items=6),
    train=[[3, 5, 5, 2, 3], [], [3]],
    test=[[1, 3], [2]],
)
"""Items 4 to 6 are cold. User 0 turned down 3 (twice), 5 (cold) and 2 (of the history) in training, the others later."""


def sampler_of(log: Dataset = LOG, n: int = 8, **values: object) -> Explicit:
    built = ExplicitSettings.model_validate({"n_negatives": n, **values}).build(context_of(log))
    assert isinstance(built, Explicit)
    return built


def drawn(sampler: Explicit, log: Dataset = LOG) -> dict[int, set[int]]:
    (batch,) = batches_of(log, 3)
    negatives = sampler.propose(batch, streams_of(sampler, 0))
    assert negatives.item_ids.shape == (len(batch.users), 1, 8)
    return {
        user: set(negatives.item_ids[row][negatives.mask[row]].tolist())
        for row, user in enumerate(batch.users.tolist())
    }


def test_each_user_draws_from_the_own_ones_of_the_time_of_training() -> None:
    """Users 0 and 2 have item 3 alone, user 1 nothing."""
    assert drawn(sampler_of()) == {0: {3}, 1: set(), 2: {3}}


def test_all_data_trains_on_all_of_them() -> None:
    """User 1's item 2 of the time of the test too; user 0's item 5 is a candidate then, if training has it."""
    log = all_as_training(LOG)
    assert drawn(sampler_of(log), log)[1] == {2}


def test_log_q_is_the_draws_over_the_users_own_items() -> None:
    """8 draws: user 0 has two items, each comes 4 times; user 1 has one, and user 2 isn't in the batch for want of a target."""
    log = with_negatives(dataset_of(train=[[1, 2], [3, 4, 1], [5]], n_items=5), train=[[3, 4], [5]])
    (batch,) = batches_of(log, 3)
    log_q = sampler_of(log).log_q(batch, torch.arange(1, 6).expand(len(batch.users), 1, -1)).exp()
    rows = {user: log_q[row, 0].tolist() for row, user in enumerate(batch.users.tolist())}
    assert rows == {0: pytest.approx([0, 0, 4, 4, 0]), 1: pytest.approx([0, 0, 0, 0, 8])}


def test_items_of_the_history_are_no_negatives_but_where_only_the_last_targets_count() -> None:
    """With max_length 6 the window holds the targets 3 to 8 of user 0's items 1 to 8; 1 and 2 lie before it."""
    log = with_negatives(dataset_of(train=[[1, 2, 3, 4, 5, 6, 7, 8], [9]], n_items=9), train=[[1, 3, 9]])
    assert drawn(sampler_of(log), log) == {0: {9}}
    assert drawn(sampler_of(log, exclude_history="window"), log) == {0: {1, 9}}


def test_a_mixture_adds_the_expected_counts() -> None:
    """10 uniform draws over the 5 items, each drawn 2 times, and 4 of user 0's two explicit ones, 2 times each.

    The two users' histories leave uniform draws again and again on the rest, which is in `log_tries`: compared is the surplus.
    """
    log = with_negatives(dataset_of(train=[[1, 2], [3, 4, 1], [5]], n_items=5), train=[[3, 4], [5]])
    (batch,) = batches_of(log, 3)
    row = batch.users.tolist().index(0)
    every = torch.arange(1, 6).expand(len(batch.users), 1, -1)
    mixed = composed_settings("mixed(random(10),explicit(4))")().build(context_of(log)).log_q(batch, every).exp()
    alone = composed_settings("random(10)")().build(context_of(log)).log_q(batch, every).exp()
    assert (mixed - alone)[row, 0].tolist() == pytest.approx([0, 0, 2, 2, 0], abs=1e-5)


@pytest.mark.parametrize("sampler", ["explicit", "mixed(random(90),explicit(10))", "hardest(explicit(9),k=2)"])
def test_a_dataset_without_them_is_refused_before_anything_is_trained(sampler: str) -> None:
    with pytest.raises(SettingsError, match="dataset 'tiny' has none; prepare the log with --negative-events"):
        settled(Settings.of(sampler), replace(LOG, explicit_negatives=None))
    assert settled(Settings.of(sampler), LOG).sampler.n_proposed in {9, 10, 100}


def test_one_whose_negatives_all_come_later_is_refused() -> None:
    later = with_negatives(replace(LOG, explicit_negatives=None), train=[], test=[[1, 3], [2]])
    with pytest.raises(SettingsError, match="the 3 of dataset 'tiny' all come after the first validation interaction"):
        settled(Settings.of("explicit"), later)


def test_only_samplers_that_draw_from_them_need_them() -> None:
    assert needs_explicit_negatives(composed_settings("mixed(batch(5),explicit)")())
    assert not needs_explicit_negatives(composed_settings("mixed(batch(5),random(5))")())
    assert needs_explicit_negatives(ExplicitSettings)


def test_they_are_not_shared_by_a_group() -> None:
    settings = composed_settings("mixed(random(90),explicit(10))")
    with pytest.raises(ValidationError, match="explicit negatives are each user's own"):
        settings.model_validate({"negative_sharing": "group"})
