"""A model is found by whatever people call it, and what isn't found is said with what there is."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from nsbench.errors import SettingsError, TrackingError
from nsbench.files.home import Home
from nsbench.terms import OBJECTIVE_TAG, Tag
from nsbench.tracking.models.registry import RegisteredName, name_and_alias
from nsbench.tracking.models.stored_model import GROUP, VALUE, StoredModel
from nsbench.trained import reference
from nsbench.trained.card import CARD
from nsbench.trained.reference import find_model, stored_model

ID = "m-{:032x}"


def model(
    number: int, run_id: str, value: float, *, dataset: str = "shop", method: str = "random", **tags: str
) -> StoredModel:
    own = {
        Tag.DATASET.value: dataset,
        Tag.DATASET_HASH.value: "0",
        Tag.SAMPLER.value: method,
        Tag.KIND.value: "repeat",
        GROUP: "g",
        OBJECTIVE_TAG: "v",
        VALUE: repr(value),
    }
    return StoredModel(ID.format(number), run_id, "FINISHED", number, "1", "file:///x", own | tags)


class Store:
    """A store of these models and names."""

    location = "sqlite:////somewhere"

    def __init__(self, models: list[StoredModel], names: list[RegisteredName]) -> None:
        self._models, self._names = models, names

    def models(self, dataset: str | None = None) -> list[StoredModel]:
        return self._models

    def names(self) -> list[RegisteredName]:
        return self._names


MODELS = [
    model(1, "aaaa1111", 0.3),
    model(2, "aaaa2222", 0.5, **{GROUP: "older settings"}),
    model(3, "bbbb3333", 0.4),
    model(4, "cccc4444", 0.2),
    model(5, "dddd5555", 0.9, **{Tag.KIND.value: "single"}),
    model(6, "eeee6666", 0.1, method="mixed+softmax"),
    model(7, "ffff7777", 0.1, dataset="films", **{Tag.DATASET_HASH.value: "1"}),
]
NAMES = [RegisteredName("best", {1: ID.format(3), 2: ID.format(99), 3: ID.format(1)}, {"champion": 1, "next": 3})]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    class Opened:
        def models(self) -> Store:
            return Store(MODELS, NAMES)

    monkeypatch.setattr(reference, "open_store", lambda _: Opened())
    return Home(tmp_path)


@pytest.mark.parametrize(
    ("asked", "run_id"),
    [
        ("aaaa1111", "aaaa1111"),
        ("bbbb", "bbbb3333"),
        (ID.format(4), "cccc4444"),
        ("shop/random", "bbbb3333"),  # Of the settings that were repeated last; single runs come after repeats.
        ("shop/mixed+softmax", "eeee6666"),
        ("best@champion", "bbbb3333"),
        ("best/3", "aaaa1111"),
    ],
)
def test_a_model_is_found(home: Home, asked: str, run_id: str) -> None:
    assert stored_model(asked, home).run_id == run_id


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("aaaa", "how 2 runs with a model begin"),
        ("bbb", "there is no model 'bbb'"),
        ("shop", "models of it are: shop/random, shop/mixed"),
        ("shop/randm", r"no model of the method 'randm' \(did you mean 'random'\?\)"),
        ("shp/random", r"no model is kept of a dataset 'shp' \(did you mean 'shop'\?\)"),
        ("bset@champion", r"no model is registered as 'bset' \(did you mean 'best'\?\)"),
        ("best@champoin", r"best has no alias 'champoin' \(did you mean 'best@champion'\?\)"),
        ("best/7", "best has no version '7'.*there are: best/1, best/2, best/3"),
        ("best/2", "best/2 in .* is no model of nsbench"),
        ("./nothing", "is no folder of a trained model"),
    ],
)
def test_what_is_not_there_is_said_with_what_there_is(home: Home, asked: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        find_model(asked, home)


def test_models_of_another_preparation_are_not_taken_for_the_datasets(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hashes(found: Mapping[str, str]) -> None:
        monkeypatch.setattr(reference, "_content_hash", lambda dataset, _: found.get(dataset))

    hashes({"films": "2"})
    with pytest.raises(SettingsError, match="trained on another preparation of the log .* give a run's id"):
        stored_model("films/random", home)
    hashes({"films": "1"})
    assert stored_model("films/random", home).run_id == "ffff7777"


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "shop" / "random").mkdir(parents=True)
    (tmp_path / "shop" / "random" / CARD).write_text("{}")
    found = find_model(str(tmp_path / "shop" / "random"), Home(tmp_path / "home"))
    assert (found.folder, found.stored) == (tmp_path / "shop" / "random", None)


def test_a_home_without_runs_says_so(tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match="nothing is recorded yet"):
        find_model("shop/random", Home(tmp_path))


@pytest.mark.parametrize(
    "name", ["shop@", "@champion", "a/b@c", "shop@latest", "shop@v1", "shop@cham pion", "", "a@b@c"]
)
def test_names_that_the_registry_refuses_are_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="can't be registered"):
        name_and_alias(name)
