"""A reader with a cache says what one without says, and asks the store for less."""

import errno
import logging
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from mlflow import MlflowClient

from nsbench.files.home import Home
from nsbench.terms import RunKind, Tag
from nsbench.tracking.reading import run_refresh
from nsbench.tracking.reading.database_store import DatabaseStore
from nsbench.tracking.reading.mlflow_reader import MlflowReader
from nsbench.tracking.reading.run_cache import MAX_AGE, CachedRuns, RunCache
from nsbench.tracking.reading.run_pages import RunPages
from nsbench.tracking.store import open_store
from nsbench.tracking.stored_run import MetricPoint, StoredRun
from nsbench.tracking.writing import mlflow_run
from nsbench.tracking.writing.mlflow_run import MlflowRunHandle
from tests.tracking.run_builder import final_metrics, home_at, plan_of, ranks_of, record_of
from tests.tracking.served_store import served


def finish(home: Home, seed: int, **fields) -> str:
    plan = plan_of("random", seed, **fields)
    handle = open_store(home).tracker().start(plan)
    handle.finish(record_of(plan, final_metrics(0.2, 0.4, 0.2, 0.1, 0.6)))
    return handle.run_id


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> Home:
    """A store of three finished runs and one that is still running. Creating a store takes seconds, copying one none."""
    home = home_at(tmp_path_factory.mktemp("filled"))
    for seed in range(3):
        finish(home, seed)
    open_store(home).tracker().start(plan_of("random", 9))
    return home


@pytest.fixture
def home(filled, tmp_path) -> Home:
    """A copy of the filled store."""
    home = home_at(tmp_path)
    home.root.mkdir()
    shutil.copy(filled.root / "mlflow.db", home.root / "mlflow.db")
    return home


@pytest.fixture(autouse=True)
def _no_margin(monkeypatch):
    """All runs of a test end within seconds, and would be asked for again whatever happened to them."""
    monkeypatch.setattr(run_refresh, "_CLOCK_MARGIN", timedelta(0))


@pytest.fixture(params=["database", "server"])
def uri(home, request) -> Iterator[str]:
    """Of the store itself, and of a server over it."""
    if request.param == "database":
        yield home.tracking_uri
    else:
        with served(home) as address:
            yield address


def cached(home: Home, uri: str | None = None) -> tuple[StoredRun, ...]:
    return MlflowReader(uri or home.tracking_uri, cache=home.root / "cache").all_runs(["demo"])["demo"]


def plain(home: Home) -> tuple[StoredRun, ...]:
    return MlflowReader(home.tracking_uri).runs("demo")


def cache_file(home: Home):
    (file,) = (home.root / "cache").iterdir()
    return file


def history_of(reader: MlflowReader, handle: MlflowRunHandle) -> tuple[MetricPoint, ...]:
    return reader.histories([handle.run_id], "valid/all/ndcg_at_10")[handle.run_id]


def test_runs_come_back_from_the_cache_as_they_were_read(home, uri):
    assert cached(home, uri) == cached(home, uri) == plain(home)


def test_the_second_time_only_what_may_have_changed_is_asked_for(home, monkeypatch):
    """Of each group of runs the last one comes, so that their number shows; beside them the one that ended last, and the one
    that still runs.
    """
    cached(home)
    sizes = []
    ask = DatabaseStore.page

    def counted(self, query, size, token=None):
        page = ask(self, query, size, token)
        sizes.append((size, len(page.runs)))
        return page

    monkeypatch.setattr(DatabaseStore, "page", counted)
    assert len(cached(home)) == 4
    assert sum(n_runs for size, n_runs in sizes if size > 1) == 2


def test_a_new_run_and_one_that_ended_are_noticed(home, uri):
    running = next(run for run in cached(home, uri) if run.status == "RUNNING")
    finish(home, 4)
    MlflowClient(home.tracking_uri).set_terminated(running.run_id, "FAILED")
    found = cached(home, uri)
    assert found == plain(home)
    assert [run.seed for run in found if run.status == "FINISHED"] == [0, 1, 2, 4]
    assert [run.seed for run in found if run.status == "FAILED"] == [9]


