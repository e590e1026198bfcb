"""A tracking server says over HTTP what its database holds, and a store that lacks something says what."""

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from mlflow import MlflowClient

from nsbench.errors import TrackingError
from nsbench.evaluation.metrics.of_ranks import metrics_of
from nsbench.files.home import Home
from nsbench.report.formats.format import ReportFormat
from nsbench.report.report import build_report
from nsbench.terms import RunKind
from nsbench.tracking.reading import server_store
from nsbench.tracking.reading.mlflow_reader import MlflowReader
from nsbench.tracking.reading.server_call import ServerCall
from nsbench.tracking.stored_run import MetricPoint
from nsbench.tracking.writing.mlflow_tracker import MlflowTracker
from tests.tracking.run_builder import final_metrics, home_at, plan_of, ranks_of, record_of
from tests.tracking.served_store import served

LOSS = "train/loss"


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    home = home_at(tmp_path_factory.mktemp("served"))
    home.root.mkdir()
    return home


@pytest.fixture(scope="module")
def address(home):
    """Of a server with three finished runs of two epochs, one that still runs, and one without any metric."""
    with served(home) as uri:
        tracker = MlflowTracker(uri, home.artifacts)
        for seed in range(3):
            plan = plan_of("random", seed)
            handle = tracker.start(plan)
            for epoch, loss in ((1, 0.5 + seed), (2, 0.25)):
                handle.log_validation(epoch, {LOSS: loss})
            ranks = ranks_of(1, 2.5)
            handle.finish(record_of(plan, metrics_of(ranks, "test", [10]), ranks=ranks))
        tracker.start(plan_of("batch", 7))
        bare = tracker.start(plan_of("random", 0, dataset="bare"))
        bare.finish(record_of(plan_of("random", 0, dataset="bare"), {}))
        yield uri


@pytest.fixture
def reader(address) -> MlflowReader:
    return MlflowReader(address)


def test_a_server_gives_the_runs_that_its_database_holds(home, reader):
    over_http = reader.runs("demo")
    assert over_http == MlflowReader(f"sqlite:///{home.root / 'mlflow.db'}").runs("demo")
    assert [run.seed for run in over_http] == [0, 1, 2, 7]


@pytest.mark.parametrize("page_size", [1, 2, 3, 4, 100])
def test_pages_that_are_asked_for_side_by_side_come_back_in_order(address, page_size):
    assert [run.seed for run in MlflowReader(address, page_size).runs("demo")] == [0, 1, 2, 7]


def test_runs_are_searched_by_kind_and_sampler(reader):
    assert [run.seed for run in reader.runs("demo", sampler="batch")] == [7]
    assert reader.runs("demo", kinds=[RunKind.TRIAL]) == ()


def test_the_metrics_of_many_runs_come_in_one_answer(reader, monkeypatch):
    run_ids = [run.run_id for run in reader.runs("demo")]
    monkeypatch.delattr(server_store.ServerStore, "_one")
    found = reader.histories(run_ids, LOSS)
    assert [found[run_id] for run_id in run_ids] == [
        (MetricPoint(1, 0.5), MetricPoint(2, 0.25)),
        (MetricPoint(1, 1.5), MetricPoint(2, 0.25)),
        (MetricPoint(1, 2.5), MetricPoint(2, 0.25)),
        (),
    ]


@pytest.mark.parametrize("lack", [("HISTORIES", "/api/2.0/no-such-call"), ("_MOST_POINTS", 6)])
def test_a_server_that_does_not_take_many_runs_at_once_is_asked_run_by_run(reader, monkeypatch, lack):
    """Six points are all there are: as many as an answer may hold may be fewer than there are."""
    run_ids = [run.run_id for run in reader.runs("demo")]
    at_once = reader.histories(run_ids, LOSS)
    monkeypatch.setattr(server_store, *lack)
    assert reader.histories(run_ids, LOSS) == at_once


def test_ranks_are_fetched_over_http(reader):
    first, *_, running = reader.runs("demo")
    assert reader.ranks(first.run_id).ranks.tolist() == [1, 2.5]
    with pytest.raises(TrackingError, match=rf"run {running.run_id} has no ranks\.parquet in http://127"):
        reader.ranks(running.run_id)


