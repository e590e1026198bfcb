"""One run, from a method and what was changed of its settings to its record."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from nsbench.config import Settings, Value, read_settings_file, settings_values
from nsbench.data.dataset import Dataset
from nsbench.files.disk import check_place
from nsbench.files.home import Home
from nsbench.objective import default_objective
from nsbench.runs.all_data import all_as_training
from nsbench.runs.experiment import run
from nsbench.runs.observer import Observer
from nsbench.runs.preparation import settled
from nsbench.runs.request import RunRequest
from nsbench.study.trials.orphaned_run import close_lost_runs
from nsbench.study.workers.process_id import OWNER, this_process
from nsbench.terms import KeepModels, RunKind
from nsbench.tracking.record import RunRecord
from nsbench.tracking.store import open_store
from nsbench.tracking.tracker import NullTracker, Tracker
from nsbench.trained.keeper import HomeModelKeeper
from nsbench.training.checkpoint.expiry import remove_abandoned
from nsbench.training.checkpoint.training_checkpoint import Checkpoints
from nsbench.training.start import StartValues

PROCESSES = "nsbench.processes"
"""The tag of a run that says how many processes trained it."""

SEND_WAIT_S = 60.0
"""How long a training that is over waits for a tracking store that is out, before it leaves the rest to the next command."""

Observing = Callable[[int, str], AbstractContextManager[Observer]]
"""Gives what looks on, from the most epochs and the objective's name."""


@dataclass(frozen=True)
class TrainOrder:
    """What is asked of a training beside its settings.

    Attributes:
        dataset: The dataset's name.
        seed: The root seed.
        checkpoint: Where the best epoch's parameters go; None: to the home's checkpoints.
        is_tracked: Whether the run is recorded in MLflow.
        is_fresh: Whether it starts over where an interrupted run of the same settings could be resumed.
        keep_models: Whose models are kept, of the recorded runs of these settings.
        start: What the training goes on from; None: from nothing.
        is_final: Whether everything is training, and no metric is claimed.
    """

    dataset: str
    seed: int = 0
    checkpoint: Path | None = None
    is_tracked: bool = True
    is_fresh: bool = False
    keep_models: KeepModels = "best"
    start: StartValues | None = None
    is_final: bool = False

    @property
    def variant(self) -> str:
        """What the names of its files say of it beside settings and seed."""
        return ("-final" if self.is_final else "") + (f"-from-{self.start.digest}" if self.start is not None else "")


def train_settings(method: str, values: Mapping[str, Value], config: Path | None) -> Settings:
    """The settings of a run.

    Args:
        method: The method's name.
        values: What is changed of them; goes before the file.
        config: YAML file of settings; what only other methods have is passed over.

    Raises:
        SettingsError: The file or a value isn't accepted.
    """
    of_file = settings_values(method, read_settings_file(config) if config else {})
    return Settings.of(method, {**of_file, **values})


def checkpoint_of(settings: Settings, order: TrainOrder, home: Home) -> Path:
    """Where the best epoch's parameters go; what killed commands left in the home's checkpoints is removed.

    Raises:
        StorageError: Nothing can be written there.
    """
    remove_abandoned(home.checkpoints)
    file = f"{settings.method.name}-{settings.fingerprint()}-seed{order.seed}{order.variant}.safetensors"
    path = order.checkpoint or home.checkpoints / order.dataset / file
    check_place("the checkpoint", path)
    return path


def train_once(
    settings: Settings,
    dataset: Dataset,
    order: TrainOrder,
    home: Home,
    path: Path,
    observing: Observing,
    checkpoints: Checkpoints,
    n_processes: int = 1,
) -> RunRecord:
    """Trains one model, keeps its best epoch, ranks the test interactions and records the run.

    A run that was interrupted or killed goes on when the same is asked for again.

    Args:
        settings: Of everything.
        dataset: The prepared log.
        order: What is asked beside the settings.
        home: Where the run is recorded.
        path: Of `checkpoint_of`.
        observing: Gives what looks on.
        checkpoints: Where the training is kept while it goes on.
        n_processes: How many processes train it together.

    Raises:
        SettingsError: A setting isn't accepted for this dataset.
        TrainingError: The training can't go on.
        TrackingError: The store can't be written.
    """
    settings = settled(settings, dataset)
    objective = default_objective(settings.evaluation.cutoffs)
    tags = {OWNER: this_process(), PROCESSES: str(n_processes)}
    keep_model = order.keep_models if order.is_tracked else "none"
    request = RunRequest(
        RunKind.SINGLE,
        order.seed,
        tags=tags,
        checkpoint=path,
        objective=objective,
        keep_model=keep_model,
        start=order.start,
    )
    if order.is_final:
        dataset = all_as_training(dataset)
        # Nothing says which of two is better.
        keep: KeepModels = "none" if keep_model == "none" else "all"
        request = replace(request, kind=RunKind.FINAL, rank_validation=False, rank_test=False, keep_model=keep)
    with (
        _tracker(home, dataset.card.name, is_tracked=order.is_tracked) as tracker,
        observing(settings.training.max_epochs, objective) as observer,
    ):
        return run(settings, dataset, tracker, request, observer, checkpoints, HomeModelKeeper(home))


@contextmanager
def _tracker(home: Home, dataset: str, *, is_tracked: bool) -> Iterator[Tracker]:
    """The home's tracker, with what killed commands left behind put right; or one that records nothing.

    What waits for a store that was out meanwhile is sent at the end.
    """
    if not is_tracked:
        yield NullTracker()
        return
    tracker = open_store(home).tracker()
    close_lost_runs(home, tracker, dataset, (RunKind.SINGLE, RunKind.FINAL))
    yield tracker
    tracker.send_waiting(SEND_WAIT_S)
