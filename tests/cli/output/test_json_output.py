"""`--json`: one document on standard output, and nothing but it."""

import json
import math
import shlex
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import pytest
import typer

from nsbench.cli.output.json_output import cleaned, json_output
from nsbench.cli.process.exit_code import EXIT_FAILED_RUNS
from nsbench.config import Settings
from nsbench.samplers import SAMPLERS
from nsbench.terms import RunKind
from nsbench.tracking.reading.mlflow_reader import MlflowReader
from tests.cli.in_process import Shown, nsbench

SHORT = ("--dataset", "few", "--epochs", "1", "--set", "hidden_dim=8")
SCORE = "test/all/hit_rate_at_10"
PROFILE = """
description: One sampler, once each.
datasets: [{name: few}]
samplers: [random]
settings: {hidden_dim: 4, max_length: 5}
tune: {trials: 1, epochs: 1}
repeat: {repeats: 1, epochs: 1}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("json") / "home"
    few = ("--users", "80", "--items", "100", "--interactions", "1600", "--name", "few")
    assert nsbench(home, "data", "synthetic", *few).code == 0
    return home


def document(shown: Shown) -> Any:
    """What a command printed; it is ASCII, and holds neither NaN nor Infinity."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    assert shown.code == 0, shown.err
    assert shown.out.isascii()
    return json.loads(shown.out, parse_constant=refuse)


def runs_of(home: Path, kind: RunKind) -> dict[str, Any]:
    return {run.run_id: run for run in MlflowReader(f"sqlite:///{home}/mlflow.db").runs("few", (kind,))}


def test_numbers_that_json_does_not_know_become_null_at_any_depth() -> None:
    found = cleaned({RunKind.TRIAL: [math.nan, math.inf, (1.5, True)], "kinds": {RunKind.STUDY}, "path": Path("a/b")})
    assert found == {"trial": [None, None, [1.5, True]], "kinds": ["study"], "path": "a/b"}


def test_all_samplers_stand_in_a_list_and_one_stands_alone(home: Path) -> None:
    listed = document(nsbench(home, "samplers", "--json"))
    assert [one["name"] for one in listed] == list(SAMPLERS)
    mixed = document(nsbench(home, "samplers", "mixed", "--json"))
    assert mixed in listed
    assert (mixed["label"], mixed["paper_name"]) == ("Mixed", "MNS")
    assert set(mixed["settings"]) == set(Settings.of("mixed").flat()) - {"sampler"}
    count = mixed["settings"]["n_uniform"]
    assert (count["default"], count["accepted"]["minimum"], count["searched"]["high"]) == (50, 1, 500)
    assert mixed["settings"]["negative_sharing"]["accepted"]["enum"] == ["user", "group"]


def test_datasets_are_listed_with_their_counts_or_with_their_error(home: Path, tmp_path: Path) -> None:
    (few,) = document(nsbench(home, "data", "list", "--json"))
    assert few["n_train"] + few["n_valid"] + few["n_test"] == few["n_interactions"]
    assert document(nsbench(tmp_path / "empty", "data", "list", "--json")) == []
    (tmp_path / "home" / "datasets" / "bad").mkdir(parents=True)
    (bad,) = document(nsbench(tmp_path / "home", "data", "list", "--json"))
    assert "bad" in bad["error"]


def test_what_prepare_says_is_in_its_document(tmp_path: Path) -> None:
    """90 rows of nine users, and a tenth user with the last row alone; a name beyond ASCII."""
    rows = [f"u{n % 9},i{n % 7},{1_600_000_000 + 60 * n}" for n in range(90)]
    (tmp_path / "läden.csv").write_text("\n".join(["user,item,time", *rows, "late,i1,1600009000"]) + "\n")
    shown = nsbench(tmp_path / "home", "data", "prepare", str(tmp_path / "läden.csv"), "--name", "shop", "--json")
    found = document(shown)
    assert (found["card"]["source"], found["card"]["n_interactions"]) == ("läden.csv", 91)
    assert any("are the first of their users" in notice for notice in found["notices"])
    assert all(notice in shown.err for notice in found["notices"])


