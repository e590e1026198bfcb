"""A last fit on all data, and a training that goes on from a model: what they train on, from what they begin, what they say."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch

from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.data.log.prepare import prepare_frame
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.origin import LogOrigin
from nsbench.files.home import Home
from nsbench.models.model import initial_model
from nsbench.report.run_counts import count_runs
from nsbench.runs.all_data import all_as_training
from nsbench.runs.experiment import run
from nsbench.runs.request import RunRequest
from nsbench.samplers import SAMPLERS
from nsbench.terms import RunKind
from nsbench.tracking.store import open_store
from nsbench.tracking.tracker import NullTracker
from nsbench.trained.folder import open_model
from nsbench.trained.reference import find_model
from nsbench.training.start import StartValues
from tests.builder import with_some_negatives
from tests.cli.in_process import nsbench
from tests.trained.model_builder import SIZE, SMALL, prepared_letters, trained

Made = tuple[Home, Dataset]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    home = Home(tmp_path_factory.mktemp("final"))
    dataset = prepared_letters(home)
    trained(home, dataset)
    prepared_letters(home, seed=1, name="later")
    return home, dataset


def test_all_of_the_log_is_training() -> None:
    """Users 1 2 2 | 3 and 2 | 2 4: item 1 once, 2 four times by two users, 3 and 4, cold before, once."""
    before = Dataset(
        card=None,  # type: ignore[arg-type]
        item_ids=np.array([1, 2, 2, 3, 2, 2, 4], dtype=np.int32),
        timestamps=np.arange(7),
        offsets=np.array([0, 4, 7]),
        train_end=np.array([3, 5]),
        valid_end=np.array([3, 6]),
        train_counts=np.array([0, 1, 3, 0, 0]),
        train_user_counts=np.array([0, 1, 2, 0, 0]),
    )
    found = all_as_training(before)
    assert found.train_end.tolist() == found.valid_end.tolist() == [4, 7]
    assert found.train_counts.tolist() == [0, 1, 4, 1, 1]
    assert found.train_user_counts.tolist() == [0, 1, 2, 1, 1]
    assert found.n_candidates == 4


def test_a_start_takes_known_items_and_leaves_new_ones_fresh() -> None:
    """Of three items the first is the old model's second, the last its first; the middle one is new."""
    old = initial_model(SIZE, 2, [torch.Generator().manual_seed(1)])
    new = initial_model(SIZE, 3, [torch.Generator().manual_seed(2), torch.Generator().manual_seed(3)])
    fresh = new.items[:, 2].clone()
    StartValues(old, np.array([2, 0, 1])).write_into(new)
    for replica in range(2):
        assert torch.equal(new.items[replica, 1], old.items[0, 2])
        assert torch.equal(new.items[replica, 3], old.items[0, 1])
        assert torch.equal(new.dense[replica], old.dense[0])
    assert torch.equal(new.items[:, 2], fresh)
    assert not new.items[:, 0].any()


def test_a_last_fit_takes_settings_and_epochs_and_claims_nothing(made: Made) -> None:
    home, dataset = made
    kept = open_model(find_model("letters/random", home).folder).card
    before = open_store(home).reader().runs("letters")
    shown = nsbench(home.root, "train", "--sampler", "random", "--dataset", "letters", "--all-data", "--json")
    assert shown.code == 0, shown.err
    document = json.loads(shown.out)
    assert (document["n_epochs"], document["best_epoch"]) == (kept.best_epoch, kept.best_epoch)
    assert document["settings"]["hidden_dim"] == SMALL["hidden_dim"]
    assert not [name for name in document["metrics"] if name.startswith(("test/", "valid/"))]
    card = open_model(find_model(document["run_id"], home).folder).card
    assert (card.kind, card.n_candidates, card.n_trained_items) == ("final", dataset.n_items, dataset.n_items)
    assert count_runs(open_store(home).reader().runs("letters")) == count_runs(before)
    assert find_model("letters/random", home).stored.run_id != document["run_id"]  # type: ignore[union-attr]
    lists = nsbench(home.root, "recommend", document["run_id"], "--history", "a,b", "--json")
    assert lists.code == 0, lists.err
    refused = nsbench(home.root, "evaluate", document["run_id"])
    assert (refused.code, "was trained on all of letters" in " ".join(refused.err.split())) == (2, True)


