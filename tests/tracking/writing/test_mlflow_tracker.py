"""What is written into an MLflow store is what is read back from it."""

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from nsbench.errors import TrackingError
from nsbench.files.home import Home
from nsbench.terms import CUT_OFF, RunKind, Tag
from nsbench.tracking.reading.mlflow_reader import MlflowReader
from nsbench.tracking.reading.run_store import moved_uri
from nsbench.tracking.record import Validation
from nsbench.tracking.store import open_store
from nsbench.tracking.stored_run import MetricPoint, StoredRun
from nsbench.tracking.study_summary import StudySummary
from nsbench.tracking.writing.mlflow_tracker import BEST, MlflowTracker
from nsbench.tracking.writing.run_note import NOTE
from nsbench.tracking.writing.run_start import run_name
from tests.tracking.run_builder import home_at, plan_of, ranks_of, record_of

HIT_RATE = "valid/all/hit_rate_at_10"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return home_at(tmp_path_factory.mktemp("with space"))


@pytest.fixture(scope="module")
def tracker(home: Home) -> MlflowTracker:
    return open_store(home).tracker()


@pytest.fixture(scope="module")
def reader(tracker: MlflowTracker, home: Home) -> MlflowReader:
    return open_store(home).reader()


def run_by_id(reader: MlflowReader, run_id: str | None, dataset: str = "demo") -> StoredRun:
    return next(run for run in reader.runs(dataset) if run.run_id == run_id)


def test_a_started_run_holds_the_whole_plan(tracker, reader):
    plan = plan_of(
        "mixed", seed=5, kind=RunKind.TRIAL, trial=3, params={"learning_rate": 0.001, "replay": None}, tags={"x": "y"}
    )
    run = run_by_id(reader, tracker.start(plan).run_id)
    assert (run.name, run.status, run.kind, run.trial, run.seed) == (
        "mixed trial 3 seed 5",
        "RUNNING",
        RunKind.TRIAL,
        3,
        5,
    )
    assert (run.dataset, run.dataset_hash, run.protocol, run.fingerprint) == ("demo", "hash", "rolling", "settings")
    assert run.params == {"learning_rate": "0.001", "replay": "None"}
    assert run.tags["x"] == "y"
    assert run.study == "demo/mixed"
    assert run.dataset_card == plan.dataset_card


def test_more_settings_than_one_call_takes_are_all_kept(tracker, reader):
    """MLflow takes 100 parameters a call."""
    run = run_by_id(reader, tracker.start(plan_of(params={f"field_{i}": i for i in range(205)})).run_id)
    assert len(run.params) == 205


def test_a_finished_run_shows_the_best_epoch_and_its_history_the_learning_curve(tracker, reader):
    """Validated .1, .3, .2: epoch 2 was kept, so the final value is .3 although the last look gave .2."""
    plan = plan_of()
    handle = tracker.start(plan)
    for epoch, value in ((1, 0.1), (2, 0.3), (3, 0.2)):
        handle.log_validation(epoch, {HIT_RATE: value})
    handle.finish(record_of(plan, {HIT_RATE: 0.3}, (Validation(2, {HIT_RATE: 0.3}),), best_epoch=2))
    run = run_by_id(reader, handle.run_id)
    assert run.status == "FINISHED"
    assert run.metric(HIT_RATE) == 0.3
    assert run.metric("best_epoch") == 2
    assert run.metric("cost/train_s") == 12.5
    assert reader.histories([run.run_id], HIT_RATE)[run.run_id] == (
        MetricPoint(1, 0.1),
        MetricPoint(2, 0.3),
        MetricPoint(3, 0.2),
    )


def test_looks_in_a_row_are_sent_together_and_a_stopped_run_has_them_all(
    tracker: MlflowTracker, reader: MlflowReader
) -> None:
    """The first look is sent at once; two that follow in the same moment come with the end."""
    handle = tracker.start(plan_of())
    for epoch in (1, 2, 3):
        handle.log_validation(epoch, {HIT_RATE: epoch / 10})
    assert reader.histories([handle.run_id], HIT_RATE)[handle.run_id] == (MetricPoint(1, 0.1),)
    handle.stop("KILLED", "interrupted")
    assert [point.epoch for point in reader.histories([handle.run_id], HIT_RATE)[handle.run_id]] == [1, 2, 3]


