"""Which runs of the ladder are still to be made: several methods, several seeds, each rung once."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from nsbench.config import Value
from nsbench.data.dataset import Dataset
from nsbench.files.home import Home
from nsbench.objective import checked_objective
from nsbench.runs.plan import protocol_of
from nsbench.runs.request import RunRequest
from nsbench.runs.rung import RungModel, RungTask
from nsbench.study.ablation.ladder import Segment, Step, ladder_name, segments_of
from nsbench.study.claim import StoredClaims, claims_name
from nsbench.study.listed_run import PlannedJob
from nsbench.study.repeat import TEST_SCORE
from nsbench.study.run_list import RunList
from nsbench.study.search.retrying_storage import RetryingStorage
from nsbench.study.workers.job import RungJob
from nsbench.terms import RunKind, Tag
from nsbench.tracking.store import open_store
from nsbench.tracking.stored_run import StoredRun

_TITLE = "ladder"


@dataclass(frozen=True)
class LadderOrder:
    """What is asked of the ladders of some methods.

    Attributes:
        methods: Their names.
        values: What is held at every rung.
        n_repeats: How many seeds.
        first_seed: The first of them; the others follow it.
    """

    methods: tuple[str, ...]
    values: Mapping[str, Value]
    n_repeats: int
    first_seed: int = 0

    @property
    def seeds(self) -> range:
        """Those that are asked for."""
        return range(self.first_seed, self.first_seed + self.n_repeats)


@final
class Ladders:
    """The ladders of some methods on a dataset.

    Args:
        order: What is asked.
        dataset: The prepared log.
        home: Where the runs are recorded.

    Raises:
        SettingsError: There is no such method, a value isn't accepted, or the published code has nothing like a method.
    """

    def __init__(self, order: LadderOrder, dataset: Dataset, home: Home) -> None:
        self._order = order
        self._dataset = dataset
        self._home = home
        self.name = ladder_name(order.values)
        self.segments = {method: segments_of(method, order.values, dataset) for method in order.methods}
        self.jobs: tuple[RungJob, ...] = ()

    def missing(self, storage: RetryingStorage) -> RunList:
        """The runs that have not finished; each is made once, by whichever of the commands that climb the same ladder.

        All of one seed come before those of the next, so that what is done can be compared. They are left in `jobs` as well.

        Raises:
            TrackingError: The store can't be read.
        """
        names = self._finished_names()
        jobs = [
            job
            for seed in self._order.seeds
            for _, method, segment in self._in_order()
            if (job := self._job(method, segment, seed, names)) is not None
        ]
        remade = {name for job in jobs for name in job.names if name in names}
        n_missing = sum(len(job.names) for job in jobs)
        self.jobs = tuple(job.job for job in jobs if isinstance(job.job, RungJob))
        card = self._dataset.card
        digest = hashlib.blake2b(self.name.encode(), digest_size=6).hexdigest()
        claims = StoredClaims(
            storage,
            claims_name(card.name, card.content_hash, _TITLE, digest, ""),
            lambda: self._finished_names().keys() - remade,
        )
        n_done = self._order.n_repeats * self.n_steps - n_missing
        return RunList(f"{card.name} {_TITLE}", jobs, n_done, TEST_SCORE, claims)

    @property
    def n_trainings(self) -> int:
        """Trainings among the missing runs, once these have been listed."""
        return sum(not job.is_trained for job in self.jobs)

    @property
    def n_rankings(self) -> int:
        """The missing runs that rank a model again."""
        return sum(len(job.tasks) for job in self.jobs) - self.n_trainings

    @property
    def n_steps(self) -> int:
        """Runs of one seed."""
        return sum(len(segment.steps) for own in self.segments.values() for segment in own)

    def finished(self) -> list[StoredRun]:
        """The finished runs of these ladders, whatever their seed: of a run that was made twice the latest; oldest first.

        Raises:
            TrackingError: The store can't be read.
        """
        steps = {
            (step.settings.method.name, *self._key(step))
            for own in self.segments.values()
            for segment in own
            for step in segment.steps
        }
        latest: dict[tuple[object, ...], StoredRun] = {}
        for run in self._stored():
            key = (run.sampler, *_key_of(run))
            if key in steps:
                latest[*key, run.seed] = run
        return sorted(latest.values(), key=lambda run: run.started)

    def _in_order(self) -> list[tuple[int, str, Segment]]:
        """The segments of all methods, those of lower rungs first."""
        found = [(n, method, one) for method, own in self.segments.items() for n, one in enumerate(own)]
        return sorted(found, key=lambda each: each[0])

    def _job(self, method: str, segment: Segment, seed: int, finished: Mapping[str, str]) -> PlannedJob | None:
        """What is missing of a training and what hangs on it; None where nothing is."""
        steps = {_name(step, method, seed): step for step in segment.steps}
        missing = [name for name in steps if name not in finished]
        if not missing:
            return None
        first = next(iter(steps))
        scratch = self._scratch(segment.trained, seed)
        trained = RungModel(self._home.checkpoints / scratch).trained
        is_trained = first in finished and trained is not None and trained.run_id == finished[first]
        # Without its model a training is made again: the same, since all of it follows from the seed.
        names = missing if is_trained or first in missing else [first, *missing]
        tasks = tuple(self._task(steps[name], seed) for name in names)
        return PlannedJob(tuple(names), RungJob(self._dataset.card.name, tasks, is_trained, scratch))

    def _task(self, step: Step, seed: int) -> RungTask:
        objective = checked_objective(None, step.settings.evaluation.cutoffs)
        tags = {Tag.RUNG: step.rung.name, Tag.LADDER: self.name, Tag.N_PLANNED: str(self._order.n_repeats)}
        if step.probed is not None:
            tags[Tag.PROBED] = step.probed
        own = {tag.value: text for tag, text in tags.items()}
        request = RunRequest(RunKind.ABLATION, seed, tags=own, objective=objective, goes_on=False)
        return RungTask(step.settings, request)

    def _scratch(self, step: Step, seed: int) -> str:
        """The name of a training's folder: as those of checkpoints, so that one that nobody wants goes after a month."""
        parts = (_TITLE, self._dataset.card.content_hash, *map(str, self._key(step)), str(seed))
        return hashlib.blake2b("/".join(parts).encode(), digest_size=8).hexdigest()

    def _key(self, step: Step) -> tuple[object, ...]:
        settings = step.settings
        protocol = protocol_of(settings.evaluation, self._dataset)
        epochs = str(settings.training.max_epochs)
        return (self.name, step.rung.name, step.probed, settings.fingerprint(), protocol, epochs)

    def _finished_names(self) -> dict[str, str]:
        """The ids of the finished runs by what tables call them."""
        steps = {
            (step.settings.method.name, *self._key(step)): (step, method)
            for method, own in self.segments.items()
            for segment in own
            for step in segment.steps
        }
        runs = self.finished()
        return {_name(*steps[run.sampler, *_key_of(run)], run.seed): run.run_id for run in runs}

    def _stored(self) -> list[StoredRun]:
        reader = open_store(self._home).reader()
        card = self._dataset.card
        if card.name not in reader.datasets():
            return []
        runs = reader.runs(card.name, (RunKind.ABLATION,))
        return [run for run in runs if run.status == "FINISHED" and run.dataset_hash == card.content_hash]


def _key_of(run: StoredRun) -> tuple[object, ...]:
    """As `Ladders._key`, of a stored run."""
    tags, epochs = run.tags, run.params.get("max_epochs")
    return (tags.get(Tag.LADDER), tags.get(Tag.RUNG), tags.get(Tag.PROBED), run.fingerprint, run.protocol, epochs)


def _name(step: Step, method: str, seed: int | None) -> str:
    """What tables and claims call a run."""
    return f"{method} {step.rung.name} seed {seed}"