@pytest.mark.slow
def test_baselines_are_told_with_their_metrics_when_made_and_when_made_before(home: Path) -> None:
    shown = nsbench(home, "baseline", "--dataset", "few", "--json")
    first = document(shown)
    assert "PopRec  finished" in shown.err
    assert first["baselines"][0]["name"] == "popularity-baseline"
    recorded = runs_of(home, RunKind.BASELINE)
    assert {one["run_id"]: one["metrics"][SCORE] for one in first["baselines"]} == {
        run_id: run.metrics[SCORE] for run_id, run in recorded.items()
    }
    assert document(nsbench(home, "baseline", "--dataset", "few", "--json")) == first


def test_a_run_is_told_as_it_is_recorded(home: Path) -> None:
    shown = nsbench(home, "train", "--sampler", "random", "--set", "learning_rate=0.00123456789", *SHORT, "--json")
    found = document(shown)
    run = runs_of(home, RunKind.SINGLE)[found["run_id"]]
    assert found["run_name"] == run.name
    assert found["metrics"][SCORE] == run.metrics[SCORE]
    assert found["settings"]["learning_rate"] == 0.00123456789
    assert (found["n_epochs"], found["cut_off"]) == (1, True)
    assert "MLflow run" in shown.err


def test_a_run_that_is_not_recorded_has_no_id(home: Path) -> None:
    found = document(nsbench(home, "train", "--sampler", "random", "--no-track", *SHORT, "--json"))
    assert (found["run_id"], found["run_name"]) == (None, None)


@pytest.mark.slow
def test_repeats_are_told_by_method(home: Path) -> None:
    words = ("repeat", "--sampler", "batch", "--defaults", "--repeats", "3", "--workers", "1", *SHORT, "--json")
    (method,) = document(nsbench(home, *words))["methods"]
    recorded = runs_of(home, RunKind.REPEAT)
    assert [run["seed"] for run in method["runs"]] == [0, 1, 2]
    values = [recorded[run["run_id"]].metrics[SCORE] for run in method["runs"]]
    assert method["metrics"][SCORE] == {"mean": fmean(values), "sd": stdev(values), "n": 3}
    assert not [name for name in method["metrics"] if not name.startswith("test/") or name.endswith("_sd")]
    assert (method["sampler"], method["settings"]["hidden_dim"], method["n_failed"]) == ("batch", 8, 0)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("samplers", "nope", "--json"), 2, "unknown sampler 'nope'"),
        (("data", "prepare", "nowhere.csv", "--name", "x", "--json"), 2, "There is no file nowhere.csv"),
        (("baseline", "--dataset", "nope", "--json"), 2, "nope"),
        (("train", "--sampler", "random", "--dataset", "few", "--set", "lr=1", "--json"), 2, "unknown setting 'lr'"),
        (("repeat", "--sampler", "random", "--dataset", "few", "--json"), 2, "no finished trial"),
        (("tune", "--sampler", "random", "--dataset", "few", "--set", "lr=1", "--json"), 2, "unknown setting 'lr'"),
        (("report", "--dataset", "nope", "--json"), 5, "nope"),
        (("plan", "nope", "--json"), 2, "nope"),
    ],
)
def test_an_error_leaves_standard_output_empty(home: Path, words: tuple[str, ...], code: int, said: str) -> None:
    shown = nsbench(home, *words)
    assert (shown.code, shown.out) == (code, "")
    assert said in shown.err


def leave(by: BaseException) -> None:
    with json_output(wanted=True) as output:
        print("for people")
        output.document = {"n_failed": 1}
        raise by


