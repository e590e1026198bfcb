"""Every compared run of a dataset under another protocol: from ranks or kept models, once, with a word for what is missing."""

import json
import math
from pathlib import Path

import pytest

import nsbench as from_python
from nsbench.command.evaluate import evaluate_model
from nsbench.data.store import load_dataset
from nsbench.errors import SettingsError
from nsbench.files.home import Home
from nsbench.report.analysis import read_summaries
from nsbench.report.protocols.protocol_table import protocol_tables
from nsbench.report.protocols.runs_under import RunsUnder
from nsbench.runs.baseline import run_baseline
from nsbench.terms import RunKind, Tag
from nsbench.tracking.store import open_store
from tests.cli.in_process import nsbench
from tests.trained.model_builder import prepared_letters, trained

SAMPLERS = ("random", "mixed", "batch", "popularity")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two seeds of four samplers, of which the best one's model is kept, and a baseline; 2 is of another protocol and older."""
    home = Home(tmp_path_factory.mktemp("all"))
    dataset = prepared_letters(home)
    trained(home, dataset, targets="frozen")
    for sampler in SAMPLERS:
        for seed in (0, 1):
            trained(home, dataset, sampler=sampler, seed=seed)
    run_baseline("markov-baseline", dataset, open_store(home).tracker())
    return home


def answers(home: Home, *values: str) -> dict[str, object]:
    sets = [word for value in values for word in ("--set", value)]
    shown = nsbench(home.root, "evaluate", "--all", "--dataset", "letters", *sets, "--json")
    assert shown.code == 0, shown.err
    return dict(json.loads(shown.out))


def sources(document: dict[str, object]) -> list[str]:
    return [run["answered_from"] for run in document["runs"]]  # type: ignore[attr-defined, index]


def test_last_targets_of_all_compared_runs_come_from_their_ranks_once(home: Home) -> None:
    document = answers(home, "targets=last")
    assert sources(document) == ["ranks"] * 9
    assert str(document["protocol"]).startswith("last/")
    stored = {run.run_id: run for run in open_store(home).reader().runs("letters", (RunKind.EVALUATION,))}
    for run in document["runs"]:  # type: ignore[attr-defined]
        assert stored[run["run_id"]].tags[Tag.EVALUATED] == run["model_run_id"]
        assert stored[run["run_id"]].metrics["test/all/ndcg_at_10"] == run["metrics"]["test/all/ndcg_at_10"]
    assert sources(answers(home, "targets=last")) == ["recorded"] * 9
    assert len(open_store(home).reader().runs("letters", (RunKind.EVALUATION,))) == len(stored)


def test_an_answer_is_that_of_the_model(home: Home) -> None:
    """Of the one repeat of each sampler whose model is kept, and of a baseline that is made again."""
    document = answers(home, "targets=frozen", "cutoffs=3")
    assert sorted(sources(document)) == ["missing"] * 4 + ["model"] * 5
    kept = {run["method"]: run for run in document["runs"] if run["run_id"]}  # type: ignore[attr-defined]
    for sampler in SAMPLERS:
        wanted = evaluate_model(
            f"letters/{sampler}", {"targets": "frozen", "cutoffs": "3"}, None, home, is_tracked=False
        )
        own = {name: value for name, value in kept[sampler]["metrics"].items() if value is not None}
        assert own == {name: value for name, value in wanted.record.metrics.items() if not math.isnan(value)}
    assert kept["markov-baseline"]["metrics"]["test/all/n_targets"] == own["test/all/n_targets"]


def test_the_report_holds_the_protocols_against_each_other(home: Home) -> None:
    answers(home, "targets=last")
    (summary,) = read_summaries(open_store(home).reader(), ["letters"])
    assert summary.selection.protocol.startswith("rolling/")
    table = protocol_tables([summary])[0]
    pairs = {tuple(row[:3]) for row in table.texts.to_numpy().tolist()}
    assert ("rolling", "last", "4") in pairs


def test_other_cohorts_of_all_runs_come_from_their_ranks(home: Home) -> None:
    document = answers(home, "cohort_cut=counts:35,33")
    assert sources(document) == ["ranks"] * 9
    assert str(document["protocol"]).endswith("/counts:35,33")
    (summary,) = read_summaries(RunsUnder(open_store(home).reader(), "counts:35,33"), ["letters"])
    assert summary.card is not None
    assert summary.card.popularity is not None
    assert summary.card.popularity.cut == "counts:35,33"
    counts = load_dataset("letters", home).train_counts
    assert summary.card.popularity.cohorts["head"].n_items == (counts >= 35).sum()
    assert summary.selection.methods[0].is_baseline
    assert len(summary.samplers) == 4


def test_python_gives_the_answers_as_runs(home: Home) -> None:
    runs = from_python.evaluate("letters", settings={"targets": "last", "cutoffs": [2]}, home=home.root)
    assert len(runs.table) == 9
    assert set(runs.table["kind"]) == {"evaluation"}
    with pytest.raises(SettingsError, match="is no setting of the evaluation"):
        from_python.evaluate("letters", settings={"target": "last"}, home=home.root)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give a MODEL"),
        (("--all",), "--all needs to know whose runs"),
        (("letters/random", "--all", "--dataset", "letters"), "--all takes no MODEL"),
        (("--all", "--dataset", "letters"), "nothing is asked"),
        (("--all", "--dataset", "letters", "--no-track", "--set", "targets=last"), "--all with --no-track"),
        (("--all", "--dataset", "letters", "--set", "hidden_dim=3"), "'hidden_dim' is no setting of the evaluation"),
        (("--all", "--dataset", "letters", "--set", "cohort_cut=thirds"), "accepted is interactions:A,B"),
        (("--all", "--dataset", "unrun", "--set", "targets=last"), "no runs of a dataset 'unrun'"),
    ],
)
def test_bad_questions_are_refused(home: Home, arguments: tuple[str, ...], message: str) -> None:
    if "unrun" in arguments:
        prepared_letters(home, name="unrun")
    shown = nsbench(home.root, "evaluate", *arguments)
    assert shown.code >= 2
    assert message in " ".join(shown.err.split())


def test_a_dataset_that_was_prepared_anew_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path)
    trained(home, prepared_letters(home))
    prepared_letters(home, seed=1)
    shown = nsbench(tmp_path, "evaluate", "--all", "--dataset", "letters", "--set", "targets=last")
    assert shown.code == 2
    assert "the dataset is now another one" in " ".join(shown.err.split())
