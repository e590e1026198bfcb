"""A run's model comes back from the store as it was trained, over a file and over a server alike."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
import polars as pl
import pytest
import torch
from mlflow import MlflowClient

from nsbench.config import Settings
from nsbench.errors import DatasetError, StoreOutage, TrackingError
from nsbench.files.home import Home
from nsbench.runs.experiment import run
from nsbench.runs.request import RunRequest
from nsbench.terms import RunKind
from nsbench.tracking.models.stored_model import KEEP
from nsbench.tracking.store import open_store
from nsbench.tracking.tracker import NullTracker
from nsbench.trained.card import CARD, read_model_card
from nsbench.trained.folder import ITEMS, PARAMETERS, open_model
from nsbench.trained.keeper import HomeModelKeeper
from nsbench.trained.reference import find_model
from nsbench.training.checkpoint.model_file import load_model
from tests.tracking.served_store import served
from tests.trained.model_builder import SMALL, prepared_letters, trained


@pytest.fixture(params=["sqlite", "server"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    """A home whose runs lie in a file, or on a server."""
    own = Home(tmp_path)
    if request.param == "sqlite":
        yield own
        return
    open_store(own).create()
    with awake(own):
        yield own


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a kept model, to be copied."""
    own = Home(tmp_path_factory.mktemp("kept"))
    trained(own, prepared_letters(own))
    return find_model("letters/random", own).folder


@contextmanager
def awake(home: Home) -> Iterator[None]:
    """A server that has had its first requests, at which it makes its own store the process's."""
    with served(home) as uri:
        client = MlflowClient(uri)
        client.search_experiments()
        client.search_registered_models()
        # Within what the server puts back when it ends: at its first requests it names its store in the environment.
        with patch.dict(os.environ, {"MLFLOW_TRACKING_URI": uri}):
            yield


def models_of(home: Home) -> list[tuple[int, str]]:
    """Seed and first signs of the run of every model that is kept."""
    return [(one.seed, one.run_id[:6]) for one in open_store(home).models().models()]


@pytest.mark.parametrize(("field", "value"), [("n_candidates", 99), ("n_candidates", 0), ("n_trained_items", -1)])
def test_a_card_of_other_numbers_than_the_items_is_refused(kept: Path, tmp_path: Path, field: str, value: int) -> None:
    folder = tmp_path / "edited"
    shutil.copytree(kept, folder)
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps({**card, field: value}))
    with pytest.raises(DatasetError, match=f"{field} = {value}, and there are 12 items"):
        open_model(folder)


def test_items_of_one_name_are_refused(kept: Path, tmp_path: Path) -> None:
    folder = tmp_path / "edited"
    shutil.copytree(kept, folder)
    pl.read_parquet(folder / ITEMS).with_columns(label=pl.lit("a")).write_parquet(folder / ITEMS)
    with pytest.raises(DatasetError, match="an id twice"):
        open_model(folder)


def test_a_kept_model_is_the_trained_one(home: Home, tmp_path: Path) -> None:
    dataset = prepared_letters(home)
    record = trained(home, dataset)
    checkpoint = tmp_path / "again.safetensors"
    request = RunRequest(RunKind.SINGLE, 0, checkpoint=checkpoint)
    run(Settings.of("random", SMALL), dataset, NullTracker(), request)
    found = find_model("letters/random", home)
    opened = open_model(found.folder)
    assert torch.equal(opened.model.items, load_model(checkpoint).items)
    assert torch.equal(opened.model.dense, load_model(checkpoint).dense)
    assert sorted(file.name for file in found.folder.iterdir()) == [CARD, ITEMS, PARAMETERS]
    assert list(home.models.iterdir()) == []
    card = opened.card
    assert (card.run_id, card.method, card.seed, card.kind) == (record.run_id, "random", 0, "repeat")
    assert card.run_settings() == Settings.of("random", SMALL)
    assert card.metrics["test/all/hit_rate_at_10"] == record.metrics["test/all/hit_rate_at_10"]
    assert (card.dataset, card.dataset_hash) == ("letters", dataset.card.content_hash)
    items = pl.read_parquet(found.folder / ITEMS)
    assert sorted(items["label"]) == list("abcdefghijkl")
    assert items["n_training"].to_list() == np.asarray(dataset.train_counts[1:]).tolist()


