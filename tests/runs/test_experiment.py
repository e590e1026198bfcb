"""One run from settings to record, on a log whose next item can be learnt."""

import itertools
import re
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from nsbench.config import Settings, fingerprint_of
from nsbench.data.cohort_cut import DEFAULT_CUT
from nsbench.data.dataset import Dataset
from nsbench.errors import (
    DatasetError,
    NonFiniteLoss,
    OutOfMemory,
    SettingsError,
    StorageError,
    TrackingError,
    TrainingError,
)
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.runs.baseline import BASELINES, baseline_plan, run_baseline
from nsbench.runs.experiment import run, run_replicas
from nsbench.runs.observer import Ended, Pruned, RunEvent, Started, Validated
from nsbench.runs.plan import protocol_of
from nsbench.runs.preparation import identity_of, settled
from nsbench.runs.request import RunRequest
from nsbench.samplers import SAMPLERS
from nsbench.terms import RunKind
from nsbench.tracking.record import RunPlan, RunRecord
from nsbench.tracking.tracker import EndStatus, NullTracker
from nsbench.training.checkpoint.training_checkpoint import Checkpoints
from nsbench.training.epoch_loss import EpochLoss
from tests.builder import dataset_of, with_some_negatives

REQUEST = RunRequest(RunKind.SINGLE, seed=0)
SMALL = {
    "hidden_dim": 16,
    "max_length": 8,
    "batch_size": 16,
    "max_epochs": 16,
    "learning_rate": 2e-2,
    "validate_every": 2,
    "seen_items": "keep",
    "cutoffs": [5, 10],
    "n_blocks": 1,
    "dropout_rate": 0.1,
}
N_ITEMS = 30


def ring_log() -> Dataset:
    """Every user walks up a ring of 30 items from another start: the next item follows from the last one."""
    walks = [[(start + step) % N_ITEMS + 1 for step in range(12)] for start in range(N_ITEMS)] * 2
    return dataset_of([w[:9] for w in walks], [[w[9]] for w in walks], [w[10:] for w in walks], n_items=N_ITEMS)


class Recorder:
    """A tracker and run handle that keeps what it was told, in order."""

    run_id = "run-1"

    def __init__(self) -> None:
        self.told: list[str] = []
        self.record: RunRecord | None = None

    def start(self, plan: RunPlan) -> "Recorder":
        self.told.append(f"start {plan.sampler}")
        return self

    def log_validation(self, epoch: int, metrics: Mapping[str, float]) -> None:
        self.told.append(f"validation {epoch}")

    def finish(self, record: RunRecord) -> None:
        self.record = record
        self.told.append("finish")

    def stop(self, status: EndStatus, reason: str) -> None:
        self.told.append(f"{status} {reason}")


