"""A finished model ranked again: what must come out the same, what is answered from ranks, and what another dataset means."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nsbench.command.evaluate import evaluate_model
from nsbench.data.dataset import Dataset
from nsbench.data.log.prepare import prepare_frame
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.origin import LogOrigin
from nsbench.data.store import read_items
from nsbench.errors import SettingsError
from nsbench.evaluation.evaluate import evaluate
from nsbench.evaluation.model_scorer import ModelScorer
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.files.home import Home
from nsbench.report.run_counts import count_runs
from nsbench.report.selection import select
from nsbench.terms import RunKind, Tag
from nsbench.tracking.record import RunRecord
from nsbench.tracking.store import open_store
from nsbench.trained.folder import open_model
from nsbench.trained.other_dataset import as_of_model
from nsbench.trained.reference import find_model
from tests.cli.in_process import nsbench
from tests.trained.model_builder import prepared_letters, trained

Made = tuple[Home, RunRecord, Dataset]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    home = Home(tmp_path_factory.mktemp("evaluated"))
    dataset = prepared_letters(home)
    return home, trained(home, dataset), dataset


def of_test(metrics: object) -> dict[str, float]:
    return {name: value for name, value in dict(metrics).items() if name.startswith("test/")}  # type: ignore[call-overload]


@pytest.mark.parametrize("from_folder", [False, True])
def test_the_same_protocol_gives_the_runs_metrics_to_the_last_digit(made: Made, from_folder: bool) -> None:
    """From the ranks; and, of a model in a folder, whose run isn't known, by the model."""
    home, record, _ = made
    reference = str(find_model("letters/random", home).folder) if from_folder else "letters/random"
    found = evaluate_model(reference, {}, None, home, is_tracked=False)
    assert found.answered_from == ("model" if from_folder else "ranks")
    wanted = of_test(record.metrics)
    assert set(of_test(found.record.metrics)) == set(wanted)
    for name, value in wanted.items():
        np.testing.assert_equal(found.record.metrics[name], value)


def test_other_cut_offs_and_cohorts_come_from_the_ranks_as_the_model_would_give_them(made: Made) -> None:
    home, _, dataset = made
    values = {"cutoffs": "2,7", "cohort_counts": "users", "cohort_cut": "items:0.2,1/2"}
    found = evaluate_model("letters/random", values, None, home, is_tracked=False)  # type: ignore[arg-type]
    assert found.answered_from == "ranks"
    settings = EvaluationSettings(cutoffs=(2, 7), cohort_counts="users", cohort_cut="items:0.2,0.5")
    wanted = evaluate(ModelScorer(found.trained.model), dataset, "test", settings, with_exposure=True)
    assert set(found.record.metrics) == set(wanted.metrics)
    for name, value in wanted.metrics.items():
        np.testing.assert_equal(found.record.metrics[name], value)


@pytest.mark.parametrize(
    "values",
    [
        {"targets": "frozen"},
        {"seen_items": "exclude"},
        {"targets": "frozen", "cutoffs": "3"},
        {"targets": "last", "ties": "optimistic"},
    ],
)
def test_other_targets_and_candidates_are_ranked_by_the_model(made: Made, values: dict[str, str]) -> None:
    home, _, dataset = made
    found = evaluate_model("letters/random", values, None, home, is_tracked=False)  # type: ignore[arg-type]
    assert found.answered_from == "model"
    settings = EvaluationSettings.model_validate(values)
    wanted = evaluate(ModelScorer(found.trained.model), dataset, "test", settings).metrics
    for name, value in wanted.items():
        np.testing.assert_equal(found.record.metrics[name], value)


@pytest.mark.parametrize("from_folder", [False, True])
def test_the_last_targets_have_their_ranks_among_the_rolling_ones(made: Made, from_folder: bool) -> None:
    """What is shown to whom is a matter of all lists, of which only the model knows which are left."""
    home, record, dataset = made
    reference = str(find_model("letters/random", home).folder) if from_folder else "letters/random"
    found = evaluate_model(reference, {"targets": "last"}, None, home, is_tracked=False)
    assert found.answered_from == ("model" if from_folder else "ranks")
    settings = EvaluationSettings(targets="last")
    wanted = evaluate(ModelScorer(found.trained.model), dataset, "test", settings)
    assert found.record.ranks is not None
    assert record.ranks is not None
    assert len(found.record.ranks) < len(record.ranks)
    for column in ("users", "items", "cohorts", "ranks", "n_tied"):
        np.testing.assert_array_equal(getattr(found.record.ranks, column), getattr(wanted.ranks, column))
    assert {name: found.record.metrics[name] for name in wanted.metrics} == pytest.approx(wanted.metrics, nan_ok=True)
    assert ("test/all/coverage_at_10" in found.record.metrics) is from_folder


def test_seen_items_as_the_dataset_has_them_change_no_rank(made: Made) -> None:
    found = evaluate_model("letters/random", {"seen_items": "keep"}, None, made[0], is_tracked=False)
    assert found.answered_from == "ranks"


