"""The report is built from an MLflow store alone, and says what is missing from it."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nsbench.errors import TrackingError
from nsbench.files.home import Home
from nsbench.report.figures.canvas.gallery_cache import read_group
from nsbench.report.formats.format import ReportFormat
from nsbench.report.report import build_report
from nsbench.terms import RunKind
from nsbench.tracking.reading.mlflow_reader import MlflowReader
from nsbench.tracking.store import open_store
from tests.tracking.run_builder import card_json, final_metrics, home_at, plan_of, record_of


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A store of a baseline, two repeats of random, one of batch, a failed run, and an unfinished one of another dataset."""
    home = home_at(tmp_path_factory.mktemp("report"))
    tracker = open_store(home).tracker()
    card = json.loads(
        card_json(best_reachable={"k": 10, "hit_rate": {"all": 0.4, "head": 0.5, "mid": 0.4, "tail": 0.3}})
    )
    results = [
        (plan_of("popularity-baseline", kind=RunKind.BASELINE, label="PopRec", card=card), (0.1, 0.3, 0, 0, 1 / 3)),
        (plan_of("random", 0, label="Random", card=card), (0.2, 0.4, 0.2, 0.1, 0.6)),
        (plan_of("random", 1, label="Random", card=card), (0.3, 0.5, 0.3, 0.2, 0.7)),
        (plan_of("batch", 0, label="Batch", card=card), (0.2, 0.2, 0.2, 0.2, 1.0)),
    ]
    for plan, values in results:
        tracker.start(plan).finish(record_of(plan, final_metrics(*values)))
    tracker.start(plan_of("batch", 1, label="Batch")).stop("FAILED", "loss is not a number")
    tracker.start(plan_of("random", 0, dataset="unfinished"))
    return home


@pytest.fixture(scope="module")
def reader(home: Home) -> MlflowReader:
    return open_store(home).reader()


def test_all_formats_are_written_the_one_to_open_first_in_front(reader, tmp_path):
    report = build_report(reader, ["demo"], tmp_path / "new" / "folder")
    top = [path.name for path in report.files if path.parent == report.output]
    assert top == ["report.html", "index.html", "report.md", "methods.csv", "runs.csv", "report.json"]
    assert sorted(report.files) == sorted(path for path in report.output.rglob("*") if path.is_file())
    names = {path.relative_to(report.output).as_posix() for path in report.files}
    assert {"figures/cohorts-demo.png", "figures/cohorts-demo.svg"} <= names
    assert {"tables/hit-rate-at-10-on-demo.tex", "tables/hit-rate-at-10-on-demo.csv", "tables/all.tex"} <= names


def test_every_file_is_on_the_list(reader, tmp_path):
    report = build_report(reader, ["demo"], tmp_path)
    text = (tmp_path / "index.html").read_text()
    others = [path for path in report.files if path.name != "index.html"]
    assert all(f'href="{path.relative_to(tmp_path).as_posix()}"' in text for path in others)


def test_figures_of_the_same_runs_are_not_drawn_again(reader, tmp_path, monkeypatch):
    build_report(reader, ["demo"], tmp_path)
    before = {path.name: path.read_bytes() for path in (tmp_path / "figures").iterdir()}
    monkeypatch.setattr("nsbench.report.figures.canvas.drawing.svg_text", lambda figure: pytest.fail("drawn again"))
    drawings = pictures(tmp_path)
    build_report(reader, ["demo"], tmp_path)
    assert {path.name: path.read_bytes() for path in (tmp_path / "figures").iterdir()} == before
    assert pictures(tmp_path) == drawings
    assert sum('class="stacked"' in drawing for drawing in drawings) == 3


def pictures(folder: Path) -> list[str]:
    """The drawings of a page."""
    return re.findall(r"<svg.*?</svg>", (folder / "report.html").read_text(), flags=re.DOTALL)


def test_a_figure_of_very_many_points_is_in_the_page_once(reader, tmp_path, monkeypatch):
    monkeypatch.setattr("nsbench.report.figures.canvas.drawing._MOST_STACKED", 10)
    build_report(reader, ["demo"], tmp_path)
    assert len(pictures(tmp_path)) > 3
    assert "<svg" in "".join(pictures(tmp_path))
    assert 'class="stacked"' not in "".join(pictures(tmp_path))


def test_a_stacked_figure_that_is_damaged_is_drawn_again(reader, tmp_path):
    build_report(reader, ["demo"], tmp_path)
    drawings, note = pictures(tmp_path), tmp_path / "figures" / "drawn.json"
    for damaged in (3, "<svg></svg>"):
        entries = json.loads(note.read_text())
        entries["demo"]["drawings"]["repeats"]["stacked"] = damaged
        note.write_text(json.dumps(entries))
        build_report(reader, ["demo"], tmp_path)
        assert pictures(tmp_path) == drawings


@pytest.mark.parametrize("damage", ["cohorts-demo.png", "cohorts-demo.svg", "drawn.json"])
def test_a_figure_that_is_missing_is_drawn_again(reader, tmp_path, damage):
    build_report(reader, ["demo"], tmp_path)
    (tmp_path / "figures" / damage).unlink()
    build_report(reader, ["demo"], tmp_path)
    assert (tmp_path / "figures" / damage).exists()


@pytest.mark.parametrize("damage", [b"", b"<svg", b"\xff\xfe"])
@pytest.mark.parametrize("name", ["cohorts-demo.png", "cohorts-demo.svg"])
def test_a_figure_that_is_damaged_is_drawn_again(reader, tmp_path, name, damage):
    build_report(reader, ["demo"], tmp_path, [ReportFormat.FIGURES])
    figure = tmp_path / "figures" / name
    whole = figure.read_bytes()
    figure.write_bytes(damage)
    build_report(reader, ["demo"], tmp_path, [ReportFormat.FIGURES])
    assert figure.read_bytes() == whole


