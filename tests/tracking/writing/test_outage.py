"""A tracking server that is killed while runs go on, and started again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from nsbench.errors import StoreOutage
from nsbench.files.home import Home
from nsbench.tracking.reading.mlflow_reader import MlflowReader
from nsbench.tracking.writing.mlflow_tracker import MlflowTracker
from nsbench.tracking.writing.spool import RunTag, Spool
from tests.tracking.run_builder import plan_of, ranks_of, record_of
from tests.tracking_server import TrackingServer, running_server

HIT_RATE = "valid/all/hit_rate_at_10"


@pytest.fixture(autouse=True)
def _soon_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """One further try of a call instead of three, with their waits."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrackingServer]:
    with running_server(tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.mark.slow
def test_a_run_goes_on_without_its_server_which_hears_all_of_it_when_it_is_back(server, tmp_path: Path):
    """Epoch 1 is sent, epoch 2 and the end wait; what is sent afterwards is the whole curve, the ranks and FINISHED.

    Seven records wait: epoch 2, the validation's final value, the other final values, device, description, ranks, end.
    """
    home = Home(tmp_path)
    tracker = MlflowTracker(server.uri, home.artifacts, home.spool)
    plan = plan_of()
    handle = tracker.start(plan)
    handle.log_validation(1, {HIT_RATE: 0.1})
    server.kill()
    handle.log_validation(2, {HIT_RATE: 0.2})
    handle.finish(record_of(plan, {HIT_RATE: 0.2, "test/all/hit_rate_at_10": 0.3}, best_epoch=2, ranks=ranks_of(1, 4)))
    with pytest.raises(StoreOutage, match=r"7 records of 1 runs wait in .*spool.*nothing is lost"):
        tracker.send_waiting()
    server.start()
    tracker.send_waiting()
    (run,) = [run for run in MlflowReader(server.uri).runs("demo") if run.run_id == handle.run_id]
    assert (run.status, run.metric("test/all/hit_rate_at_10")) == ("FINISHED", 0.3)
    history = MlflowClient(server.uri).get_metric_history(handle.run_id, HIT_RATE)
    assert sorted((point.step, point.value) for point in history) == [(1, 0.1), (2, 0.2), (2, 0.2)]
    assert list(MlflowReader(server.uri).ranks(handle.run_id).ranks) == [1, 4]
    assert Spool(home.spool).run_ids() == ()


def test_no_run_is_begun_without_its_server(server, tmp_path: Path):
    home = Home(tmp_path)
    tracker = MlflowTracker(server.uri, home.artifacts, home.spool)
    tracker.start(plan_of())
    server.kill()
    with pytest.raises(StoreOutage):
        tracker.start(plan_of())
    server.start()


def test_records_of_another_store_stay_with_a_warning(server, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    home = Home(tmp_path)
    Spool(home.spool).add("0" * 32, RunTag("why", "because"))
    MlflowTracker(server.uri, home.artifacts, home.spool).send_waiting()
    assert Spool(home.spool).n_records() == 1
    assert "MLFLOW_TRACKING_URI" in caplog.text