def test_an_unknown_dataset_names_the_known_ones(reader):
    with pytest.raises(
        TrackingError,
        match=r"no runs of a dataset 'dmeo' \(did you mean 'demo'\?\) in http://127.*recorded datasets: bare, demo",
    ):
        reader.all_runs(["dmeo"])


def test_a_report_over_http_rests_on_users_and_repeats(reader, tmp_path):
    report = build_report(reader, ["demo"], tmp_path, [ReportFormat.JSON])
    estimate = report.summaries[0].statistics.estimate("random", "hit_rate", "all")
    assert (estimate.basis, report.summaries[0].statistics.n_users) == ("users and repeats", 2)


def test_a_report_on_a_run_without_metrics_says_so(reader, tmp_path):
    build_report(reader, ["bare"], tmp_path, [ReportFormat.MARKDOWN])
    text = (tmp_path / "report.md").read_text()
    assert "Nothing to compare: no finished repeat or baseline has test metrics" in text
    assert "finished without test metrics" in text


def test_a_report_without_the_artifacts_says_what_its_intervals_rest_on(address, tmp_path):
    """One run, with no ranks kept."""
    tracker = MlflowTracker(address, tmp_path)
    plan = plan_of("random", 0, dataset="artless")
    tracker.start(plan).finish(record_of(plan, final_metrics(0.2, 0.4, 0.2, 0.1, 0.6)))
    build_report(MlflowReader(address), ["artless"], tmp_path, [ReportFormat.MARKDOWN])
    text = (tmp_path / "report.md").read_text()
    assert "Only random was run" in text
    assert "the store lacks the ranks of a run" in text


def test_a_dataset_that_was_deleted_is_unknown(address, tmp_path):
    tracker = MlflowTracker(address, tmp_path)
    tracker.start(plan_of(dataset="gone"))
    client = MlflowClient(address)
    client.delete_experiment(client.get_experiment_by_name("gone").experiment_id)
    reader = MlflowReader(address)
    assert "gone" not in reader.datasets()
    with pytest.raises(TrackingError, match="no runs of a dataset 'gone'"):
        reader.all_runs(["gone"])


def test_a_server_without_runs_says_how_to_make_some(echo, tmp_path):
    with pytest.raises(TrackingError, match=r"nothing is recorded in http://127.*nsbench reproduce demo"):
        build_report(MlflowReader(echo), [], tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_reading_over_http_does_not_import_mlflow(address):
    """It takes longer than a report with nothing new."""
    code = (
        "import sys; from nsbench.tracking.reading.mlflow_reader import MlflowReader\n"
        f"assert MlflowReader({address!r}).datasets()\n"
        "sys.exit('mlflow' in sys.modules or 'matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class _Echo(BaseHTTPRequestHandler):
    """Answers with who asked, and otherwise as a server that holds nothing; one path gives an error."""

    def do_POST(self):
        self.send_response(500 if self.path.endswith("broken") else 200)
        self.end_headers()
        self.wfile.write(json.dumps({"asked_by": self.headers["Authorization"]}).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def echo():
    server = HTTPServer(("127.0.0.1", 0), _Echo)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({}, None),
        ({"MLFLOW_TRACKING_TOKEN": "secret"}, "Bearer secret"),
        # "me:pw" in base64.
        ({"MLFLOW_TRACKING_USERNAME": "me", "MLFLOW_TRACKING_PASSWORD": "pw"}, "Basic bWU6cHc="),
    ],
)
def test_the_credentials_are_those_that_mlflow_takes(echo, monkeypatch, tmp_path, settings, header):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("TOKEN", "USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert json.loads(ServerCall(echo).post("/", {})) == {"asked_by": header}


def test_credentials_may_lie_in_mlflows_file(echo, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".mlflow").mkdir()
    (tmp_path / ".mlflow" / "credentials").write_text(
        "[mlflow]\nmlflow_tracking_username = me\nmlflow_tracking_password = pw\n"
    )
    assert json.loads(ServerCall(echo).post("/", {})) == {"asked_by": "Basic bWU6cHc="}


def test_a_server_that_fails_is_named_with_its_answer(echo):
    with pytest.raises(
        TrackingError, match=r"the MLflow store http://127.* failed: 500 Internal Server Error.*MLFLOW_TRACKING_URI"
    ):
        ServerCall(echo).post("/broken", {})
