"""What a training takes over from a finished model: its settings and epochs, and, where it goes on from there, its parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nsbench.command.train import TrainOrder, train_settings
from nsbench.config import Settings, Value, read_settings_file, settings_values
from nsbench.data.opening import open_dataset
from nsbench.data.store import read_items
from nsbench.data.synthetic.generate import DEMO
from nsbench.errors import SettingsError
from nsbench.files.home import Home
from nsbench.trained.card import ModelCard, read_model_card
from nsbench.trained.folder import TrainedModel, open_model
from nsbench.trained.reference import find_model
from nsbench.training.start import StartValues

_BUDGET = ("max_epochs", "validate_every")


@dataclass(frozen=True)
class Given:
    """What a command says of a training.

    Attributes:
        method: The method's name; None: that of the model it goes on from.
        values: What is changed of the settings.
        config: YAML file of settings; `values` go before it.
        epochs: Epochs at most; None: the command doesn't say.
    """

    method: str | None
    values: Mapping[str, Value]
    config: Path | None
    epochs: int | None


def continued_settings(given: Given, trained: TrainedModel) -> Settings:
    """The settings of a training that goes on from a model: the model's, but for what is given.

    Raises:
        SettingsError: A value isn't accepted, or makes another backbone or size.
    """
    settings = _settings(given, trained.card, {} if given.epochs is None else {"max_epochs": given.epochs})
    own, asked = trained.model.settings, settings.model
    shape = {name: value for name, value in own if name not in ("dropout_rate", "initial_values")}
    other = [name for name, value in shape.items() if getattr(asked, name, None) != value]
    if own.name != asked.name or other:
        raise SettingsError(
            f"a training goes on from a {own.name} of {shape}, and a {asked.name} with other {', '.join(other) or 'parts'} is "
            "asked for: leave these settings as they are, or train without --from"
        )
    if settings.training.item_table == "sharded":
        raise SettingsError("a training with item_table=sharded can't go on from a model; leave item_table=copied")
    return settings


def final_settings(given: Given, dataset: str, home: Home) -> Settings:
    """The settings of a last fit on all data: of the method's kept model, for as many epochs as were best for it.

    Raises:
        SettingsError: A value isn't accepted, or nothing says how many epochs.
    """
    method = given.method or ""
    try:
        card = read_model_card(find_model(f"{dataset}/{method}", home).folder)
    except SettingsError as error:
        if given.epochs is None:
            raise SettingsError(
                f"--all-data trains for as many epochs as were best, and no model of {dataset}/{method} says how many: repeat "
                f"the method first, or give --epochs ({error})"
            ) from error
        of_file = settings_values(method, read_settings_file(given.config) if given.config else {})
        return fixed_epochs(Settings.of(method, {**of_file, **given.values}), given.epochs)
    return fixed_epochs(_settings(given, card, {}), given.epochs or card.best_epoch)


def fixed_epochs(settings: Settings, epochs: int) -> Settings:
    """The settings of a training that ends after so many epochs and validates nothing before."""
    return settings.changed({"max_epochs": epochs, "validate_every": epochs, "patience": 0})


def start_of(trained: TrainedModel, dataset: str, home: Home) -> StartValues:
    """A model's parameters for a dataset, whose items are found by their ids.

    Raises:
        SettingsError: None of them is one of the model's.
        DatasetError: There is no such dataset.
    """
    items = read_items(dataset, home)
    numbers = np.array(trained.items.numbers(trained.items.texts(items.labels)), dtype=np.int64)
    # What was never trained has the vector that it began with.
    numbers[numbers > trained.card.n_trained_items] = 0
    if not numbers.any():
        raise SettingsError(
            f"no item of the dataset {dataset} is one that the model was trained on, which was {trained.card.dataset}; their ids "
            f"are such as {', '.join(map(str, items.labels.head(3)))} and {', '.join(map(str, trained.items.labels.head(3)))}"
        )
    return StartValues(trained.model, numbers)


def begin(
    given: Given, order: TrainOrder, reference: str | None, home: Home, *, is_final: bool
) -> tuple[Settings, TrainOrder]:
    """The settings of a training, and the order for it.

    Args:
        given: What the command says.
        order: What it says beside settings.
        reference: The model that it goes on from; None: from nothing.
        home: Where models and datasets are.
        is_final: Whether it is a last fit on all data.

    Raises:
        SettingsError: A value isn't accepted, no method is named, or the model doesn't fit.
    """
    if reference is not None:
        trained = open_model(find_model(reference, home).folder)
        if order.dataset == DEMO != trained.card.dataset:
            # It is what is trained on where no dataset is named, and ids that are numbers would be found in it.
            raise SettingsError(
                f"{reference} was trained on {trained.card.dataset}, and {DEMO} is trained on where no log is named: "
                "name the one to go on with, as in --dataset shop-june"
            )
        settings = continued_settings(given, trained)
        if is_final:
            settings = fixed_epochs(settings, given.epochs or trained.card.best_epoch)
        open_dataset(order.dataset, home)  # Made, where it is built in.
        start = start_of(trained, order.dataset, home)
        return settings, replace(order, start=start, is_final=is_final)
    if given.method is None:
        raise SettingsError("no method is named: give --sampler, such as --sampler mixed, or a model with --from")
    if is_final:
        return final_settings(given, order.dataset, home), replace(order, is_final=True)
    budget: dict[str, Value] = {} if given.epochs is None else {"max_epochs": given.epochs}
    return train_settings(given.method, {**given.values, **budget}, given.config), order


def _settings(given: Given, card: ModelCard, budget: Mapping[str, Value]) -> Settings:
    """A card's settings with what is given; the epochs hang on the log's size again, unless they are given."""
    base = card.run_settings()
    method = given.method or card.method
    own = {name: value for name, value in base.flat().items() if name not in base.method.choices}
    kept = settings_values(method, {name: value for name, value in own.items() if name not in _BUDGET})
    of_file = settings_values(method, read_settings_file(given.config) if given.config else {})
    return Settings.of(method, {**kept, **of_file, **given.values, **budget})