def test_an_undefined_metric_stays_undefined(tracker, reader):
    plan = plan_of()
    handle = tracker.start(plan)
    handle.finish(record_of(plan, {"test/balance_hit_rate_at_10": math.nan, "test/all/hit_rate_at_10": 0.0}))
    run = run_by_id(reader, handle.run_id)
    assert "test/balance_hit_rate_at_10" not in run.metrics
    assert math.isnan(run.metric("test/balance_hit_rate_at_10"))
    assert run.metric("test/all/hit_rate_at_10") == 0.0


def test_ranks_come_back_as_they_were_infinite_ones_too(tracker, reader):
    plan = plan_of()
    handle = tracker.start(plan)
    ranks = ranks_of(1.0, 2.5, math.inf)
    handle.finish(record_of(plan, {}, ranks=ranks))
    found = reader.ranks(handle.run_id)
    for name in ("users", "items", "cohorts", "ranks"):
        np.testing.assert_array_equal(getattr(found, name), getattr(ranks, name))
        assert getattr(found, name).dtype == getattr(ranks, name).dtype


def test_a_run_without_ranks_says_so(tracker, reader):
    handle = tracker.start(plan_of())
    with pytest.raises(TrackingError, match=r"has no ranks\.parquet"):
        reader.ranks(handle.run_id)


def test_a_stopped_run_keeps_its_reason(tracker, reader):
    pruned, failed = tracker.start(plan_of()), tracker.start(plan_of())
    pruned.stop("KILLED", "pruned at epoch 4")
    failed.stop("FAILED", "loss is not a number")
    runs = {run.run_id: run for run in reader.runs("demo")}
    assert (runs[pruned.run_id].status, runs[pruned.run_id].is_pruned) == ("KILLED", True)
    assert (runs[failed.run_id].status, runs[failed.run_id].is_pruned) == ("FAILED", False)
    assert runs[failed.run_id].tags[Tag.END_REASON] == "loss is not a number"


def test_a_run_whose_process_is_gone_can_be_ended_by_another(tracker, reader):
    handle = tracker.start(plan_of())
    tracker.stop_run(handle.run_id, "KILLED", "its process is gone")
    run = run_by_id(reader, handle.run_id)
    assert (run.status, run.tags[Tag.END_REASON], run.is_pruned) == ("KILLED", "its process is gone", False)


def test_ending_an_unknown_run_says_so(tracker):
    with pytest.raises(TrackingError, match="no-such-run"):
        tracker.stop_run("no-such-run", "KILLED", "gone")


def test_a_setting_too_long_for_mlflow_is_refused_before_a_run_exists(tracker, reader):
    with pytest.raises(TrackingError, match=r"'notes' has 6001 characters; MLflow takes at most 6000"):
        tracker.start(plan_of(dataset="long", params={"notes": "x" * 6001}))
    assert reader.runs("long") == ()


def test_a_study_has_one_run_whose_parameters_are_its_best_settings(tracker, reader, tmp_path):
    """The same point again renews the run; a better point needs other parameters, so a new run takes its place."""
    figure = tmp_path / "history.png"
    figure.write_bytes(b"png")
    first = StudySummary(
        "demo/batch", "demo", "hash", "batch", "batch", HIT_RATE, {"n": 5, "old": 1}, 0.1, 0, 10, 2, 1, 0, 0, (figure,)
    )
    second = StudySummary("demo/batch", "demo", "hash", "batch", "batch", HIT_RATE, {"n": 9}, 0.2, 7, 10, 9, 1, 0, 4)
    begun = StudySummary("demo/batch", "demo", "hash", "batch", "batch", HIT_RATE, {}, None, None, 10, 0, 0, 0, 0)
    assert tracker.log_study(begun) == tracker.log_study(first) == tracker.log_study(first)
    assert tracker.log_study(first) != tracker.log_study(second) == tracker.log_study(second)
    (run,) = reader.runs("demo", kinds=[RunKind.STUDY], study="demo/batch")
    assert (run.status, run.metric("study/best_value"), run.metric("study/n_finished")) == ("FINISHED", 0.2, 9)
    assert run.metric("study/n_cut_off") == 4
    assert {name: value for name, value in run.tags.items() if name.startswith(BEST)} == {"nsbench.best.n": "9"}
    assert run.params == {"n": "9"}
    assert (run.name, "Best: valid/all/hit_rate_at_10 0.2000, first in trial 7, with n 9." in run.tags[NOTE]) == (
        "batch study demo/batch",
        True,
    )


