"""A reader with a cache says what one without says, and asks the store for less."""

import json
import logging
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from mlflow import MlflowClient

from nsbench.home import Home
from nsbench.terms import RunKind
from nsbench.tracking.mlflow_reader import MlflowReader, open_reader
from nsbench.tracking.mlflow_store import open_tracker
from nsbench.tracking.run_cache import MAX_AGE, CachedRuns, RunCache
from nsbench.tracking.stored_run import MetricPoint, StoredRun
from tests.tracking.run_builder import final_metrics, home_at, plan_of, ranks_of, record_of


def finish(home: Home, seed: int, **fields) -> str:
    plan = plan_of("random", seed, **fields)
    handle = open_tracker(home).start(plan)
    handle.finish(record_of(plan, final_metrics(0.2, 0.4, 0.2, 0.1, 0.6)))
    return handle.run_id


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> Home:
    """A store of three finished runs and one that is still running. Creating a store takes seconds, copying one none."""
    home = home_at(tmp_path_factory.mktemp("filled"))
    for seed in range(3):
        finish(home, seed)
    open_tracker(home).start(plan_of("random", 9))
    return home


@pytest.fixture
def home(filled, tmp_path) -> Home:
    """A copy of the filled store."""
    home = home_at(tmp_path)
    home.root.mkdir()
    shutil.copy(filled.root / "mlflow.db", home.root / "mlflow.db")
    return home


def both(home: Home) -> tuple[tuple[StoredRun, ...], tuple[StoredRun, ...]]:
    """What a cached reader and a plain one find."""
    return open_reader(home).runs("demo"), MlflowReader(home.tracking_uri).runs("demo")


def cache_file(home: Home):
    (file,) = (home.root / "cache").iterdir()
    return file


def test_runs_come_back_from_the_cache_as_they_were_read(home):
    first, plain = both(home)
    assert first == plain
    again, _ = both(home)
    assert again == plain


def test_the_second_time_only_what_may_have_changed_is_asked_for(home, monkeypatch):
    """The finished runs ended an hour before the newest one, which is asked for again, since clocks differ."""
    open_reader(home).runs("demo")
    content = json.loads(cache_file(home).read_text())
    newest = content["runs"][2]
    newest["ended"] = (datetime.fromisoformat(newest["ended"]) + timedelta(hours=1)).isoformat()
    cache_file(home).write_text(json.dumps(content))
    sizes = []
    search = MlflowClient.search_runs

    def counted(self, *arguments, **named):
        page = search(self, *arguments, **named)
        sizes.append(len(page))
        return page

    monkeypatch.setattr(MlflowClient, "search_runs", counted)
    assert len(open_reader(home).runs("demo")) == 4
    assert sum(sizes) == 1, "only the running one"


def test_a_new_run_a_finished_one_and_a_deleted_one_are_noticed(home):
    first, _ = both(home)
    client = MlflowClient(home.tracking_uri)
    finish(home, 4)
    running = next(run for run in first if run.status == "RUNNING")
    client.set_terminated(running.run_id, "FAILED")
    client.delete_run(first[0].run_id)
    cached, plain = both(home)
    assert cached == plain
    assert [run.seed for run in cached if run.status == "FINISHED"] == [1, 2, 4]
    assert [run.seed for run in cached if run.status == "FAILED"] == [9]


def test_a_run_that_was_brought_back_is_noticed(home):
    first, _ = both(home)
    client = MlflowClient(home.tracking_uri)
    client.delete_run(first[0].run_id)
    assert len(open_reader(home).runs("demo")) == 3
    client.restore_run(first[0].run_id)
    cached, plain = both(home)
    assert cached == plain
    assert len(cached) == 4


def test_the_wanted_kind_and_sampler_are_picked_from_the_cache(home):
    finish(home, 0, kind=RunKind.SINGLE)
    reader = open_reader(home)
    assert len(reader.runs("demo", kinds=[RunKind.REPEAT])) == 4
    assert reader.runs("demo", sampler="batch") == ()


@pytest.mark.parametrize("damage", ["", "{", '{"format": 0}', '{"format": 1, "cards": [], "runs": [{"name": 1}]}'])
def test_a_damaged_or_foreign_cache_is_read_anew(home, damage, caplog):
    open_reader(home).runs("demo")
    cache_file(home).write_text(damage)
    with caplog.at_level(logging.ERROR):
        cached, plain = both(home)
    assert cached == plain


def test_a_folder_that_can_not_be_written_only_costs_time(home, caplog):
    (home.root / "cache").write_text("a file where the folder should be")
    cached, plain = both(home)
    assert cached == plain
    assert "can't write the cache" in caplog.text


def test_an_old_cache_is_not_built_upon(tmp_path):
    cache = RunCache(tmp_path, "somewhere")
    cache.save("1", CachedRuns(datetime.now(UTC) - MAX_AGE, {}, frozenset({"a"})))
    old = cache.load("1")
    assert old is not None
    assert not old.is_fresh
    assert old.deleted == {"a"}


def test_each_store_and_experiment_has_a_file_of_its_own(tmp_path):
    fresh = CachedRuns(datetime.now(UTC), {}, frozenset())
    RunCache(tmp_path, "here").save("1", fresh)
    RunCache(tmp_path, "there").save("1", fresh)
    RunCache(tmp_path, "here").save("2", fresh)
    assert len(list(tmp_path.iterdir())) == 3


def test_ranks_and_histories_of_ended_runs_are_kept(home, monkeypatch):
    """With ranks of 1 and 4, and a validation at epoch 1; the store is gone the second time."""
    plan = plan_of("random", 5)
    handle = open_tracker(home).start(plan)
    handle.log_validation(1, {"valid/all/ndcg_at_10": 0.25})
    handle.finish(record_of(plan, {}, ranks=ranks_of(1, 4)))
    reader = open_reader(home)
    reader.runs("demo")
    first = reader.ranks(handle.run_id), reader.metric_history(handle.run_id, "valid/all/ndcg_at_10")
    monkeypatch.delattr(MlflowClient, "download_artifacts")
    monkeypatch.delattr(MlflowClient, "get_metric_history")
    again = open_reader(home)
    assert again.ranks(handle.run_id).ranks.tolist() == first[0].ranks.tolist() == [1, 4]
    assert again.metric_history(handle.run_id, "valid/all/ndcg_at_10") == first[1] == (MetricPoint(1, 0.25),)


def test_the_history_of_a_run_that_goes_on_is_read_anew(home):
    handle = open_tracker(home).start(plan_of("random", 6))
    for epoch in (1, 2):
        handle.log_validation(epoch, {"train/loss": 1.0})
        reader = open_reader(home)
        reader.runs("demo")
        assert len(reader.metric_history(handle.run_id, "train/loss")) == epoch
