"""A finished model under another protocol: finds it, its dataset and its ranks, and records the answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from nsbench.config import Value
from nsbench.data.opening import open_dataset
from nsbench.data.store import read_items
from nsbench.errors import TrackingError
from nsbench.evaluation.rank_table import RankTable
from nsbench.files.home import Home
from nsbench.runs.reevaluation import AnsweredFrom, Question, asked_settings, evaluate_again
from nsbench.tracking.record import RunRecord
from nsbench.tracking.store import open_store
from nsbench.tracking.tracker import NullTracker
from nsbench.trained.dataset_histories import dataset_of
from nsbench.trained.folder import TrainedModel, open_model
from nsbench.trained.reference import FoundModel, find_model


@dataclass(frozen=True)
class Evaluated:
    """An answer.

    Attributes:
        trained: The model.
        record: What came out.
        answered_from: The ranks of the model's run, or the model.
    """

    trained: TrainedModel
    record: RunRecord
    answered_from: AnsweredFrom


def evaluate_model(
    reference: str, values: Mapping[str, Value], dataset: str | None, home: Home, *, is_tracked: bool = True
) -> Evaluated:
    """Ranks the test interactions by a finished model under another protocol.

    Args:
        reference: What the model is called.
        values: What is changed of its run's evaluation.
        dataset: Another one than it was trained on; None: that one.
        home: Where models and datasets are.
        is_tracked: Whether the answer is recorded in MLflow, as a run of its own kind.

    Raises:
        SettingsError: There is no such model, or a value isn't accepted.
        DatasetError: There is no such dataset, or nothing in it to rank.
        TrackingError: The store can't be read or written.
    """
    found = find_model(reference, home)
    trained = open_model(found.folder)
    settings = asked_settings(trained, values)
    # Without a name it has to be the one that the model was trained on; with one it may be any.
    data = dataset_of(trained.card, None, home) if dataset is None else open_dataset(dataset, home)
    items = read_items(data.card.name, home)
    question = Question(trained, settings, data, items, _ranks_of(found, home))
    tracker = open_store(home).tracker() if is_tracked else NullTracker()
    return Evaluated(trained, evaluate_again(question, tracker), question.answered_from)


def _ranks_of(found: FoundModel, home: Home) -> RankTable | None:
    """Those of the model's run; None where it has none, or they can't be read."""
    if found.stored is None:
        return None
    try:
        return open_store(home).reader().ranks(found.stored.run_id)
    except TrackingError:
        return None