class Interrupter:
    """Ends the run at the second validation."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def observe(self, event: RunEvent) -> None:
        match event:
            case Started(run_id):
                assert run_id == "run-1"
            case Validated(epoch=4):
                raise self._error


def settings(sampler: str = "random", **values: str | int | float) -> Settings:
    counts = {name: 10 for name in ("n_negatives", "n_in_batch", "n_uniform") if name in SAMPLERS[sampler].model_fields}
    kept = SAMPLERS[sampler].count_fields().kept
    return Settings.of(sampler, {**SMALL, **counts, **({} if kept is None else {kept: 5}), **values})


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_learns_the_next_item_of_a_ring(sampler: str) -> None:
    """By chance 5 of 30 items hold the next one in 17 % of cases."""
    record = run(settings(sampler), with_some_negatives(ring_log()), NullTracker(), REQUEST)
    assert record.metrics["test/all/hit_rate_at_5"] > 0.8


def test_test_ranks_are_those_of_the_best_epoch_and_cover_every_target() -> None:
    record = run(settings(), ring_log(), NullTracker(), REQUEST)
    assert record.ranks is not None
    assert len(record.ranks.ranks) == 120
    assert record.metrics["test/all/hit_rate_at_5"] == pytest.approx(np.mean(record.ranks.ranks <= 5))
    scores = {look.epoch: look.metrics["valid/all/hit_rate_at_5"] for look in record.validations}
    assert record.metrics["valid/all/hit_rate_at_5"] == scores[record.best_epoch]


def test_a_trial_leaves_the_test_interactions_alone() -> None:
    request = RunRequest(RunKind.TRIAL, seed=0, rank_test=False, objective="valid/all/ndcg_at_5")
    record = run(settings(max_epochs=2), ring_log(), NullTracker(), request)
    assert record.ranks is None
    assert not any(name.startswith("test/") for name in record.metrics)


def test_a_replica_ranks_as_the_same_seed_alone() -> None:
    rates = (1e-2, 3e-3)
    both = run_replicas(
        [settings(learning_rate=rate) for rate in rates],
        ring_log(),
        NullTracker(),
        [RunRequest(RunKind.REPEAT, seed=seed) for seed in (4, 5)],
    )
    alone = run(settings(learning_rate=rates[1]), ring_log(), NullTracker(), RunRequest(RunKind.REPEAT, seed=5))
    assert both[1].ranks is not None
    assert alone.ranks is not None
    assert np.mean(both[1].ranks.ranks != alone.ranks.ranks) < 0.02


def test_a_run_holds_the_cpu_time_of_its_training_and_a_replica_its_share() -> None:
    """Both shares are equal, and together no more than this process had worked in all."""
    before = time.process_time()
    requests = [RunRequest(RunKind.REPEAT, seed=seed) for seed in (4, 5)]
    both = run_replicas([settings(max_epochs=4)] * 2, ring_log(), NullTracker(), requests)
    spent = time.process_time() - before
    shares = [record.cost.train_cpu_s for record in both.values()]
    assert 0 < shares[0] == shares[1]
    assert sum(shares) <= spent


def test_a_run_is_recorded_before_it_trains_and_finished_last() -> None:
    recorder = Recorder()
    run(settings(max_epochs=4), ring_log(), recorder, REQUEST)
    assert recorder.told == ["start random", "validation 2", "validation 4", "finish"]


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (Pruned("at epoch 4"), "KILLED pruned: at epoch 4"),
        (KeyboardInterrupt(), "KILLED interrupted"),
        (OSError("disk full"), "FAILED OSError: disk full"),
        (StorageError("the disk is full"), "FAILED the disk is full"),
    ],
)
def test_a_run_that_is_cut_short_says_so_and_is_not_left_running(error: BaseException, end: str) -> None:
    recorder = Recorder()
    with pytest.raises(type(error)):
        run(settings(), ring_log(), recorder, REQUEST, Interrupter(error))
    assert recorder.told[-1] == end


def test_an_interrupted_run_goes_on_and_is_recorded_with_its_whole_curve(tmp_path: Path) -> None:
    """Interrupted while it looks at epoch 4, which is the first to be looked at again."""
    whole = run(settings(max_epochs=8, patience=0), ring_log(), NullTracker(), REQUEST)
    first, second = Recorder(), Recorder()
    observer = Interrupter(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run(settings(max_epochs=8, patience=0), ring_log(), first, REQUEST, observer, Checkpoints(tmp_path))
    resumed = run(settings(max_epochs=8, patience=0), ring_log(), second, REQUEST, checkpoints=Checkpoints(tmp_path))
    assert first.told == ["start random", "validation 2", "validation 4", "KILLED interrupted"]
    assert second.told == ["start random", *(f"validation {epoch}" for epoch in (2, 4, 6, 8)), "finish"]
    # As text, in which what is not a number equals itself.
    assert str((resumed.metrics, resumed.validations)) == str((whole.metrics, whole.validations))
    assert (resumed.cost.n_positives, resumed.cost.n_epochs) == (whole.cost.n_positives, whole.cost.n_epochs)
    assert not list(tmp_path.iterdir())


def test_a_run_that_was_cut_off_goes_on_with_more_epochs_as_if_it_had_had_them(tmp_path: Path) -> None:
    """Cut off at epoch 4 of 8; the first attempt says so, and the second one trains epochs 5 to 8 only."""
    whole = run(settings(max_epochs=8), ring_log(), NullTracker(), REQUEST)
    first = run(settings(max_epochs=4), ring_log(), NullTracker(), REQUEST, checkpoints=Checkpoints(tmp_path))
    assert first.metrics["train/cut_off"] == 1
    assert list(tmp_path.iterdir())
    again = Recorder()
    second = run(settings(max_epochs=8), ring_log(), again, REQUEST, checkpoints=Checkpoints(tmp_path))
    assert again.told[1:-1] == [f"validation {epoch}" for epoch in (2, 4, 6, 8)]
    assert str((second.metrics, second.validations)) == str((whole.metrics, whole.validations))
    assert second.cost.n_positives == whole.cost.n_positives


def test_a_run_that_is_trained_out_says_so_and_leaves_no_checkpoint(tmp_path: Path) -> None:
    """The ring is learnt within some epochs; patience ends the run long before epoch 400, after five validations in vain."""
    done = settings(max_epochs=400)
    record = run(done, ring_log(), NullTracker(), REQUEST, checkpoints=Checkpoints(tmp_path))
    assert record.metrics["train/cut_off"] == 0
    assert record.cost.n_epochs == record.best_epoch + 5 * 2 < 400
    assert not list(tmp_path.iterdir())
    longer = done.changed({"max_epochs": 800})
    assert longer.fingerprint() == done.fingerprint()


def test_epochs_are_left_to_the_logs_size() -> None:
    """60 users: 25,600 sequences are 427 epochs, and the budget 400 times as many; epochs that are given stay."""
    free = settled(settings(max_epochs=0, validate_every=0), ring_log()).training
    assert (free.validate_every, free.max_epochs) == (427, 170_800)
    assert settled(settings(), ring_log()) == settings()


def test_a_runs_checkpoint_is_not_anothers(tmp_path: Path) -> None:
    """Neither another seed's, nor another learning rate's, another model's, nor another objective's."""
    others = [
        (settings(), RunRequest(RunKind.SINGLE, seed=1)),
        (settings(learning_rate=1e-3), REQUEST),
        (settings(attention_output=False), REQUEST),
        (settings(), RunRequest(RunKind.SINGLE, seed=0, objective="valid/all/ndcg_at_5")),
    ]
    identities = [
        identity_of([one], ring_log(), [request], "cpu").name for one, request in [(settings(), REQUEST), *others]
    ]
    assert len(set(identities)) == 5
    trial = RunRequest(RunKind.TRIAL, seed=0, study="any", trial=8, rank_test=False)
    assert identity_of([settings()], ring_log(), [trial], "cpu").name == identities[0]


@pytest.mark.parametrize(
    ("error", "kept"), [(Pruned("at epoch 4"), False), (KeyboardInterrupt(), True), (StorageError("full"), True)]
)
def test_only_a_run_that_may_go_on_keeps_its_checkpoint(tmp_path: Path, error: BaseException, kept: bool) -> None:
    checkpoints = Checkpoints(tmp_path, every_s=0, most_share=1)
    with pytest.raises(type(error)):
        run(settings(), ring_log(), Recorder(), REQUEST, Interrupter(error), checkpoints)
    assert bool(list(tmp_path.iterdir())) == kept


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 3.00 GiB."), MemoryError()]
)
def test_a_run_that_is_out_of_memory_says_so_with_its_settings(error: Exception) -> None:
    recorder = Recorder()
    with pytest.raises(OutOfMemory, match="^out of memory.*; the settings: sampler=random, .*batch_size=16"):
        run(settings(), ring_log(), recorder, REQUEST, Interrupter(error))
    assert recorder.told[-1].startswith("FAILED out of memory")


def test_a_loss_that_is_no_number_is_named_with_step_epoch_and_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """60 users in batches of 16 are 4 steps: the sixth is the second of epoch 2."""
    losses = EpochLoss.add
    steps = itertools.count(1)
    monkeypatch.setattr(
        EpochLoss, "add", lambda self, loss: losses(self, loss * (torch.nan if next(steps) == 6 else 1))
    )
    with pytest.raises(
        NonFiniteLoss, match="nan in step 2 of epoch 2 .seed 0.*; the settings: sampler=random, .*n_blocks=1"
    ):
        run(settings(), ring_log(), NullTracker(), REQUEST)


def test_a_disk_that_is_full_when_the_model_is_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    request = RunRequest(RunKind.SINGLE, seed=0, checkpoint=tmp_path / "file" / "model.safetensors")
    with pytest.raises(StorageError, match="can't write the trained model .*model.safetensors: .*it needs 0.0 MB"):
        run(settings(max_epochs=2), ring_log(), NullTracker(), request)


def test_an_unknown_objective_is_named_with_those_that_there_are() -> None:
    request = RunRequest(RunKind.SINGLE, seed=0, objective="valid/all/hit_rate_at_11")
    with pytest.raises(
        SettingsError,
        match=r"'valid/all/hit_rate_at_11' .did you mean 'valid/all/hit_rate_at_10'.*; there are .*hit_rate_at_5",
    ):
        run(settings(max_epochs=2), ring_log(), NullTracker(), request)


def test_runs_of_other_cohorts_ties_or_histories_are_of_other_protocols() -> None:
    dataset = ring_log()
    changes = (
        {},
        {"cohort_rule": "published"},
        {"cohort_counts": "users"},
        {"unseen_in_history": "keep"},
        {"cohort_cut": "items:0.01,0.2"},
    )
    changed = [EvaluationSettings.model_validate(values) for values in (*changes, {"ties": "optimistic"})]
    assert len({protocol_of(one, dataset) for one in changed}) == len(changed)


def test_the_usual_cut_of_cohorts_has_the_names_of_the_time_before_it_was_a_setting() -> None:
    """So that repeats and baselines of a home that an older version wrote are gone on with."""
    usual, other = ({"cohort_cut": cut} for cut in (DEFAULT_CUT, "counts:5,2"))
    dataset = ring_log()
    assert protocol_of(EvaluationSettings(), dataset) == "rolling/exclude/separate/leave_out/mean/interactions/filled"
    plan = baseline_plan("markov-baseline", dataset, EvaluationSettings())
    assert plan.fingerprint == fingerprint_of({name: value for name, value in plan.params.items() if name not in usual})
    assert baseline_plan("markov-baseline", dataset, EvaluationSettings(**other)).fingerprint != plan.fingerprint
    flat = settings().flat()
    # Each of these is as it was before it was a setting, or the budget.
    before = {
        name: value
        for name, value in flat.items()
        if name not in {*usual, "initial_values", "negative_weight", "max_epochs"}
    }
    assert settings().fingerprint() == fingerprint_of(before)
    assert settings().changed(other).fingerprint() != settings().fingerprint()


def test_a_log_without_a_next_item_to_train_on_is_refused() -> None:
    with pytest.raises(DatasetError, match="no user with two training interactions"):
        run(settings(), dataset_of([[1], [1]], [[1]], [[1]]), NullTracker(), REQUEST)


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_is_recorded_like_a_run(name: str) -> None:
    recorder = Recorder()
    record = run_baseline(name, ring_log(), recorder)
    assert recorder.told == [f"start {name}", "finish"]
    assert record.plan.kind == RunKind.BASELINE
    assert record.ranks is not None


def test_the_markov_chain_knows_a_ring() -> None:
    assert run_baseline("markov-baseline", ring_log(), NullTracker()).metrics["test/all/hit_rate_at_1"] == 1


class OutageAtTheSecond(Recorder):
    """A store that is there for the first run only."""

    def start(self, plan: RunPlan) -> Recorder:
        if self.told:
            raise TrackingError("the store is out")
        return super().start(plan)


def test_runs_that_were_begun_are_ended_when_one_beside_them_can_not_be() -> None:
    recorder = OutageAtTheSecond()
    with pytest.raises(TrackingError):
        run_replicas([settings()] * 2, ring_log(), recorder, [RunRequest(RunKind.REPEAT, seed) for seed in (0, 1)])
    assert recorder.told == ["start random", "FAILED the store is out"]


class Book:
    """A tracker that gives each run a record of its own, and refuses the results of some seeds."""

    def __init__(self, *refused: int) -> None:
        self._refused = refused
        self.runs: dict[int, Recorder] = {}

    def start(self, plan: RunPlan) -> Recorder:
        self.runs[plan.seed] = Refuser() if plan.seed in self._refused else Recorder()
        return self.runs[plan.seed].start(plan)

    def ends(self) -> list[str]:
        return [self.runs[seed].told[-1] for seed in sorted(self.runs)]


class Refuser(Recorder):
    def finish(self, record: RunRecord) -> None:
        raise TrainingError("the objective is undefined")


class EndObserver:
    """Prunes its run at an epoch, and keeps what ended it."""

    def __init__(self, pruned_at: int = 0) -> None:
        self._pruned_at = pruned_at
        self.error: Exception | None = None

    def observe(self, event: RunEvent) -> None:
        match event:
            case Validated(epoch) if epoch == self._pruned_at:
                raise Pruned("at epoch 4")
            case Ended(error):
                self.error = error


REQUESTS = [RunRequest(RunKind.TRIAL, seed=seed, rank_test=False) for seed in range(3)]


def test_a_run_that_is_pruned_ends_alone() -> None:
    book, observers = Book(), [EndObserver(), EndObserver(pruned_at=4), EndObserver()]
    records = run_replicas([settings(max_epochs=6)] * 3, ring_log(), book, REQUESTS, observers)
    assert list(records) == [0, 2]
    assert book.ends() == ["finish", "KILLED pruned: at epoch 4", "finish"]
    assert book.runs[1].told[:-1] == ["start random", "validation 2", "validation 4"]
    assert [type(observer.error) for observer in observers] == [type(None), Pruned, type(None)]


def fail_seed(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Makes the losses of a seed no numbers; with Adam, LayerNorm and rates below 1 it takes a bug to get there."""
    add = EpochLoss.add

    def broken(self: EpochLoss, losses: torch.Tensor) -> None:
        add(self, losses + torch.tensor([torch.nan if one.seed == seed else 0.0 for one in self._replicas]))

    monkeypatch.setattr(EpochLoss, "add", broken)


