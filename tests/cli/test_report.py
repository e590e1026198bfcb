"""`nsbench report` and `nsbench ui` as a user meets them."""

import io
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
import typer
from typer.testing import CliRunner, Result

from nsbench.cli.report import report
from nsbench.cli.ui import ui
from nsbench.errors import SettingsError, TrackingError
from nsbench.report.formats.format import ReportFormat
from nsbench.tracking.store import open_store
from nsbench.tracking.writing.mlflow_tracker import MlflowTracker
from tests.tracking.run_builder import final_metrics, home_at, plan_of, record_of

app = typer.Typer()
app.command()(report)
app.command()(ui)


@pytest.fixture(scope="module")
def home_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = home_at(tmp_path_factory.mktemp("cli"))
    tracker = open_store(home).tracker()
    for sampler, hit_rate in (("random", 0.2), ("batch", 0.1)):
        plan = plan_of(sampler)
        tracker.start(plan).finish(record_of(plan, final_metrics(hit_rate, hit_rate, hit_rate, hit_rate, 1.0)))
    return home.root


def invoke(home_root: Path, *arguments: str) -> Result:
    environment = {"NSBENCH_HOME": str(home_root), "MLFLOW_TRACKING_URI": "", "COLUMNS": "100"}
    return CliRunner().invoke(app, [*arguments], env=environment)


def test_the_report_is_printed_and_its_files_named(home_root):
    result = invoke(home_root, "report", "--dataset", "demo")
    assert result.exit_code == 0
    assert "random is ahead" in result.output
    assert "Hit rate at 10 on demo, %" in result.output
    path = home_root / "reports" / "demo" / "report.md"
    assert path.exists()
    assert str(path) in result.output


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_our_characters_gets_the_report_spelled_out(home_root, tmp_path, encoding, monkeypatch):
    """The first sentence begins with a bullet, which neither encoding has."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("NSBENCH_HOME", str(home_root))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    report(output=tmp_path, formats=[ReportFormat.JSON])
    assert isinstance(stream.buffer, io.BytesIO)
    text = stream.buffer.getvalue().decode("ascii")
    assert "* Accuracy: random is ahead" in text
    assert str(tmp_path / "report.json") in text


def test_a_dataset_named_like_a_path_has_its_report_in_the_home(tmp_path):
    home = home_at(tmp_path)
    plan = plan_of(dataset="../../out/side")
    MlflowTracker(home.tracking_uri, home.root / "a" / "b" / "c").start(plan).finish(
        record_of(plan, final_metrics(0.2, 0.2, 0.2, 0.2, 1))
    )
    result = invoke(home.root, "report", "--dataset", "../../out/side", "--format", "json")
    assert result.exit_code == 0, result.output
    (folder,) = home.reports.iterdir()
    assert (folder / "report.json").exists()


def test_the_folder_and_the_format_can_be_chosen(home_root, tmp_path):
    result = invoke(home_root, "report", "--output", str(tmp_path), "--format", "json")
    assert result.exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_open_shows_the_page_in_the_browser(home_root, tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("nsbench.cli.report.webbrowser.open", shown.append)
    result = invoke(home_root, "report", "--output", str(tmp_path), "--format", "html", "--open")
    assert result.exit_code == 0
    assert shown == [(tmp_path / "report.html").as_uri()]


def test_open_without_the_page_says_what_to_do(home_root, tmp_path):
    result = invoke(home_root, "report", "--output", str(tmp_path), "--format", "json", "--open")
    assert isinstance(result.exception, SettingsError)
    assert "add --format html" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_files_in_folders_are_counted_rather_than_listed(home_root, tmp_path):
    result = invoke(home_root, "report", "--output", str(tmp_path), "--format", "latex")
    n_files = len(list((tmp_path / "tables").iterdir()))
    assert f"{tmp_path / 'tables'}/ ({n_files} files)" in result.output.replace("\n", "")


def test_a_home_without_runs_says_so_and_stays_empty(tmp_path):
    result = invoke(tmp_path / "none", "report")
    assert isinstance(result.exception, TrackingError)
    assert "nothing is recorded yet" in str(result.exception)
    assert not (tmp_path / "none").exists()


def test_an_unknown_dataset_is_an_error(home_root):
    result = invoke(home_root, "report", "--dataset", "dmeo")
    assert isinstance(result.exception, TrackingError)
    assert "recorded datasets: demo" in str(result.exception)


def test_a_taken_port_is_named_with_another_one_to_try(home_root):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = invoke(home_root, "ui", "--port", str(port))
    assert isinstance(result.exception, TrackingError)
    assert f"can't listen on 127.0.0.1:{port}" in str(result.exception)


@pytest.mark.slow
def test_the_pages_come_up_and_ctrl_c_ends_all_of_them(home_root, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    code = (
        f"import typer; from nsbench.cli.ui import ui; import sys; sys.argv = ['ui', '--port', '{port}']; typer.run(ui)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "NSBENCH_HOME": str(home_root), "MLFLOW_TRACKING_URI": ""},
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    assert process.stdout is not None
    assert process.stdout.readline() == f"MLflow: http://127.0.0.1:{port}\n"
    with urlopen(f"http://127.0.0.1:{port}/") as page:
        assert page.status == 200
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    with socket.create_server(("127.0.0.1", port)):
        pass
