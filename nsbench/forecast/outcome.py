"""What a profile's runs took, beside what was predicted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nsbench.forecast.epochs import epochs_of
from nsbench.forecast.prediction import Part, Prediction
from nsbench.study.search.plan import study_name
from nsbench.terms import RunKind
from nsbench.tracking.stored_run import RunReader, StoredRun
from nsbench.tracking.writing.environment import ENVIRONMENT

_KINDS = {"trials": RunKind.TRIAL, "repeats": RunKind.REPEAT}
_COSTS = ("cost/train_s", "cost/evaluate_s")


@dataclass(frozen=True)
class Outcome:
    """The runs of a part that have ended with a result or were pruned.

    Attributes:
        part: What was predicted.
        n_done: Such runs, of `part.n_runs`.
        epochs: Their mean number of epochs; not-a-number where none is known.
        predicted_s: Seconds predicted for as many runs.
        actual_s: Seconds that they trained and evaluated.
        devices: Where they ran.
    """

    part: Part
    n_done: int
    epochs: float
    predicted_s: float
    actual_s: float
    devices: tuple[str, ...]

    @property
    def ratio(self) -> float:
        """Actual by predicted seconds."""
        return self.actual_s / self.predicted_s


@dataclass(frozen=True)
class Outcomes:
    """All parts of which runs are done.

    Attributes:
        parts: In the prediction's order.
        is_complete: Whether nothing that was predicted is left to do.
        elapsed_s: Seconds from the first run's start to the last one's end, pauses between commands included.
    """

    parts: tuple[Outcome, ...]
    is_complete: bool
    elapsed_s: float

    @property
    def predicted_s(self) -> float:
        """Seconds predicted for the runs that are done, one after the other."""
        return sum(part.predicted_s for part in self.parts)

    @property
    def actual_s(self) -> float:
        """Seconds that they took."""
        return sum(part.actual_s for part in self.parts)


def outcomes_of(prediction: Prediction, reader: RunReader) -> Outcomes | None:
    """What the predicted runs took that are done; None where none is.

    Raises:
        TrackingError: The store can't be read.
    """
    recorded = set(prediction.datasets) & set(reader.datasets())
    ended = [run for name in recorded for run in reader.runs(name, tuple(_KINDS.values())) if _is_done(run)]
    trained = [part for part in prediction.parts if part.stage in _KINDS]
    found = [(part, [run for run in ended if _is_of(run, part, prediction.profile)]) for part in trained]
    done = [(part, runs) for part, runs in found if runs]
    if not done:
        return None
    counted = [run for _, runs in done for run in runs]
    return Outcomes(
        parts=tuple(_outcome(part, runs, reader) for part, runs in done),
        is_complete=all(len(runs) >= part.n_runs for part, runs in found),
        elapsed_s=(max(map(_end, counted)) - min(run.started for run in counted)).total_seconds(),
    )


def _is_done(run: StoredRun) -> bool:
    return run.status == "FINISHED" or run.is_pruned


def _is_of(run: StoredRun, part: Part, profile: str) -> bool:
    study = study_name(part.dataset, part.sampler, profile)
    return (run.kind, run.dataset, run.study) == (_KINDS[part.stage], part.dataset, study)


def _outcome(part: Part, runs: Sequence[StoredRun], reader: RunReader) -> Outcome:
    epochs = epochs_of(reader, runs)
    return Outcome(
        part=part,
        n_done=len(runs),
        epochs=sum(epochs) / len(epochs) if epochs else float("nan"),
        predicted_s=len(runs) * part.run_s(part.epochs.likely),
        actual_s=sum(_seconds(run) for run in runs),
        devices=tuple(sorted({device for run in runs if (device := _device(run))})),
    )


def _seconds(run: StoredRun) -> float:
    """Training and evaluation; a pruned run recorded no cost, so its whole time stands for it."""
    costs = [run.metrics[name] for name in _COSTS if name in run.metrics]
    return sum(costs) if costs else (_end(run) - run.started).total_seconds()


def _end(run: StoredRun) -> datetime:
    return run.ended or run.started


def _device(run: StoredRun) -> str:
    return run.tags.get(f"{ENVIRONMENT}device", "")