@pytest.mark.parametrize("text", ["[]", "{", '{"demo": {"key": 1, "drawings": []}}', '{"demo": []}', "[" * 5000])
def test_a_damaged_note_of_what_was_drawn_is_not_believed(reader, tmp_path, text):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "drawn.json").write_text(text)
    assert read_group(tmp_path / "figures", "demo", "key") is None


def test_only_the_wanted_formats_are_written(reader, tmp_path):
    report = build_report(reader, ["demo"], tmp_path, [ReportFormat.JSON])
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    assert report.files == (tmp_path / "report.json",)


def test_the_markdown_opens_with_the_answer_and_shows_the_table(reader, tmp_path):
    """Random's hit rates of 20 and 30 %: mean 25, deviation 10 / sqrt(2) = 7.07.

    Against the baseline's 10 %, with 5 repeats: t = 15 / (7.07 / sqrt(5)) = 4.74 with 4 degrees of freedom, p = .009, three
    pairs: .027; with 4: t = 4.24 with 3, p = .024, .072.
    """
    build_report(reader, ["demo"], tmp_path, [ReportFormat.MARKDOWN])
    text = (tmp_path / "report.md").read_text()
    first, second, third = text.splitlines()[2:5]
    assert first.startswith("- No sampler is shown to beat the baseline PopRec on this dataset: 25.00 % of Random")
    assert "(+15.00 points): 5 repeats each would be enough" in first
    assert second.startswith("- Undecided between Random and Batch: 1 repeat can't tell")
    assert third.startswith("- Accuracy: Random is ahead, with a hit rate at 10 of 25.00 ± 7.07 % (2 runs)")
    assert "| Random | 2 | **25.00 ±7.07** | **45.00 ±7.07** |" in text
    assert "| Best reachable |  | 40.00 | 50.00 | 40.00 | 30.00 |" in text
    assert "| Batch | repeat |  | 1 | 0 | 1 | 0 | 0 | 0 |" in text
    assert "from demo.csv" in text


def test_the_csv_holds_shares_and_one_row_a_method(reader, tmp_path):
    build_report(reader, ["demo"], tmp_path, [ReportFormat.CSV])
    with (tmp_path / "methods.csv").open() as stream:
        rows = {row["sampler"]: row for row in csv.DictReader(stream)}
    assert list(rows) == ["popularity-baseline", "random", "batch"]
    assert float(rows["random"]["test/all/hit_rate_at_10 mean"]) == pytest.approx(0.25)
    assert float(rows["random"]["test/all/hit_rate_at_10 sd"]) == pytest.approx(0.1 / 2**0.5)
    assert rows["batch"]["test/all/hit_rate_at_10 sd"] == ""
    assert rows["batch"]["test/cold/hit_rate_at_10 mean"] == ""
    with (tmp_path / "runs.csv").open() as stream:
        assert [(row["sampler"], row["seed"]) for row in csv.DictReader(stream)] == [
            ("popularity-baseline", "0"),
            ("random", "0"),
            ("random", "1"),
            ("batch", "0"),
        ]


def test_the_json_holds_everything_and_no_undefined_number(reader, tmp_path):
    """Front: Random (25 %, .65) and Batch (20 %, 1); PopRec (10 %, .33) is beaten in both."""
    build_report(reader, ["demo"], tmp_path, [ReportFormat.JSON])
    text = (tmp_path / "report.json").read_text()
    (dataset,) = json.loads(text)["datasets"]
    assert "NaN" not in text
    assert dataset["pareto_front"] == ["Random", "Batch"]
    assert dataset["best_reachable"]["hit_rate"]["all"] == 0.4
    assert [method["n_runs"] for method in dataset["methods"]] == [1, 2, 1]
    assert dataset["methods"][1]["seeds"] == [0, 1]
    assert dataset["methods"][1]["metrics"]["test/all/hit_rate_at_10"]["values"] == [0.2, 0.3]


def test_a_dataset_without_a_result_gets_a_report_that_says_so(reader, tmp_path):
    report = build_report(reader, ["unfinished"], tmp_path)
    text = (tmp_path / "report.md").read_text()
    assert "Nothing to compare yet" in text
    assert "| random | repeat |  | 0 | 0 | 0 | 0 | 1 | 0 |" in text
    assert not any(path.suffix == ".png" for path in report.files)


def test_all_recorded_datasets_are_reported_unless_some_are_named(reader, tmp_path):
    report = build_report(reader, [], tmp_path, [ReportFormat.JSON])
    assert [summary.dataset for summary in report.summaries] == ["demo", "unfinished"]


def test_files_of_others_in_the_folder_are_left_alone(reader, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    build_report(reader, ["demo"], tmp_path, [ReportFormat.JSON])
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_folder_that_can_not_be_written_is_named(reader, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrackingError, match=r"can't write the report to .*file/report.*--output"):
        build_report(reader, ["demo"], tmp_path / "file" / "report")


def test_an_empty_store_says_how_to_fill_it(tmp_path: Path):
    open_store(home_at(tmp_path)).create()
    with pytest.raises(TrackingError, match=r"nothing is recorded in sqlite.*nsbench reproduce demo"):
        build_report(open_store(home_at(tmp_path)).reader(), [], tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_the_report_needs_no_torch():
    code = "import sys, nsbench.report.report, nsbench.tracking.reading.mlflow_reader; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