def test_a_study_without_a_finished_trial_has_no_best_value(tracker, reader):
    tracker.log_study(
        StudySummary("none yet", "demo", "hash", "batch", "batch", HIT_RATE, {}, None, None, 10, 0, 0, 3, 0)
    )
    (run,) = reader.runs("demo", study="none yet")
    assert math.isnan(run.metric("study/best_value"))
    assert run.metric("study/n_failed") == 3


def test_runs_are_found_by_kind_sampler_and_page_by_page(tracker, home):
    for seed in range(5):
        tracker.start(plan_of("random", seed=seed, dataset="paged"))
    tracker.start(plan_of("popularity-baseline", kind=RunKind.BASELINE, dataset="paged"))
    reader = MlflowReader(home.tracking_uri, page_size=2)
    assert [run.seed for run in reader.runs("paged", sampler="random")] == [0, 1, 2, 3, 4]
    assert [run.sampler for run in reader.runs("paged", kinds=[RunKind.BASELINE])] == ["popularity-baseline"]
    assert len(reader.runs("paged", kinds=[RunKind.BASELINE, RunKind.REPEAT])) == 6
    assert "paged" in reader.datasets()


def test_an_unknown_dataset_names_the_known_ones(tracker, reader):
    tracker.start(plan_of(dataset="demo"))
    with pytest.raises(TrackingError, match=r"no runs of a dataset 'dmeo'.*demo"):
        reader.runs("dmeo")


def test_artifacts_lie_under_the_home(tracker, home):
    handle = tracker.start(plan_of(dataset="files", params={"learning_rate": 0.001}))
    (settings,) = (home.artifacts / "files" / handle.run_id).rglob("settings.yaml")
    assert settings.read_text() == "learning_rate: 0.001\n"


def test_creating_a_store_prints_nothing(tmp_path: Path):
    code = (
        "from pathlib import Path; from nsbench.files.home import Home\n"
        "from nsbench.tracking.store import open_store\n"
        f"open_store(Home(Path({str(tmp_path)!r}))).create()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert (tmp_path / "mlflow.db").exists()


def test_numbers_of_targets_come_back_as_metrics_but_are_no_charts_in_mlflow(tracker, reader, home):
    """They are the same in all runs of a dataset, so MLflow holds them in a tag."""
    plan = plan_of()
    handle = tracker.start(plan)
    handle.log_validation(1, {HIT_RATE: 0.1, "valid/all/n_targets": 85.0})
    handle.finish(record_of(plan, {HIT_RATE: 0.1, "valid/all/n_targets": 85.0, "test/head/n_targets": 21.0}))
    run = run_by_id(reader, handle.run_id)
    assert (run.metric("valid/all/n_targets"), run.metric("test/head/n_targets")) == (85.0, 21.0)
    held = MlflowClient(home.tracking_uri).get_run(handle.run_id).data.metrics
    assert HIT_RATE in held
    assert not any(name.endswith("n_targets") for name in held)


@pytest.mark.parametrize("text", ["{", "[1]", '{"test/all/n_targets": "many"}', '{"test/all/mrr": 1}'])
def test_an_unreadable_tag_of_target_counts_is_a_fault_of_its_run_alone(tracker, reader, text):
    handle = tracker.start(plan_of(tags={Tag.N_TARGETS: text}))
    run = run_by_id(reader, handle.run_id)
    assert "n_targets" in run.faults[0]
    assert "test/all/mrr" not in run.metrics


def test_what_is_measured_once_has_step_0_and_what_each_epoch_measures_the_last_epoch(tracker, home):
    """MLflow draws a metric of step 0 as bars, and one of later steps over the steps."""
    plan = plan_of()
    handle = tracker.start(plan)
    for epoch in (5, 10):
        handle.log_validation(epoch, {HIT_RATE: 0.1})
    handle.finish(record_of(plan, {HIT_RATE: 0.1, "test/all/hit_rate_at_10": 0.2}))
    client = MlflowClient(home.tracking_uri)
    steps = {
        name: [point.step for point in client.get_metric_history(handle.run_id, name)]
        for name in (HIT_RATE, "test/all/hit_rate_at_10", "cost/train_s")
    }
    assert steps == {HIT_RATE: [5, 10, 10], "test/all/hit_rate_at_10": [0], "cost/train_s": [0]}


@pytest.mark.parametrize(
    ("kind", "contexts"),
    [(RunKind.REPEAT, ["test", "training", "validation"]), (RunKind.TRIAL, ["training", "validation"])],
)
def test_a_run_names_the_splits_that_it_uses(tracker, reader, home, kind, contexts):
    """A trial never sees the test interactions."""
    card = {"name": "demo", "content_hash": "hash", "source": "demo.csv", "n_valid": 9, "n_test": 8}
    handle = tracker.start(plan_of(kind=kind, trial=0, dataset="splits", card=card))
    inputs = MlflowClient(home.tracking_uri).get_run(handle.run_id).inputs.dataset_inputs
    assert sorted(tag.value for one in inputs for tag in one.tags) == contexts
    assert json.loads(run_by_id(reader, handle.run_id, "splits").dataset_card) == card


def test_a_description_says_what_a_run_is_how_it_is_made_again_and_what_came_out(tracker, reader):
    plan = plan_of("mixed", seed=4)
    handle = tracker.start(plan)
    begun = run_by_id(reader, handle.run_id).tags[NOTE]
    handle.finish(record_of(plan, {"test/all/hit_rate_at_10": 0.25, "test/head/hit_rate_at_10": 0.5, CUT_OFF: 1.0}))
    ended = run_by_id(reader, handle.run_id).tags[NOTE]
    for note in (begun, ended):
        assert "Repeat with seed 4" in note
        assert "`nsbench train --dataset demo --sampler mixed --seed 4 --config settings.yaml`" in note
    assert "Result" not in begun
    assert "test hit rate at 10 0.2500 (head 0.5000)" in ended
    assert "ended at its last epoch, before it stopped getting better" in ended


def test_the_description_of_a_failed_run_says_why_it_ended(tracker, reader):
    handle = tracker.start(plan_of())
    handle.stop("FAILED", "loss is not a number")
    assert run_by_id(reader, handle.run_id).tags[NOTE].startswith("Ended without a result: loss is not a number")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (RunKind.REPEAT, "mixed repeat seed 2"),
        (RunKind.SINGLE, "mixed single seed 2"),
        (RunKind.TRIAL, "mixed trial 7 seed 2"),
    ],
)
def test_a_run_is_named_by_sampler_kind_and_seed(kind, name):
    assert run_name(plan_of("mixed", seed=2, kind=kind, trial=7)) == name


