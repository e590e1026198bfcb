"""A command's work from end to end: open the stores, put right what was left, work, and sum up."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self, final

from nsbench.config import Settings, Value
from nsbench.data.dataset import Dataset
from nsbench.errors import TrackingError
from nsbench.files.home import Home
from nsbench.objective import checked_objective
from nsbench.retry import OPENING_WAIT_S
from nsbench.runs.preparation import settled
from nsbench.study.ablation.ladder_runs import Ladders
from nsbench.study.confirmation import n_points_of, note_n_points
from nsbench.study.method import log_method_summary
from nsbench.study.repeat import RepeatOrder, claims_of, repeats_of
from nsbench.study.run_list import RunList
from nsbench.study.search.plan import DEFAULT_PROFILE, StudyPlan, load_study, open_study, study_name, with_budget_of
from nsbench.study.search.retrying_storage import RetryingStorage
from nsbench.study.search.space import StudyFile, space_of
from nsbench.study.search.storage import open_storage
from nsbench.study.shared_study import JoinedStudy, announce_repeats, goal_of, invite, raise_goal
from nsbench.study.study_summary import log_summary
from nsbench.study.trials.reconcile import Reconciler
from nsbench.study.trials.trial_failure import go_on
from nsbench.study.trials.tuning import StudyLimits, Tuning
from nsbench.study.workers.pool import WorkerPool
from nsbench.study.workers.scheduler import Viewer, work
from nsbench.terms import KeepModels
from nsbench.tracking.store import open_store
from nsbench.tracking.writing.mlflow_tracker import MlflowTracker

_PATIENCE_S = 60.0
"""How long a command that is done waits for a tracking store that is out."""

_HURRIED_PATIENCE_S = 3.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StudyOrder:
    """What is asked of a study.

    Attributes:
        sampler: The method's name: a sampler's, and what of loss and backbone isn't the default.
        file: What changes the default space.
        values: Settings that are fixed by the command.
        n_trials: Finished trials in the end, pruned ones included.
        objective: The validation metric that is maximised; None: that of `default_objective`.
        seed: The root seed.
        timeout_s: No trial begins after this many seconds; None: no limit.
        name: The study's name; None: dataset, sampler and `profile`.
        profile: The last part of that name.
        n_replicas: Trials that a worker trains side by side, at most.
        n_confirmed: Best points that are trained with further seeds; None: by the number of trials.
        keep_models: Whose models are kept, of the trials that confirm a point.
    """

    sampler: str
    file: StudyFile
    values: Mapping[str, Value]
    n_trials: int
    objective: str | None = None
    seed: int = 0
    timeout_s: float | None = None
    name: str | None = None
    profile: str = DEFAULT_PROFILE
    n_replicas: int = 1
    n_confirmed: int | None = None
    keep_models: KeepModels = "best"


@final
class Session:
    """The stores of a home, opened once, and the workers.

    Args:
        home: Where everything is kept.
        pool: The workers.
        tracker: The home's tracker.
        storage: The home's studies.
    """

    def __init__(self, home: Home, pool: WorkerPool, tracker: MlflowTracker, storage: RetryingStorage) -> None:
        self.home = home
        self._pool = pool
        self._tracker = tracker
        self._storage = storage
        self._reconciler = Reconciler(home, tracker, storage)

    @classmethod
    def open(cls, home: Home, pool: WorkerPool) -> Self:
        """Opens the stores, creating their tables before any worker looks for them.

        Raises:
            TrackingError: A store can't be opened.
        """
        store = open_store(home)
        store.create(OPENING_WAIT_S)
        return cls(home, pool, store.tracker(), open_storage(home))

    def tuning(self, order: StudyOrder, dataset: Dataset) -> Tuning:
        """The study that is asked for, started or resumed.

        Raises:
            SettingsError: An unknown sampler, setting or objective, or a study of that name is of something else.
        """
        space = space_of(order.sampler, order.file, order.values)
        space = replace(space, base=settled(space.base, dataset))
        objective = checked_objective(order.objective, space.base.evaluation.cutoffs)
        name = order.name or study_name(dataset.card.name, order.sampler, order.profile)
        plan = StudyPlan.of(name, dataset.card, space, objective, order.seed)
        study = open_study(plan, space, self._storage)
        plan, space = with_budget_of(study, plan, space)
        if n_going_on := go_on(study, self._storage, space.base.training.max_epochs):
            _log.warning(
                "%s: %d trials that were cut off go on, to at most %d epochs",
                name,
                n_going_on,
                space.base.training.max_epochs,
            )
        invite(study, space, dataset.card)
        raise_goal(study, self._storage, order.n_trials)
        n_confirmed = n_points_of(order.n_trials) if order.n_confirmed is None else order.n_confirmed
        note_n_points(study, self._storage, n_confirmed)
        limits = StudyLimits(lambda: order.n_trials, order.n_replicas, order.timeout_s, order.keep_models)
        return Tuning(study, plan, space, self._storage, self._reconciler, limits)

    def joined(self, joined: JoinedStudy, n_replicas: int = 1) -> Tuning:
        """A study that another command began, to be worked on until it has what that command wants.

        Args:
            joined: The study.
            n_replicas: Trials that a worker trains side by side, at most.
        """
        limits = StudyLimits(lambda: goal_of(joined.study), n_replicas, keep_models="best")
        return Tuning(joined.study, joined.plan, joined.space, self._storage, self._reconciler, limits)

    def repeats(self, settings: Settings, order: RepeatOrder, dataset: Dataset) -> RunList:
        """The repeats that are missing; each is made once, by whichever of the commands that repeat the same.

        Who joins the study whose best settings they are is told of them.

        Raises:
            TrackingError: A store can't be read.
        """
        settings = settled(settings, dataset)
        study = None if order.study is None else load_study(order.study, self._storage)
        if study is not None:
            announce_repeats(study, self._storage, settings, order.n_repeats, order.keep_models)
        claims = claims_of(settings, dataset, self._storage, self.home)
        return repeats_of(settings, dataset, order, self.home, claims)

    def ladder_runs(self, ladders: Ladders) -> RunList:
        """The runs of some ladders that are missing; the same errors as `Ladders.missing`."""
        return ladders.missing(self._storage)

    def run(self, sources: Sequence[Tuning | RunList], dataset: str, viewer: Viewer) -> None:
        """Works on studies and lists of runs of a dataset until all are done.

        What studies and repeats found is written whatever ended the work.

        Raises:
            TrainingError: Too many runs failed.
            StoreOutage: The tracking store is out; what has not been sent waits on this disk.
        """
        self._tracker.send_waiting()
        for source in sources:
            source.poll()
        self._reconciler.close_open_runs(dataset)
        try:
            work(self._pool, sources, self._reconciler, viewer)
        except BaseException:
            try:
                for source in sources:
                    source.let_go()
                self._sum_up(sources, dataset, _HURRIED_PATIENCE_S)
            except TrackingError as error:  # Why the work ended says more.
                _log.warning("%s", error)
            raise
        self._sum_up(sources, dataset, _PATIENCE_S)

    def _sum_up(self, sources: Sequence[Tuning | RunList], dataset: str, patience_s: float) -> None:
        """Sends what waits for the tracking store, closes what is open, and writes what studies and repeats found."""
        self._tracker.send_waiting(patience_s)
        self._reconciler.close_open_runs(dataset)
        for source in sources:
            if isinstance(source, Tuning):
                with self._storage.locked(source.title):
                    log_summary(source, self._tracker)
            elif source.method is not None:
                with self._storage.locked(source.method.title):
                    log_method_summary(source.method, self.home, self._tracker)
                # What processes left that died before they could.
                self._tracker.prune_models(dataset, source.method.model_group)