def test_a_document_is_printed_though_runs_have_failed_and_not_after_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit) as left:
        leave(typer.Exit(EXIT_FAILED_RUNS))
    assert left.value.exit_code == EXIT_FAILED_RUNS
    printed = capsys.readouterr()
    assert (json.loads(printed.out), printed.err) == ({"n_failed": 1}, "for people\n")
    with pytest.raises(KeyboardInterrupt):
        leave(KeyboardInterrupt())
    assert capsys.readouterr().out == ""


@pytest.mark.slow
def test_a_study_is_told_with_its_best_settings_in_full_and_the_command_that_repeats_them(home: Path) -> None:
    words = ("tune", "--sampler", "cohort", "--trials", "2", "--workers", "1", "--study", "my study", *SHORT, "--json")
    (study,) = document(nsbench(home, *words))["studies"]
    assert (study["name"], study["sampler"], study["objective"]) == ("my study", "cohort", "valid/all/hit_rate_at_10")
    assert [study[f"n_{state}"] for state in ("finished", "pruned", "failed", "cut_off")] == [2, 0, 0, 2]
    best = study["best"]
    trials = [run for run in runs_of(home, RunKind.TRIAL).values() if run.study == "my study"]
    assert best["value"] == max(run.metrics[study["objective"]] for run in trials)
    (own,) = [run for run in trials if run.trial == best["trial"]]
    assert {name: str(value) for name, value in best["settings"].items()} == own.params
    assert best["searched"].items() <= best["settings"].items()
    assert best["repeat_command"].endswith("repeat --sampler cohort --dataset few --study 'my study'")
    again = document(
        nsbench(home, *shlex.split(best["repeat_command"])[1:], "--repeats", "1", "--epochs", "1", "--json")
    )
    assert again["methods"][0]["study"] == "my study"
    assert again["methods"][0]["settings"] == best["settings"]
    assert again["methods"][0]["metrics"][SCORE]["sd"] is None


@pytest.mark.slow
def test_a_study_without_a_complete_trial_has_no_best(home: Path) -> None:
    words = ("tune", "--sampler", "random", "--timeout", "0", "--study", "none", "--workers", "1", *SHORT, "--json")
    (study,) = document(nsbench(home, *words))["studies"]
    assert (study["n_finished"], study["best"]) == (0, None)


@pytest.mark.slow
def test_a_report_is_told_with_its_files_and_its_answer(home: Path, tmp_path: Path) -> None:
    assert nsbench(home, "baseline", "--dataset", "few").code == 0
    words = ("report", "--dataset", "few", "--format", "csv", "--output", str(tmp_path / "report"))
    shown = nsbench(home, *words, "--json")
    found = document(shown)
    assert found["folder"] == str(tmp_path / "report")
    assert {Path(name) for name in found["files"]} == {path for path in tmp_path.rglob("*") if path.is_file()}
    (few,) = found["datasets"]
    assert few["dataset"] == "few"
    assert few["answer"][0][:30] in shown.err


@pytest.mark.slow
def test_a_plan_is_told_before_and_after_its_runs(home: Path, tmp_path: Path) -> None:
    profile = tmp_path / "tiny.yaml"
    profile.write_text(PROFILE)
    words = ("plan", str(profile), "--workers", "1", "--seconds", "0.1", "--json")
    before = document(nsbench(home, *words))
    predicted = before["predicted"]
    assert before["actual"] is None
    assert predicted["n_runs"] == sum(part["n_runs"] for part in predicted["parts"])
    assert 0 < predicted["least_s"] <= predicted["likely_s"] <= predicted["most_s"]
    assert {"memory_bytes", "disk_bytes", "free_disk_bytes"} <= set(predicted)
    assert nsbench(home, "reproduce", str(profile), "--workers", "1").code == 0
    after = document(nsbench(home, *words))
    assert after["predicted"] == {**predicted, "free_disk_bytes": after["predicted"]["free_disk_bytes"]}
    assert [(part["stage"], part["n_done"]) for part in after["actual"]["parts"]] == [("trials", 1), ("repeats", 1)]
