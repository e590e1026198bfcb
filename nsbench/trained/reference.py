"""Finds a model by what people call it: a folder, a run, a dataset's method, or a name of the registry."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nsbench.data.store import read_card
from nsbench.errors import DatasetError, SettingsError
from nsbench.files.home import Home
from nsbench.method import Method
from nsbench.suggestion import did_you_mean
from nsbench.terms import RunKind
from nsbench.tracking.models.registry import RegisteredName
from nsbench.tracking.models.stored_model import GROUP, StoredModel
from nsbench.tracking.store import open_store
from nsbench.trained.card import CARD

FORMS = "a folder, a run's id or how it begins, DATASET/METHOD, NAME@ALIAS or NAME/VERSION"
"""What a model may be called."""

ADVICE = f"a model is given as {FORMS}; `nsbench models list` shows which there are"

_FEWEST_SIGNS = 4
"""Of a run's id."""

_KINDS = (RunKind.REPEAT, RunKind.SINGLE, RunKind.TRIAL, RunKind.FINAL)
"""Of a method's models, those of repeats go before those of `nsbench train` and of confirmed trials; a last fit on all data, of
which no metric is known, is chosen by its run's id or its name in the registry."""


@dataclass(frozen=True)
class FoundModel:
    """A model that was asked for.

    Attributes:
        folder: Its files, on this machine.
        stored: What the store knows of it; None where it is a folder that somebody gave.
    """

    folder: Path
    stored: StoredModel | None


def find_model(reference: str, home: Home) -> FoundModel:
    """The model of a folder or of the home's store, with its files on this machine.

    Raises:
        SettingsError: There is no such model, or more than one.
        TrackingError: The store can't be read, or the model's files are gone.
    """
    folder = given_folder(reference)
    if folder is not None:
        return FoundModel(folder, None)
    store = open_store(home).models()
    stored = stored_model(reference, home)
    return FoundModel(store.fetch(stored), stored)


def given_folder(reference: str) -> Path | None:
    """The folder of a model that a path names; None where it names none.

    Raises:
        SettingsError: There is a folder, written as a path, without a model.
    """
    path = Path(reference).expanduser()
    try:
        if (path / CARD).is_file():
            return path
        is_path = reference.startswith((".", "/", "~")) or path.is_file()
    except (OSError, ValueError):
        return None
    if is_path:
        raise SettingsError(f"{reference} is no folder of a trained model: it holds no {CARD}; {ADVICE}")
    return None


def stored_model(reference: str, home: Home) -> StoredModel:
    """The model of the home's store that a reference means.

    Raises:
        SettingsError: There is no such model, or more than one.
        TrackingError: The store can't be read.
    """
    store = open_store(home).models()
    models, names = store.models(), store.names()
    if "@" in reference or re.fullmatch(r"[^/]+/\d+", reference):
        return _registered(reference, models, names, store.location)
    dataset, slash, method = reference.partition("/")
    if slash:
        return _best_of(dataset, method, models, home)
    of_run = [one for one in models if reference in (one.run_id, one.model_id)] or [
        one for one in models if len(reference) >= _FEWEST_SIGNS and one.run_id.startswith(reference)
    ]
    if len(of_run) > 1:
        runs = ", ".join(one.run_id for one in of_run[:3])
        raise SettingsError(f"{reference!r} is how {len(of_run)} runs with a model begin ({runs}); give more of it")
    if not of_run:
        calls = {call: "" for one in models for call in (f"{one.dataset}/{one.method}", *one.names)}
        meant = did_you_mean(reference, [*calls, *(name.name for name in names)])
        of_dataset = [call for call in calls if call.startswith(f"{reference}/")]
        known = f"; models of it are: {', '.join(of_dataset)}" if of_dataset else ""
        raise SettingsError(
            f"there is no model {reference!r}{meant} in {store.location}{known}; {ADVICE}. A run keeps none where a better one "
            "of its method is kept, or with --keep-models none"
        )
    return of_run[0]


def _registered(
    reference: str, models: Sequence[StoredModel], names: Sequence[RegisteredName], location: str
) -> StoredModel:
    name, alias_sign, alias = reference.partition("@")
    if not alias_sign:
        name, _, alias = reference.partition("/")
    known = next((one for one in names if one.name == name), None)
    if known is None:
        raise SettingsError(
            f"no model is registered as {name!r}{did_you_mean(name, [one.name for one in names])} in {location}; there are: "
            f"{', '.join(one.name for one in names) or 'none'}; `nsbench models register MODEL --as {name}@champion` makes one"
        )
    version = known.aliases.get(alias) if alias_sign else int(alias)
    if version is None or version not in known.versions:
        there = [f"{name}/{number}" for number in sorted(known.versions)]
        there += [f"{name}@{own}" for own in sorted(known.aliases)]
        raise SettingsError(
            f"{name} has no {'alias' if alias_sign else 'version'} {alias!r}{did_you_mean(reference, there)} in {location}; "
            f"there are: {', '.join(there) or 'none'}"
        )
    model_id = known.versions[version]
    found = next((one for one in models if one.model_id == model_id), None)
    if found is None:
        raise SettingsError(
            f"{reference} in {location} is no model of nsbench, or its run or files were deleted; `nsbench models list` shows "
            "what is kept"
        )
    return found


def _best_of(dataset: str, method: str, models: Sequence[StoredModel], home: Home) -> StoredModel:
    """The best model of a dataset's method, among those of the settings that were trained last.

    Of other preparations of the log than the home's none counts, where the home has the dataset.
    """
    datasets = sorted({one.dataset for one in models})
    of_dataset = [one for one in models if one.dataset == dataset]
    if not of_dataset:
        raise SettingsError(
            f"no model is kept of a dataset {dataset!r}{did_you_mean(dataset, datasets)}; there are models of: "
            f"{', '.join(datasets) or 'none'}; {ADVICE}"
        )
    known = sorted({one.method for one in of_dataset})
    name = _method_name(method)
    if name not in known:
        raise SettingsError(
            f"no model of the method {method!r}{did_you_mean(method, known)} is kept of {dataset}; there are: {', '.join(known)}"
        )
    own = [one for one in of_dataset if one.method == name]
    current = _content_hash(dataset, home)
    if current is not None and not any(one.dataset_hash == current for one in own):
        raise SettingsError(
            f"the models of {dataset}/{name} were trained on another preparation of the log than the dataset {dataset} is now: "
            f"repeat again, or give a run's id ({', '.join(one.run_id[:8] for one in own[-3:])})"
        )
    own = [one for one in own if current in (None, one.dataset_hash)]
    kind = next(kind for kind in _KINDS if any(one.kind == kind for one in own))
    own = [one for one in own if one.kind == kind]
    newest = max(own, key=lambda one: one.created_ms)
    alike = [one for one in own if _setting(one) == _setting(newest)]
    return max(alike, key=lambda one: one.goodness)


def _setting(model: StoredModel) -> tuple[str, ...]:
    """What models share whose values may be compared."""
    return (model.tags.get(GROUP, ""), model.objective)


def _method_name(text: str) -> str:
    """The method's name as it is written everywhere; the text itself where it is none."""
    try:
        return Method.of(text).name
    except SettingsError:
        return text


def _content_hash(dataset: str, home: Home) -> str | None:
    """That of the home's dataset; None where there is none."""
    try:
        return read_card(dataset, home).content_hash
    except DatasetError:
        return None
