"""The models of runs that are trained side by side, on their way into the record."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import final

from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.runs.request import RunRequest
from nsbench.tracking.record import RunRecord
from nsbench.trained.keeper import ModelKeeper, Wanted


@final
class RunModels:
    """Keeps the models that requests want kept.

    Args:
        keeper: Makes their folders.
        settings: One per run.
        requests: One per run.
        dataset: What they are trained on.
    """

    def __init__(
        self, keeper: ModelKeeper, settings: Sequence[Settings], requests: Sequence[RunRequest], dataset: Dataset
    ) -> None:
        self._keeper = keeper
        self._settings = settings
        self._wanted = [Wanted(request.keep_model, request.objective) for request in requests]
        self._dataset = dataset

    def open(self) -> ExitStack:
        """Folders last as long as the context: until the records are in the store."""
        return self._keeper.open()

    def place(self, run: int) -> Path | None:
        """Where a run's parameters are to be written; None where they aren't kept.

        Raises:
            StorageError: No folder can be made.
        """
        return self._keeper.parameters(self._wanted[run])

    def kept(self, run: int, parameters: Path | None, record: RunRecord) -> RunRecord:
        """The record with the model whose parameters have been written.

        Raises:
            DatasetError: The dataset was replaced meanwhile.
            StorageError: The disk is full.
        """
        return self._keeper.kept(parameters, record, self._settings[run], self._dataset, self._wanted[run])