def moved(old: Home, new: Path) -> Home:
    old.root.rename(new)
    return Home(new)


@pytest.mark.parametrize("name", ["moved", "moved with space % and mlartifacts"])
def test_a_home_that_was_moved_keeps_its_ranks(tmp_path: Path, name: str) -> None:
    home = home_at(tmp_path / "old mlartifacts")
    handle = open_store(home).tracker().start(plan_of())
    handle.finish(record_of(plan_of(), {}, ranks=ranks_of(1, 4, 2)))
    ranks = open_store(moved(home, tmp_path / name)).reader().ranks(str(handle.run_id))
    assert ranks.ranks.tolist() == [1, 4, 2]


def test_new_runs_of_a_moved_home_keep_their_files_in_it(tmp_path: Path) -> None:
    old = home_at(tmp_path / "old")
    open_store(old).tracker().start(plan_of()).finish(record_of(plan_of(), {}, ranks=ranks_of(1)))
    home = moved(old, tmp_path / "new")
    handle = open_store(home).tracker().start(plan_of(seed=1))
    handle.finish(record_of(plan_of(seed=1), {}, ranks=ranks_of(1, 4, 2)))
    assert not list((tmp_path / "old").rglob("*"))
    assert len(list(home.artifacts.rglob("ranks.parquet"))) == 2
    assert open_store(home).reader().ranks(str(handle.run_id)).ranks.tolist() == [1, 4, 2]


def test_new_runs_of_a_copied_home_leave_the_first_one_alone(tmp_path: Path) -> None:
    first = home_at(tmp_path / "first")
    open_store(first).tracker().start(plan_of()).finish(record_of(plan_of(), {}, ranks=ranks_of(1)))
    copy = Home(tmp_path / "copy")
    shutil.copytree(first.root, copy.root)
    handle = open_store(copy).tracker().start(plan_of(seed=1))
    handle.finish(record_of(plan_of(seed=1), {}, ranks=ranks_of(1, 4, 2)))
    assert len(list(first.artifacts.rglob("ranks.parquet"))) == 1
    assert open_store(copy).reader().ranks(str(handle.run_id)).ranks.tolist() == [1, 4, 2]


def test_a_place_that_leads_out_of_the_home_is_not_looked_for(tmp_path: Path) -> None:
    assert moved_uri("file:///old/mlartifacts/../../etc", tmp_path) is None
    assert moved_uri("file:///elsewhere/demo/1/artifacts", tmp_path) is None
