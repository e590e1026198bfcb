"""A training whose users leave no negative is refused and says why; one with few is recorded and warned of."""

import logging
from typing import get_args

import pytest

from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.errors import NoNegatives
from nsbench.runs.experiment import run, run_replicas
from nsbench.runs.request import RunRequest
from nsbench.samplers import SAMPLERS
from nsbench.terms import NO_NEGATIVE_SHARE, RunKind
from nsbench.tracking.tracker import NullTracker
from tests.builder import dataset_of

REQUEST = RunRequest(RunKind.SINGLE, seed=0)
TINY = {"hidden_dim": 4, "max_length": 8, "max_epochs": 2, "validate_every": 1, "n_blocks": 1, "batch_size": 8}


def log_of(n_complete: int, n_others: int) -> Dataset:
    """Users who have had all 4 items (3 positions each), and users who have had the items 1 and 2 (1 position each)."""
    train = [[1, 2, 3, 4]] * n_complete + [[1, 2]] * n_others
    return dataset_of(train, [[1]] * len(train), [[2]] * len(train), n_items=4, seen_items="keep")


def every_sampler() -> list[object]:
    cases: list[object] = []
    for name, settings in SAMPLERS.items():
        if "negative_sharing" not in settings.model_fields:
            continue  # The whole catalogue is shared by all.
        for sharing in get_args(settings.model_fields["negative_sharing"].annotation):
            cases.append(pytest.param(name, sharing, id=f"{name}-{sharing}"))
    return cases


@pytest.mark.parametrize(("sampler", "sharing"), every_sampler())
def test_where_every_user_has_had_every_item_no_sampler_trains(sampler: str, sharing: str) -> None:
    """10 users of 3 positions; the sampler, the reason and a way out are named."""
    settings = Settings.of(sampler, {**TINY, "negative_sharing": sharing})
    with pytest.raises(NoNegatives) as caught:
        run(settings, log_of(10, 0), NullTracker(), REQUEST)
    message = str(caught.value)
    assert message.startswith("none of the 30 positions of epoch 1 had a negative (seed 0)")
    for part in (f"sampler {sampler}, 4 items", "exclude_history=whole", "more items than its users have had"):
        assert part in message
    assert caught.value.exit_code == 4


@pytest.mark.parametrize("sampler", ["batch", "adaptive-batch"])
def test_a_batch_of_one_user_has_no_in_batch_negatives(sampler: str) -> None:
    """The users differ, so that batches of several would do."""
    users = dataset_of([[1, 2], [1, 3], [2, 4]], [[1]] * 3, n_items=4, seen_items="keep")
    with pytest.raises(NoNegatives, match="batch_size=1 leaves none; set it to 2 or more"):
        run(Settings.of(sampler, {**TINY, "batch_size": 1}), users, NullTracker(), REQUEST)


def test_cohorts_that_may_hold_nothing_are_named() -> None:
    settings = Settings.of("cohort", {**TINY, "own_cohort_share": 0.0})
    with pytest.raises(NoNegatives, match=r"cohort without items \(own_cohort_share=0\).*larger own_cohort_share"):
        run(settings, log_of(10, 0), NullTracker(), REQUEST)


def test_the_share_is_recorded_and_a_sizeable_one_is_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    """2 complete users have 6 positions without a negative, 4 others 4 with some: 6 of 10."""
    with caplog.at_level(logging.WARNING, "nsbench"):
        record = run(Settings.of("random", TINY), log_of(2, 4), NullTracker(), REQUEST)
    assert record.metrics[NO_NEGATIVE_SHARE] == pytest.approx(0.6)
    assert [look.metrics[NO_NEGATIVE_SHARE] for look in record.validations] == pytest.approx([0.6, 0.6])
    (warning,) = [entry.getMessage() for entry in caplog.records]
    assert warning.startswith("60 % of the positions of epoch 1 had no negative")
    assert "exclude_history=whole" in warning


def test_few_positions_are_recorded_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    """1 complete user has 3 positions, 97 others 97: 3 of 100."""
    with caplog.at_level(logging.WARNING, "nsbench"):
        record = run(Settings.of("random", {**TINY, "max_epochs": 1}), log_of(1, 97), NullTracker(), REQUEST)
    assert record.metrics[NO_NEGATIVE_SHARE] == pytest.approx(0.03)
    assert caplog.records == []


def test_replicas_side_by_side_are_refused_together() -> None:
    settings = [Settings.of("random", {**TINY, "learning_rate": rate}) for rate in (1e-3, 2e-3)]
    requests = [REQUEST, RunRequest(RunKind.SINGLE, seed=1)]
    with pytest.raises(NoNegatives, match="none of the 30 positions"):
        run_replicas(settings, log_of(10, 0), NullTracker(), requests)
