"""Another dataset as a trained model knows it: its items by the model's numbers, found by their ids."""

from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional

from nsbench.data.beside.availability import ALWAYS_FROM, ALWAYS_UNTIL, Availability
from nsbench.data.dataset import Dataset
from nsbench.data.item_label import ItemLabels
from nsbench.errors import SettingsError
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.models.model import Model
from nsbench.trained.folder import TrainedModel


def as_of_model(
    trained: TrainedModel, dataset: Dataset, items: ItemLabels, settings: EvaluationSettings
) -> tuple[Model, Dataset]:
    """A dataset in the model's numbers, and the model with room for the items that it never saw.

    An item that the model was not trained on is cold, whatever it is in the dataset: no candidate, and a miss as a target.
    Cohorts go by the popularity in the model's own training.

    Args:
        trained: The model.
        dataset: Another one than it was trained on.
        items: The dataset's items.
        settings: The evaluation.

    Raises:
        SettingsError: The datasets share no item, or the evaluation asks what another dataset can't say.
    """
    if settings.cold_items == "tail" or settings.cohort_counts == "users":
        raise SettingsError(
            "on another dataset than the model's, items that it never saw can't be candidates, and the users of an item in its "
            "training are not known: leave cold_items=separate and cohort_counts=interactions"
        )
    numbers = np.array(trained.items.numbers(trained.items.texts(items.labels)))  # A copy, to be written to.
    if not (numbers > 0).any():
        raise SettingsError(
            f"no item of the dataset {dataset.card.name} is one of the model, which was trained on {trained.card.dataset}; their "
            f"ids are such as {', '.join(map(str, items.labels.head(3)))} and {', '.join(map(str, trained.items.labels.head(3)))}"
        )
    unknown = numbers == 0
    numbers[unknown] = trained.card.n_items + 1 + np.arange(unknown.sum())
    n_new = int(unknown.sum())
    model = trained.model
    table = functional.pad(model.items, (0, 0, 0, n_new)) if n_new else model.items
    counts = np.concatenate([trained.train_counts, np.zeros(n_new, dtype=np.int64)])
    of_number = np.concatenate([[0], numbers]).astype(np.int32)
    negatives = dataset.explicit_negatives
    if negatives is not None:
        negatives = replace(negatives, item_ids=of_number[np.asarray(negatives.item_ids)])
    dates = dataset.availability
    if dates is not None:
        # Items of the model that aren't in the dataset have no dates there.
        first, last = np.full(len(counts), ALWAYS_FROM), np.full(len(counts), ALWAYS_UNTIL)
        first[of_number], last[of_number] = dates.first, dates.last
        dates = Availability(first, last)
    view = replace(
        dataset,
        item_ids=of_number[np.asarray(dataset.item_ids)],
        train_counts=counts,
        train_user_counts=counts,
        truth=None,  # It is by the dataset's own numbers.
        explicit_negatives=negatives,
        availability=dates,
    )
    return Model(model.settings, model.dense, torch.as_tensor(table)), view