def test_mlflow_ties_the_model_to_its_run_metrics_and_dataset(home: Home) -> None:
    record = trained(home, prepared_letters(home))
    client = MlflowClient(home.tracking_uri)
    assert record.run_id is not None
    stored = client.get_run(record.run_id)
    (output,) = stored.outputs.model_outputs
    logged = client.get_logged_model(output.model_id)
    assert logged.status.value == "READY"
    assert logged.source_run_id == record.run_id
    assert logged.params["hidden_dim"] == "8"
    metrics = {metric.key: metric for metric in logged.metrics}
    name = "test/all/hit_rate_at_10"
    assert (metrics[name].value, metrics[name].dataset_name) == (record.metrics[name], "letters")
    assert metrics["valid/all/hit_rate_at_10"].value == record.metrics["valid/all/hit_rate_at_10"]
    for metric in (name, "valid/all/hit_rate_at_10"):
        values = client.get_metric_history(record.run_id, metric)
        assert len({(point.step, point.timestamp) for point in values}) == len(values)
        assert stored.data.metrics[metric] == record.metrics[metric]


def test_of_the_repeats_of_one_method_the_best_by_validation_is_kept(home: Home) -> None:
    """Three seeds of one method, and one run each of another method, of other settings and of another kind."""
    dataset = prepared_letters(home)
    records = [trained(home, dataset, seed=seed) for seed in range(3)]
    others = [
        trained(home, dataset, sampler="popularity"),
        trained(home, dataset, learning_rate=0.01),
        trained(home, dataset, kind=RunKind.SINGLE),
    ]
    best = max(records, key=lambda one: (one.metrics["valid/all/hit_rate_at_10"], -one.plan.seed))
    wanted = {str(one.run_id)[:6] for one in (best, *others)}
    assert {run_id for _, run_id in models_of(home)} == wanted
    kept = [file.parent for file in home.artifacts.rglob(PARAMETERS)]
    assert len(kept) == 4  # The files of the others are gone too.


def test_all_or_none_are_kept_where_that_is_asked_for(home: Home) -> None:
    dataset = prepared_letters(home)
    for seed in range(2):
        trained(home, dataset, seed=seed, keep="all")
    trained(home, dataset, seed=2, keep="none")
    assert [seed for seed, _ in models_of(home)] == [0, 1]


def test_a_registered_model_stays_when_a_better_one_comes(home: Home) -> None:
    dataset = prepared_letters(home)
    first = trained(home, dataset, seed=0)
    store = open_store(home).models()
    (model,) = store.models()
    assert store.register(model, "shop", "champion") == 1
    assert store.register(model, "shop", "challenger") == 1  # One version, two aliases.
    for seed in range(1, 4):
        trained(home, dataset, seed=seed)
    kept = {one.run_id: one for one in store.models()}
    assert first.run_id in kept
    assert kept[str(first.run_id)].tags[KEEP] == "all"
    assert kept[str(first.run_id)].names == ("shop/1", "shop@challenger", "shop@champion")
    assert find_model("shop@champion", home).stored == kept[str(first.run_id)]
    assert len(kept) <= 2


def test_a_server_that_is_away_when_a_run_ends_gets_the_model_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    open_store(home).create()
    dataset = prepared_letters(home)
    with awake(home):
        tracker = open_store(home).tracker()
        writer = type(tracker._writer)
        reach = writer._reach

        def away(self: object) -> None:
            raise StoreOutage("no server answers")

        class Leaving:
            """The server goes when the training has ended."""

            def observe(self, event: object) -> None:
                monkeypatch.setattr(writer, "_reach", away)

        request = RunRequest(RunKind.REPEAT, 0, keep_model="best")
        record = run(Settings.of("random", SMALL), dataset, tracker, request, Leaving(), keeper=HomeModelKeeper(home))
        assert models_of(home) == []
        monkeypatch.setattr(writer, "_reach", reach)
        tracker.send_waiting()
        tracker.send_waiting()
        assert models_of(home) == [(0, str(record.run_id)[:6])]
        assert open_model(find_model("letters/random", home).folder).card.run_id == record.run_id


def test_damaged_and_foreign_folders_are_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    trained(home, prepared_letters(home))
    folder = find_model("letters/random", home).folder
    card = (folder / CARD).read_text()
    for change, message in (
        (card.replace('"format": 1', '"format": 7'), "has format 7, and this version"),
        (card.replace('"n_items": 12', '"n_items": 11'), "its card says 11 items"),
        (card.replace('"hidden_dim": 8', '"hidden_dim": 4'), "its card says"),
        ("{", "is no trained model"),
    ):
        (folder / CARD).write_text(change)
        with pytest.raises(DatasetError, match=message):
            open_model(folder)
    (folder / CARD).unlink()
    with pytest.raises(DatasetError, match="is no trained model"):
        read_model_card(folder)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    with pytest.raises(TrackingError, match="were moved or deleted"):
        find_model("letters/random", home)
