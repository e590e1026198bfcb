"""How many epochs runs take: at least and at most by their settings, and as runs like them did that are recorded."""

from collections.abc import Sequence
from statistics import fmean
from typing import final

from pydantic import BaseModel, ConfigDict

from nsbench.config import Settings
from nsbench.files.home import Home
from nsbench.terms import N_EPOCHS, TYPICAL_VALIDATIONS, RunKind
from nsbench.tracking.store import open_store
from nsbench.tracking.stored_run import RunReader, StoredRun

_LOGGED_AT_EACH_VALIDATION = "train/loss"
_ALIKE = ("max_epochs", "patience", "validate_every")
_MOST_PRUNED_READ = 20


class Epochs(BaseModel):
    """Epochs of a run.

    Attributes:
        least: Before early stopping can end it.
        most: As its settings allow.
        typical: As runs that stop early took on other logs.
        expected: The mean of the recorded runs like it; None where there are none.
        n_runs: How many those are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    least: int
    most: int
    typical: int
    expected: float | None = None
    n_runs: int = 0

    @property
    def likely(self) -> float:
        """The expected number, or the typical one where nothing is known of this log."""
        return float(self.typical) if self.expected is None else self.expected


def epochs_allowed(settings: Settings) -> Epochs:
    """What the settings allow: early stopping needs one validation that is the best, and `patience` that are not."""
    training = settings.training
    most = training.max_epochs
    if training.patience == 0:
        return Epochs(least=most, most=most, typical=most)
    least, typical = (
        n_validations * training.validate_every for n_validations in (1 + training.patience, TYPICAL_VALIDATIONS)
    )
    return Epochs(least=min(most, least), most=most, typical=min(most, max(least, typical)))


@final
class EpochRecord:
    """The recorded runs that epochs can be taken from.

    Args:
        reader: Where runs are recorded; None: nowhere yet.
    """

    def __init__(self, reader: RunReader | None) -> None:
        self._reader = reader
        self._datasets = () if reader is None else reader.datasets()
        self._runs: dict[str, Sequence[StoredRun]] = {}

    def epochs(self, dataset: str, kind: RunKind, settings: Settings) -> Epochs:
        """The epochs of a run, by its settings and by the recorded runs of the sampler with the same stopping rule."""
        allowed = epochs_allowed(settings)
        if self._reader is None or dataset not in self._datasets:
            return allowed
        if dataset not in self._runs:
            self._runs[dataset] = self._reader.runs(dataset, (RunKind.TRIAL, RunKind.REPEAT))
        wanted = {name: str(settings.flat()[name]) for name in _ALIKE}
        runs = [
            run
            for run in self._runs[dataset]
            if (run.kind, run.sampler) == (kind, settings.method.name)
            and all(run.params.get(name) == value for name, value in wanted.items())
        ]
        known = epochs_of(self._reader, runs)
        if not known:
            return allowed
        return allowed.model_copy(update={"expected": fmean(known), "n_runs": len(known)})


def reader_of(home: Home) -> RunReader | None:
    """The home's runs; None where there is no store yet.

    Raises:
        TrackingError: The store can't be reached.
    """
    store = open_store(home)
    return store.reader() if store.exists else None


def epochs_of(reader: RunReader, runs: Sequence[StoredRun]) -> list[float]:
    """The epochs of finished runs, and of some of those that were pruned, which tell them by their last validation only."""
    finished = [run.metrics[N_EPOCHS] for run in runs if run.status == "FINISHED" and N_EPOCHS in run.metrics]
    pruned = [run.run_id for run in runs if run.is_pruned][:_MOST_PRUNED_READ]
    validations = reader.histories(pruned, _LOGGED_AT_EACH_VALIDATION)
    return finished + [float(points[-1].epoch) for points in validations.values() if points]
