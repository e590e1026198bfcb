"""Repeats that a worker trains side by side: the same results as alone, and the same care for each run."""

import numpy as np
import pytest
import torch

from nsbench.config import Settings
from nsbench.runs.experiment import run, run_replicas
from nsbench.runs.preparation import identity_of
from nsbench.runs.request import RunRequest
from nsbench.study.repeat import RepeatOrder, repeats_of
from nsbench.study.workers.process_pool import default_replicas
from nsbench.tensors.device import device_name
from nsbench.terms import RunKind
from nsbench.tracking.store import open_store
from nsbench.tracking.tracker import NullTracker
from nsbench.training.checkpoint.training_checkpoint import Checkpoints
from tests.study.study_builder import DATASET, TINY

THREE = RepeatOrder(3, n_replicas=3)


def settings_of(learning_rate, **values):
    """Settings that no other test has: a seed that was done by one would be left out by another."""
    return Settings.of("random", {**TINY, "learning_rate": learning_rate, **values})


def runs_of(home, settings):
    runs = open_store(home).reader().runs(DATASET, (RunKind.REPEAT,))
    return [one for one in runs if one.fingerprint == settings.fingerprint()]


def statuses(home, settings):
    return sorted(one.status for one in runs_of(home, settings))


class Saboteur:
    """Does something once, as soon as every run has looked at the validation interactions."""

    def __init__(self, act):
        self._act = act
        self.has_acted = False

    def show(self, sources):
        rows = [row for source in sources for row in source.rows()]
        if rows and not self.has_acted and all(row.state == "running" and row.epoch for row in rows):
            self.has_acted = True
            self._act()


def test_repeats_side_by_side_give_what_each_seed_gives_alone(session, dataset, home, viewer):
    """Up to float32 rounding, which may swap two items of equal score: of 120 users' targets at most one moves."""
    settings = settings_of(3.1e-3, max_epochs=4)
    session.run([repeats_of(settings, dataset, THREE, home)], DATASET, viewer)
    recorded = {one.seed: one for one in runs_of(home, settings)}
    assert sorted(recorded) == [0, 1, 2]
    for seed, one in recorded.items():
        alone = run(settings, dataset, NullTracker(), RunRequest(RunKind.REPEAT, seed))
        assert one.status == "FINISHED"
        assert one.metric("test/all/hit_rate_at_10") == pytest.approx(
            alone.metrics["test/all/hit_rate_at_10"], abs=0.01
        )
        assert one.metric("train/loss") == pytest.approx(alone.metrics["train/loss"], rel=1e-5)


def test_ranks_side_by_side_are_nearly_all_the_ranks_alone(dataset):
    settings = settings_of(3.2e-3, max_epochs=4)
    requests = [RunRequest(RunKind.REPEAT, seed) for seed in range(3)]
    together = run_replicas([settings] * 3, dataset, NullTracker(), requests)
    for record, request in zip(together.values(), requests, strict=True):
        alone = run(settings, dataset, NullTracker(), request)
        assert np.mean(record.ranks.ranks != alone.ranks.ranks) < 0.02


def test_a_seed_that_is_done_is_left_out_of_its_group_and_the_other_groups_stay(session, dataset, home, viewer):
    """Of seeds 0 to 7 in threes, 0 and 1 are done: 2 is alone, and 3 to 5 and 6 to 7 are together as ever."""
    settings = settings_of(3.3e-3)
    session.run([repeats_of(settings, dataset, RepeatOrder(2), home)], DATASET, viewer)
    rest = repeats_of(settings, dataset, RepeatOrder(8, n_replicas=3), home)
    groups = [[request.seed for request in rest.next_assignment().job.requests] for _ in range(3)]
    assert groups == [[2], [3, 4, 5], [6, 7]]
    assert (rest.n_finished, rest.n_planned) == (2, 8)


@pytest.mark.slow
def test_a_group_that_is_interrupted_goes_on_from_its_checkpoint(session, dataset, home, viewer):
    """The checkpoint is there in between, the same command asks for the same training, and uses it up."""
    settings = settings_of(3.4e-3, max_epochs=60, patience=0)

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        session.run([repeats_of(settings, dataset, THREE, home)], DATASET, Saboteur(interrupt))
    assert statuses(home, settings) == ["KILLED"] * 3
    requests = repeats_of(settings, dataset, THREE, home).next_assignment().job.requests
    identity = identity_of([settings] * 3, dataset, requests, device_name(torch.device("cpu")))
    checkpoint = Checkpoints(home.checkpoints).of(identity)
    assert checkpoint.load() is not None
    again = repeats_of(settings, dataset, THREE, home)
    session.run([again], DATASET, viewer)
    assert again.n_finished == 3
    assert statuses(home, settings) == ["FINISHED"] * 3 + ["KILLED"] * 3
    assert not checkpoint.path.exists()


@pytest.mark.parametrize(("device", "n_replicas"), [("cpu", 1), ("cuda", 20), ("cuda:1", 20)])
def test_side_by_side_is_for_gpus_unless_it_is_asked_for(monkeypatch, device, n_replicas):
    monkeypatch.setenv("NSBENCH_DEVICE", device)
    assert default_replicas() == n_replicas