def test_a_last_fit_learns_from_what_was_the_test(made: Made) -> None:
    """Users go on to the next letter, and in the last quarter of the log to z, which is not in the training."""
    home, _ = made
    rows = [
        (f"u{user}", "abcdefgh"[(user + step) % 8] if step < 6 else "z", 1000 * step + user)
        for user in range(40)
        for step in range(8)
    ]
    frame = pl.DataFrame(rows, schema=["user", "item", "time"], orient="row").lazy()
    options = PrepareOptions(seen_items="keep", valid_share=0.1, test_share=0.15)
    prepare_frame(frame, options, LogOrigin(file="z.csv"), "ends", home, replace=True)
    values = {name: value for name, value in SMALL.items() if name != "max_epochs"} | {"learning_rate": 0.02}
    small = [part for name, value in values.items() for part in ("--set", f"{name}={value}")]
    arguments = ("--sampler", "random", "--dataset", "ends", "--all-data", "--epochs", "15", "--json")
    shown = nsbench(home.root, "train", *arguments, *small)
    assert shown.code == 0, shown.err
    run_id = json.loads(shown.out)["run_id"]
    lists = nsbench(home.root, "recommend", run_id, "--history", "c,d,e,f,g,h", "--top", "2", "--json")
    assert "z" in {row["item"] for row in json.loads(lists.out)["recommendations"]}


def test_a_training_that_goes_on_begins_where_the_model_ended(made: Made) -> None:
    """With steps of next to nothing the parameters stay: known items and all else are the model's."""
    home, _ = made
    old = open_model(find_model("letters/random", home).folder)
    arguments = ("train", "--from", "letters/random", "--dataset", "later", "--epochs", "1", "--json")
    shown = nsbench(home.root, *arguments, "--set", "learning_rate=1e-12")
    assert shown.code == 0, shown.err
    new = open_model(find_model(json.loads(shown.out)["run_id"], home).folder)
    assert new.card.method == "random"
    numbers = old.items.numbers(new.items.texts(new.items.labels)).copy()
    assert sorted(numbers.tolist()) != numbers.tolist()
    torch.testing.assert_close(new.model.items[0, 1:], old.model.items[0, numbers], atol=1e-6, rtol=0)
    torch.testing.assert_close(new.model.dense, old.model.dense, atol=1e-6, rtol=0)


@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
def test_every_sampler_trains_on_counts_that_do_not_fall(made: Made, sampler: str) -> None:
    dataset = made[1]
    values = {**SMALL, "max_epochs": 1, "patience": 0}
    name = sampler if sampler != "catalogue" else "catalogue+softmax"
    counts = np.array([0, 1, *range(dataset.n_items - 1, 0, -1)])
    turned = replace(with_some_negatives(all_as_training(dataset), 2), train_counts=counts, train_user_counts=counts)
    request = RunRequest(RunKind.FINAL, 0, rank_validation=False, rank_test=False)
    found = run(Settings.of(name, values), turned, NullTracker(), request)
    assert np.isfinite(found.metrics["train/loss"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no method is named"),
        (("--all-data", "--sampler", "mixed"), "no model of letters/mixed says how many"),
        (("--from", "letters/random", "--set", "hidden_dim=16"), "with other hidden_dim is asked for"),
        (("--from", "letters/random", "--sampler", "random+gru4rec"), "a gru4rec"),
        (("--from", "nothing"), "there is no model 'nothing'"),
        (("--from", "letters/random", "--dataset", "demo"), "name the one to go on with"),
        (("--loss", "softmax"), "name its sampler with --sampler"),
    ],
)
def test_bad_beginnings_are_refused(made: Made, arguments: tuple[str, ...], message: str) -> None:
    shown = nsbench(made[0].root, "train", "--dataset", "letters", *arguments)
    assert shown.code >= 2
    assert message in " ".join(shown.err.split())