def test_a_new_run_of_a_machine_whose_clock_is_an_hour_behind_is_noticed(home, uri):
    cached(home, uri)
    client = MlflowClient(home.tracking_uri)
    newest = client.get_run(finish(home, 4))
    end = newest.info.end_time
    late = client.create_run("1", start_time=end - 3_700_000, tags=newest.data.tags)
    client.set_terminated(late.info.run_id, "FINISHED", end_time=end - 3_600_000)
    found = cached(home, uri)
    assert found == plain(home)
    assert found[0].run_id == late.info.run_id


def test_a_run_that_was_deleted_is_gone_and_one_that_was_brought_back_is_there(home, uri):
    first = cached(home, uri)[0]
    client = MlflowClient(home.tracking_uri)
    client.delete_run(first.run_id)
    assert [run.seed for run in cached(home, uri)] == [1, 2, 9]
    client.restore_run(first.run_id)
    assert cached(home, uri) == plain(home)
    assert len(plain(home)) == 4


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        (Tag.LABEL, "it's another"),
        (Tag.SAMPLER, "batch"),
        (Tag.KIND, "single"),
        (Tag.KIND, "a kind that is none"),
        (Tag.PROTOCOL, "last"),
        (Tag.DATASET_HASH, "other"),
        (Tag.VERSION, "0.0.1"),
    ],
)
def test_a_run_that_got_another_tag_by_hand_is_noticed(home, tag, value):
    first = cached(home)[0]
    MlflowClient(home.tracking_uri).set_tag(first.run_id, tag, value)
    found = cached(home)
    assert found == plain(home)
    assert found != (first, *found[1:])


def test_a_run_that_got_another_tag_by_hand_is_noticed_over_http(home):
    with served(home) as uri:
        first = cached(home, uri)[0]
        MlflowClient(uri).set_tag(first.run_id, Tag.LABEL, "another")
        assert {run.label for run in cached(home, uri)} == {"random", "another"}


def test_a_run_that_lost_its_label_is_noticed(home):
    first = cached(home)[0]
    MlflowClient(home.tracking_uri).delete_tag(first.run_id, Tag.LABEL)
    assert cached(home) == plain(home)


def test_of_two_datasets_only_the_one_that_changed_is_read_anew(home, monkeypatch):
    finish(home, 0, dataset="other")
    names = ["demo", "other"]
    first = open_store(home).reader().all_runs(names)["demo"][0]
    MlflowClient(home.tracking_uri).set_tag(first.run_id, Tag.LABEL, "another")
    read_whole = []
    read = RunPages.many
    monkeypatch.setattr(RunPages, "many", lambda self, query: read_whole.append(query.experiments) or read(self, query))
    found = open_store(home).reader().all_runs(names)["demo"]
    assert [[*experiments.values()] for experiments in read_whole] == [["demo"]]
    assert found == plain(home)


def test_a_few_runs_are_searched_in_the_store_itself(home):
    cached(home)
    finish(home, 0, kind=RunKind.SINGLE)
    reader = open_store(home).reader()
    assert len(reader.runs("demo", kinds=[RunKind.REPEAT])) == 4
    assert reader.runs("demo", sampler="batch") == ()


@pytest.mark.parametrize("damage", ["", "{", '{"format": 0}', '{"format": 2, "cards": [], "runs": [{"name": 1}]}'])
def test_a_damaged_or_foreign_cache_is_read_anew(home, damage, caplog):
    cached(home)
    cache_file(home).write_text(damage)
    with caplog.at_level(logging.ERROR):
        assert cached(home) == plain(home)


def test_a_folder_that_can_not_be_written_only_costs_time(home, caplog):
    (home.root / "cache").write_text("a file where the folder should be")
    assert cached(home) == plain(home)
    assert "can't write the cache" in caplog.text


def test_an_old_cache_is_not_built_upon(tmp_path):
    cache = RunCache(tmp_path, "somewhere")
    cache.save("1", CachedRuns(datetime.now(UTC) - MAX_AGE, {}))
    old = cache.load("1")
    assert old is not None
    assert not old.is_fresh