def test_the_answer_is_a_run_that_the_report_leaves_out(made: Made) -> None:
    home, record, _ = made
    before = open_store(home).reader().runs("letters")
    shown = nsbench(home.root, "evaluate", "letters/random", "--set", "targets=frozen", "--json")
    assert shown.code == 0, shown.err
    document = json.loads(shown.out)
    runs = open_store(home).reader().runs("letters")
    (made_run,) = [run for run in runs if run.run_id not in {one.run_id for one in before}]
    assert (made_run.kind, made_run.status) == (RunKind.EVALUATION, "FINISHED")
    assert made_run.tags[Tag.EVALUATED] == record.run_id
    assert made_run.tags[Tag.ANSWERED_FROM] == document["answered_from"] == "model"
    assert made_run.metrics["test/all/hit_rate_at_10"] == document["metrics"]["test/all/hit_rate_at_10"]
    assert select("letters", runs) == select("letters", before)
    assert count_runs(runs) == count_runs(before)


def test_another_dataset_is_ranked_by_the_models_items(made: Made) -> None:
    """The same log with its items' labels kept and one item renamed, which the model never saw: its targets are misses, and all
    other ranks are as they were, histories without it aside.
    """
    home, record, _ = made
    generator = np.random.default_rng(0)
    rows = []
    for user in range(60):
        place = int(generator.integers(12))
        for step in range(int(generator.integers(6, 12))):
            place = (place + int(generator.choice([1, 1, 1, 2]))) % 12
            rows.append((f"u{user}", "Abcdefghijkl"[place], 1000 * step + user))
    frame = pl.DataFrame(rows, schema=["user", "item", "time"], orient="row").lazy()
    options = PrepareOptions(seen_items="keep", valid_share=0.1, test_share=0.15)
    prepare_frame(frame, options, LogOrigin(file="renamed.csv"), "renamed", home, replace=True)
    found = evaluate_model("letters/random", {}, "renamed", home, is_tracked=False)
    assert (found.answered_from, found.record.plan.dataset) == ("model", "renamed")
    old, new = record.ranks, found.record.ranks
    assert old is not None
    assert new is not None
    number = found.trained.items.labels.to_list().index("a") + 1
    renamed = old.items == number
    assert renamed.any()
    assert np.isinf(new.ranks[renamed]).all()
    assert found.record.metrics["test/cold/n_targets"] == renamed.sum()
    np.testing.assert_array_equal(new.items[~renamed], old.items[~renamed])


def test_a_log_of_the_same_content_in_another_order_gets_the_same_ranks(made: Made) -> None:
    """Numbered by the model's items, a dataset is ranked as the model's own."""
    home, record, dataset = made
    trained_model = open_model(find_model("letters/random", home).folder)
    order = np.random.default_rng(0).permutation(dataset.n_items)
    items = read_items("letters", home)
    shuffled = type(items)(items.labels.gather(order))
    back = np.concatenate([[0], np.argsort(order) + 1]).astype(np.int32)
    other = replace(dataset, item_ids=back[np.asarray(dataset.item_ids)])
    model, view = as_of_model(trained_model, other, shuffled, EvaluationSettings())
    ranks = evaluate(ModelScorer(model), view, "test", EvaluationSettings()).ranks
    assert record.ranks is not None
    np.testing.assert_array_equal(ranks.ranks, record.ranks.ranks)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("letters/random", "--set", "hidden_dim=3"), "'hidden_dim' is no setting of the evaluation"),
        (("letters/random", "--set", "target=last"), "did you mean 'targets'?"),
        (("letters/random", "--set", "targets=newest"), "settings not accepted: targets"),
        (("letters/random", "--set", "cohort_cut=items:20,80"), "accepted is items:A,B with 0 < A < B < 1"),
        (("letters/random", "--dataset", "letter"), "no dataset"),
        (("letters/random", "--dataset", "foreign"), "no item of the dataset foreign is one of the model"),
        (("letters/random", "--dataset", "foreign", "--set", "cold_items=tail"), "can't be candidates"),
    ],
)
def test_bad_questions_are_refused(made: Made, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    rows = [(f"u{user}", f"x{(user + step) % 7}", 1000 * step + user) for user in range(30) for step in range(8)]
    frame = pl.DataFrame(rows, schema=["user", "item", "time"], orient="row").lazy()
    if not (made[0].datasets / "foreign").exists():
        prepare_frame(frame, PrepareOptions(), LogOrigin(file="foreign.csv"), "foreign", made[0], replace=True)
    shown = nsbench(made[0].root, "evaluate", *arguments)
    assert shown.code >= 2
    assert message in " ".join(shown.err.split())


def test_a_dataset_that_was_prepared_anew_is_no_longer_the_models(tmp_path: Path) -> None:
    home = Home(tmp_path)
    trained(home, prepared_letters(home))
    prepared_letters(home, seed=1)
    folder = str(next(find_model(run.run_id, home).folder for run in open_store(home).models().models()))
    with pytest.raises(SettingsError, match="the model was trained on letters with hash"):
        evaluate_model(folder, {}, None, home, is_tracked=False)
