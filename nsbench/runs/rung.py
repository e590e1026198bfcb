"""A training of the ladder and what hangs on it: the model is ranked again at each rung that changes nothing of its training.

The model lies in a folder of its own until all of them are recorded, so that what was interrupted goes on without training again.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.errors import DatasetError
from nsbench.evaluation.evaluate import Evaluation, evaluate
from nsbench.evaluation.model_scorer import ModelScorer
from nsbench.files.disk import storage_error, write_atomically
from nsbench.models.model import Model
from nsbench.runs.experiment import run
from nsbench.runs.observer import Observer
from nsbench.runs.plan import plan_of
from nsbench.runs.reevaluation import recorded
from nsbench.runs.request import RunRequest
from nsbench.tensors.device import choose_device
from nsbench.terms import CUT_OFF, Tag
from nsbench.tracking.record import RunRecord
from nsbench.tracking.tracker import Tracker
from nsbench.training.checkpoint.model_file import load_model
from nsbench.training.checkpoint.training_checkpoint import Checkpoints


@dataclass(frozen=True)
class RungTask:
    """One run of the ladder.

    Attributes:
        settings: At its rung.
        request: What else is asked.
    """

    settings: Settings
    request: RunRequest


@dataclass(frozen=True)
class Trained:
    """What is known of the run that trained a model.

    Attributes:
        run_id: Its id in the store; None where it isn't recorded.
        best_epoch: The epoch that was kept.
        cut_off: 1 where the training ended at its last epoch before patience ran out, else 0.
    """

    run_id: str | None
    best_epoch: int
    cut_off: float


@dataclass(frozen=True)
class RungModel:
    """The folder of a model that waits to be ranked again; nothing is created by naming it."""

    folder: Path

    @property
    def parameters(self) -> Path:
        """The model's."""
        return self.folder / "model.safetensors"

    @property
    def _note(self) -> Path:
        return self.folder / "trained.json"

    @property
    def trained(self) -> Trained | None:
        """What is known of its training; None while it isn't there, or not whole."""
        try:
            return Trained(**json.loads(self._note.read_bytes())) if self.parameters.is_file() else None
        except (OSError, ValueError, TypeError):
            return None

    def note(self, trained: Trained) -> None:
        """Writes down what is known of the training of the parameters, which lie there.

        Raises:
            StorageError: The disk is full.
        """
        text = json.dumps(asdict(trained))
        try:
            write_atomically(self._note, lambda path: path.write_text(text, encoding="utf-8"))
        except OSError as error:
            raise storage_error("the model of a rung", self._note, error) from error

    def remove(self) -> None:
        """Deletes the folder, if it is there."""
        shutil.rmtree(self.folder, ignore_errors=True)


def climb(
    tasks: Sequence[RungTask],
    place: RungModel,
    dataset: Dataset,
    tracker: Tracker,
    observers: Sequence[Observer],
    checkpoints: Checkpoints | None = None,
    *,
    is_trained: bool = False,
) -> list[RunRecord]:
    """Trains a model and ranks it again, and records each as a run of its own; the errors of `nsbench.runs.experiment.run`.

    Args:
        tasks: The training, then the rungs at which its model is ranked again.
        place: Where the model lies meanwhile; it is deleted in the end.
        dataset: The prepared log.
        tracker: Where the runs are recorded.
        observers: One per task.
        checkpoints: Where the training is kept while it goes on; None: nowhere.
        is_trained: Whether the model lies there already, and every task is to rank it.

    Raises:
        DatasetError: The model doesn't lie there.
    """
    records: list[RunRecord] = []
    ranked = list(zip(tasks, observers, strict=True))
    if not is_trained:
        (first, observer), *ranked = ranked
        request = replace(first.request, checkpoint=place.parameters if ranked else None)
        record = run(first.settings, dataset, tracker, request, observer, checkpoints)
        records.append(record)
        if ranked:
            place.note(Trained(record.run_id, record.best_epoch, record.metrics[CUT_OFF]))
    if ranked:
        trained = place.trained
        if trained is None:
            raise DatasetError(f"{place.folder} holds no model of a rung any more; the same command trains it again")
        model = load_model(place.parameters)
        records += [rank_again(task, model, trained, dataset, tracker, observer) for task, observer in ranked]
    place.remove()
    return records


def rank_again(
    task: RungTask, model: Model, trained: Trained, dataset: Dataset, tracker: Tracker, observer: Observer
) -> RunRecord:
    """Ranks the test interactions by the model of another rung, and records it as a run of its own kind of request.

    Raises:
        DatasetError: There is nothing to rank.
    """
    settings = task.settings
    # A run that was not recorded can't be named.
    origin = {} if trained.run_id is None else {Tag.EVALUATED.value: trained.run_id}
    request = replace(task.request, tags={**task.request.tags, **origin})

    def answer() -> Evaluation:
        device = choose_device()
        own = Model(model.settings, model.dense.to(device), model.items.to(device))
        found = evaluate(ModelScorer(own), dataset, "test", settings.evaluation, with_exposure=True)
        return replace(found, metrics={CUT_OFF: trained.cut_off, **found.metrics})

    return recorded(plan_of(settings, dataset, request), tracker, trained.best_epoch, answer, observer)