def test_each_store_and_experiment_has_a_file_of_its_own(tmp_path):
    fresh = CachedRuns(datetime.now(UTC), {})
    RunCache(tmp_path, "here").save("1", fresh)
    RunCache(tmp_path, "there").save("1", fresh)
    RunCache(tmp_path, "here").save("2", fresh)
    assert len(list(tmp_path.iterdir())) == 3


def test_ranks_and_histories_of_ended_runs_are_kept(home, monkeypatch):
    """With ranks of 1 and 4, and a validation at epoch 1; the store is gone the second time."""
    plan = plan_of("random", 5)
    handle = open_store(home).tracker().start(plan)
    handle.log_validation(1, {"valid/all/ndcg_at_10": 0.25})
    handle.finish(record_of(plan, {}, ranks=ranks_of(1, 4)))
    reader = open_store(home).reader()
    reader.runs("demo")
    first = reader.ranks(handle.run_id), history_of(reader, handle)
    monkeypatch.delattr(DatabaseStore, "fetch")
    monkeypatch.delattr(DatabaseStore, "histories")
    again = open_store(home).reader()
    assert again.ranks(handle.run_id).ranks.tolist() == first[0].ranks.tolist() == [1, 4]
    assert history_of(again, handle) == first[1] == (MetricPoint(1, 0.25),)


def test_the_history_of_a_run_that_goes_on_is_read_anew(home, monkeypatch):
    monkeypatch.setattr(mlflow_run, "SEND_EVERY_S", 0)
    handle = open_store(home).tracker().start(plan_of("random", 6))
    for epoch in (1, 2):
        handle.log_validation(epoch, {"train/loss": 1.0})
        reader = open_store(home).reader()
        reader.runs("demo")
        assert len(reader.histories([handle.run_id], "train/loss")[handle.run_id]) == epoch


def test_a_cache_of_which_one_byte_changed_is_not_believed(home):
    """Swapped digits would still be whole JSON with other numbers."""
    cached(home)
    content = bytearray(cache_file(home).read_bytes())
    content[len(content) // 2] ^= 1
    cache_file(home).write_bytes(content)
    assert cached(home) == plain(home)


def test_damaged_copies_of_ranks_and_histories_are_fetched_anew(home):
    plan = plan_of("random", 5)
    handle = open_store(home).tracker().start(plan)
    handle.log_validation(1, {"valid/all/ndcg_at_10": 0.25})
    handle.finish(record_of(plan, {}, ranks=ranks_of(1, 4)))
    for damage in (lambda content: b"", lambda content: content[:40], lambda content: content.replace(b"2", b"3")):
        reader = open_store(home).reader()
        reader.runs("demo")
        assert reader.ranks(handle.run_id).ranks.tolist() == [1, 4]
        assert history_of(reader, handle) == (MetricPoint(1, 0.25),)
        for file in (home.root / "cache").glob("*/*"):
            file.write_bytes(damage(file.read_bytes()))


def test_a_run_with_an_end_in_the_future_hides_no_later_one(home):
    client = MlflowClient(home.tracking_uri)
    run = client.create_run("1", tags={Tag.KIND.value: "single"})
    client.set_terminated(run.info.run_id, "FINISHED", end_time=4_102_444_800_000)
    cached(home)
    finish(home, 4)
    assert cached(home) == plain(home)


def test_times_that_no_calendar_holds_are_a_fault_of_the_run_alone(home, uri):
    """The first millisecond of the year 10000 is 253402300800000."""
    client = MlflowClient(home.tracking_uri)
    run = client.create_run("1", start_time=253_402_300_800_000, tags={Tag.KIND.value: "single", Tag.SEED.value: "--5"})
    client.set_terminated(run.info.run_id, "FINISHED", end_time=9 * 10**18)
    for _ in range(2):
        (found,) = (found for found in cached(home, uri) if found.run_id == run.info.run_id)
        assert len(found.faults) == 3
        assert found.seed is None
    assert len(cached(home, uri)) == 5


def test_a_cache_in_a_folder_for_reading_only_is_passed_over_in_silence(home, monkeypatch, caplog):
    def refuse(self, content):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with caplog.at_level(logging.INFO):
        assert cached(home) == plain(home)
    assert "cache" not in caplog.text
