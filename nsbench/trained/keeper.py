"""Makes the folder of a run's trained model, before the tracking store gets it.

Folders are made in the home, where there is room for models, and go when the store has their files.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, final

from nsbench import __version__
from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.data.leftover import PARTIAL, clear_leftovers, remove_owner, working_folder
from nsbench.data.store import read_card, read_items
from nsbench.errors import DatasetError
from nsbench.evaluation.candidate import candidates_of
from nsbench.files.disk import storage_error
from nsbench.files.home import Home
from nsbench.terms import KeepModels, RunKind
from nsbench.tracking.record import KeptModel, RunPlan, RunRecord
from nsbench.trained.card import ModelCard, write_card
from nsbench.trained.folder import PARAMETERS, write_items


@dataclass(frozen=True)
class Wanted:
    """What is asked of a run's model.

    Attributes:
        keep: Whether it is kept, and for how long.
        objective: The validation metric that says which model is better.
    """

    keep: KeepModels
    objective: str


class ModelKeeper(Protocol):
    """What makes folders of models."""

    def open(self) -> "ExitStack":
        """The folders last as long as the context."""

    def parameters(self, wanted: Wanted) -> Path | None:
        """Where a run's parameters are to be written; None where they aren't kept."""

    def kept(
        self, parameters: Path | None, record: RunRecord, settings: Settings, dataset: Dataset, wanted: Wanted
    ) -> RunRecord:
        """The record with its model, whose parameters have been written."""


@final
class NullModelKeeper:
    """Keeps none."""

    def open(self) -> ExitStack:
        """Nothing lasts."""
        return ExitStack()

    def parameters(self, wanted: Wanted) -> Path | None:
        """Nowhere."""
        return None

    def kept(
        self, parameters: Path | None, record: RunRecord, settings: Settings, dataset: Dataset, wanted: Wanted
    ) -> RunRecord:
        """The record as it is."""
        return record


@final
class HomeModelKeeper:
    """Makes folders in a home, whose datasets the models are trained on.

    Args:
        home: The home.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._stack = ExitStack()

    def open(self) -> ExitStack:
        """The folders last as long as the context."""
        self._stack = ExitStack()
        return self._stack

    def parameters(self, wanted: Wanted) -> Path | None:
        """A file in a folder of its own; None where the model isn't wanted.

        Raises:
            StorageError: The folder can't be made.
        """
        if wanted.keep == "none":
            return None
        return self._stack.enter_context(_new_folder(self._home.models)) / PARAMETERS

    def kept(
        self, parameters: Path | None, record: RunRecord, settings: Settings, dataset: Dataset, wanted: Wanted
    ) -> RunRecord:
        """The record with its model; card and items stand beside the parameters then.

        Raises:
            DatasetError: The dataset was replaced meanwhile, so that its labels are others.
            StorageError: The disk is full.
        """
        if parameters is None or wanted.keep == "none":
            return record
        folder = parameters.parent
        items = read_items(dataset.card.name, self._home)
        if read_card(dataset.card.name, self._home).content_hash != dataset.card.content_hash:
            raise DatasetError(
                f"the dataset {dataset.card.name} was replaced while a model was trained on it; the model's items can't be "
                "named any more: train again"
            )
        try:
            write_items(items, dataset.train_counts, folder)
            write_card(card_of(record, settings, dataset, wanted.objective), folder)
            remove_owner(folder)
        except OSError as error:
            raise storage_error("the trained model", folder, error) from error
        value = record.metrics.get(wanted.objective, math.nan)
        return replace(record, model=KeptModel(folder, group_of(record.plan), wanted.keep, wanted.objective, value))


def card_of(record: RunRecord, settings: Settings, dataset: Dataset, objective: str) -> ModelCard:
    """What a run's model says of itself."""
    plan, evaluation = record.plan, settings.evaluation
    candidates = candidates_of(dataset, evaluation)
    return ModelCard(
        nsbench=__version__,
        method=plan.sampler,
        label=plan.label,
        settings=settings.flat(),
        seed=plan.seed,
        kind=plan.kind.value,
        run_id=record.run_id,
        objective=objective,
        best_epoch=record.best_epoch,
        dataset=plan.dataset,
        dataset_hash=plan.dataset_hash,
        protocol=plan.protocol,
        fingerprint=plan.fingerprint,
        n_items=dataset.n_items,
        n_candidates=candidates.n_items,
        n_trained_items=dataset.n_candidates,
        seen_items="exclude" if candidates.exclude_seen else "keep",
        unseen_in_history=evaluation.unseen_in_history,
        metrics=_defined(record.metrics),
    )


def group_of(plan: RunPlan) -> str:
    """The group of a run's model. Trials that confirm points of one study differ in settings, and are of one group."""
    settings = plan.study if plan.kind is RunKind.TRIAL else plan.fingerprint
    return group_name(plan.kind, plan.dataset_hash, plan.sampler, str(settings), plan.protocol)


def group_name(kind: RunKind, dataset_hash: str, method: str, settings: str, protocol: str) -> str:
    """What models share of which only the best is kept, as a tag that a store can search for."""
    return hashlib.blake2b(
        "/".join((kind, dataset_hash, method, settings, protocol)).encode(), digest_size=10
    ).hexdigest()


def _defined(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.items() if math.isfinite(value)}


@contextmanager
def _new_folder(parent: Path) -> Iterator[Path]:
    """A folder for this process alone; what killed processes left beside it goes."""
    with ExitStack() as stack:
        try:
            parent.mkdir(parents=True, exist_ok=True)
            clear_leftovers(parent)
            folder = stack.enter_context(working_folder(parent, "model", PARTIAL))
        except OSError as error:
            raise storage_error("the trained model", parent, error) from error
        yield folder