def test_a_run_whose_loss_is_no_number_ends_alone_with_its_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    each = [settings(max_epochs=4, learning_rate=rate) for rate in (1e-2, 0.5, 2e-2)]
    fail_seed(monkeypatch, 1)
    book, observers = Book(), [EndObserver() for _ in each]
    records = run_replicas(each, ring_log(), book, REQUESTS, observers)
    assert list(records) == [0, 2]
    assert re.match("FAILED the loss is .*seed 1, .*the settings: .*learning_rate=0.5", book.ends()[1])
    assert isinstance(observers[1].error, NonFiniteLoss)
    alone = run(each[2], ring_log(), NullTracker(), REQUESTS[2])
    assert records[2].metrics["valid/all/hit_rate_at_5"] == pytest.approx(
        alone.metrics["valid/all/hit_rate_at_5"], abs=1 / 60
    )
    assert records[2].cost.n_positives == alone.cost.n_positives


def test_a_run_whose_result_is_refused_ends_alone() -> None:
    book = Book(0, 2)
    records = run_replicas([settings(max_epochs=2)] * 3, ring_log(), book, REQUESTS)
    assert list(records) == [1]
    assert book.ends() == ["FAILED the objective is undefined", "finish", "FAILED the objective is undefined"]


def test_where_no_run_has_a_result_what_ended_the_last_one_is_raised(tmp_path: Path) -> None:
    """Seed 0 is pruned at epoch 2, seed 1 at epoch 4; nothing is kept of either."""
    book, observers = Book(), [EndObserver(pruned_at=2), EndObserver(pruned_at=4)]
    with pytest.raises(Pruned, match="at epoch 4"):
        run_replicas(
            [settings()] * 2, ring_log(), book, REQUESTS[:2], observers, Checkpoints(tmp_path, every_s=0, most_share=1)
        )
    assert book.ends() == ["KILLED pruned: at epoch 4"] * 2
    assert book.runs[0].told[-2] == "validation 2"
    assert not list(tmp_path.iterdir())


def test_a_run_that_is_pruned_while_its_validations_are_told_again_ends_alone(tmp_path: Path) -> None:
    """Interrupted after epoch 4; when it goes on, the look at epoch 2 isn't good enough any more for seed 0."""
    each, checkpoints = [settings(max_epochs=6, patience=0)] * 2, Checkpoints(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run_replicas(each, ring_log(), Recorder(), REQUESTS[:2], [Interrupter(KeyboardInterrupt())] * 2, checkpoints)
    book = Book()
    records = run_replicas(each, ring_log(), book, REQUESTS[:2], [EndObserver(pruned_at=2), EndObserver()], checkpoints)
    assert list(records) == [1]
    assert book.runs[0].told == ["start random", "validation 2", "KILLED pruned: at epoch 4"]
    assert not list(tmp_path.iterdir())
