"""Stands between the training loop and those who hear of a run: evaluates when the loop asks, and passes on what comes out."""

import logging
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.device import device_name, peak_memory_bytes
from nsbench.errors import TrainingError
from nsbench.evaluation.evaluate import evaluate
from nsbench.evaluation.model_scorer import ModelScorer
from nsbench.evaluation.shard import Share
from nsbench.models.model import Model
from nsbench.runs.outcome import end_of, explained, shortage_of
from nsbench.runs.request import RunRequest
from nsbench.runs.watcher import Pruned, Watcher
from nsbench.terms import CUT_OFF, NO_NEGATIVE_SHARE
from nsbench.tracking.record import Cost, RunPlan, RunRecord, Validation
from nsbench.tracking.tracker import RunHandle
from nsbench.training.distributed.table_placement import Placement
from nsbench.training.listener import ReplicaLeaves
from nsbench.training.progress import Look
from nsbench.training.result import TrainingResult

NOTABLE_SHARE = 0.05
"""A warning says so where as large a share of an epoch's positions had no negative, or a larger one."""

_log = logging.getLogger(__name__)


class RunListener:
    """Listens to the training of some runs side by side, and ends those that end alone.

    Args:
        dataset: What they are evaluated on.
        settings: One a run.
        requests: One a run.
        watchers: Who watches, one a run.
        placement: The processes that train the runs together, each with a listener like this one, and where the item table lies.
    """

    def __init__(
        self,
        dataset: Dataset,
        settings: Sequence[Settings],
        requests: Sequence[RunRequest],
        watchers: Sequence[Watcher],
        placement: Placement,
    ) -> None:
        self._dataset = dataset
        self._settings = settings
        self._requests = requests
        self._watchers = watchers
        self._placement = placement
        self._handles: list[RunHandle] = []
        self._finished: set[int] = set()
        self._ended: set[int] = set()
        self._has_warned = False

    @property
    def n_finished(self) -> int:
        """Runs that are recorded with a result."""
        return len(self._finished)

    def add(self, handle: RunHandle) -> None:
        """Takes the next run's record, in the runs' order."""
        self._handles.append(handle)

    def start(self) -> None:
        """Tells each watcher its run's id."""
        for handle, watcher in zip(self._handles, self._watchers, strict=True):
            watcher.on_start(handle.run_id)

    def finish(self, number: int, record: RunRecord) -> bool:
        """Records a run's result, and says whether it was taken.

        Raises:
            TrainingError: It wasn't, and no run has a result.
        """
        try:
            self._handles[number].finish(record)
        except TrainingError as error:
            self._end(number, error)
            return False
        self._finished.add(number)
        return True

    def stop(self, error: BaseException) -> None:
        """Ends all runs that have not ended, for an error."""
        for number, handle in enumerate(self._handles):
            if number not in self._finished | self._ended:
                handle.stop(*end_of(error))

    def on_resume(self, replica: int, looks: Sequence[Look]) -> None:
        """Records again what an earlier attempt recorded, so that the run has the whole curve."""
        watcher = self._watchers[replica]
        with self._pruned_alone(replica):
            watcher.on_resume(looks[-1].epoch if looks else 0)
            for look in looks:
                self._handles[replica].log_validation(look.epoch, look.metrics)
                watcher.on_validation(look.epoch, look.metrics)

    def on_step(self, n_positives: int, loss: Tensor) -> None:
        """Passes a step of the runs that go on to those who watch them."""
        for number, watcher in enumerate(self._watchers):
            if number not in self._ended:
                watcher.on_step(n_positives, loss)

    def look(self, replica: int, epoch: int, model: Model, loss: float, no_negative_share: float) -> Look:
        """Ranks the validation interactions."""
        settings = self._settings[replica].evaluation
        started = time.perf_counter()
        found = evaluate(self._scorer(model), self._dataset, "valid", settings, n_users=settings.validation_users)
        metrics = {**found.metrics, "train/loss": loss, NO_NEGATIVE_SHARE: no_negative_share}
        return Look(epoch, metrics[self._requests[replica].objective], metrics, time.perf_counter() - started)

    def on_validation(self, replica: int, look: Look) -> None:
        """Records the look and shows it to the run's watcher."""
        self._warn_of_shortage(replica, look)
        self._handles[replica].log_validation(look.epoch, look.metrics)
        with self._pruned_alone(replica):
            self._watchers[replica].on_validation(look.epoch, look.metrics)

    def on_failure(self, replica: int, error: TrainingError) -> None:
        """Ends a run whose loss is no number, or that had no negatives."""
        self._end(replica, explained(error, self._settings[replica], self._dataset.n_candidates))

    def record(self, place: int, plan: RunPlan, result: TrainingResult, device: torch.device) -> RunRecord:
        """Ranks the test interactions with the best epoch's model, and puts a run's record together.

        Where several processes train, all call it, and process 0's request says what is done.

        Args:
            place: The run's place in the result.
            plan: What was known of it before it started.
            result: Of all runs that have one.
            device: Where they were trained.

        Raises:
            StorageError: The best epoch's parameters can't be written.
        """
        number, n_runs = result.numbers[place], len(result.numbers)
        request, settings = self._requests[number], self._settings[number]
        model = result.model.replica(place)
        self._placement.save(model, self._dataset.n_items, request.checkpoint)
        looks = result.looks[place]
        best = next(look for look in looks if look.epoch == result.best_epochs[place])
        metrics, ranks = {**best.metrics, CUT_OFF: float(result.cut_off[place])}, None
        started = time.perf_counter()
        if self._placement.group.first(request.rank_test):
            test = evaluate(self._scorer(model), self._dataset, "test", settings.evaluation, with_exposure=True)
            metrics, ranks = {**metrics, **test.metrics}, test.ranks
        # A GPU works while the processor waits, busily or not.
        cpu_s = sum(self._placement.group.every(result.counts.cpu_s)) if device.type == "cpu" else math.nan
        cost = Cost(
            train_s=result.counts.train_s / n_runs,
            evaluate_s=sum(look.seconds for look in looks) + time.perf_counter() - started,
            n_epochs=result.n_epochs[place],
            n_positives=result.counts.n_positives // n_runs,
            n_negatives_scored=result.counts.n_negatives_scored // n_runs,
            peak_memory_bytes=peak_memory_bytes(device),
            device=device_name(device),
            train_cpu_s=cpu_s / n_runs,
        )
        validations = tuple(Validation(look.epoch, look.metrics) for look in looks)
        return RunRecord(plan, metrics, validations, best.epoch, ranks, cost, self._handles[number].run_id)

    def _warn_of_shortage(self, replica: int, look: Look) -> None:
        """Says once that many positions have no negative; runs side by side lack them for the same reason."""
        share = look.metrics[NO_NEGATIVE_SHARE]
        if self._has_warned or share < NOTABLE_SHARE:
            return
        self._has_warned = True
        why = shortage_of(self._settings[replica], self._dataset.n_candidates)
        _log.warning(
            "%.0f %% of the positions of epoch %d had no negative, and trained their positives alone: %s",
            100 * share,
            look.epoch,
            why,
        )

    def _scorer(self, model: Model) -> ModelScorer:
        """This process's share of the ranking by a replica."""
        placement = self._placement
        return ModelScorer(model, Share(placement.group, placement.owners), placement.look_up)

    @contextmanager
    def _pruned_alone(self, number: int) -> Iterator[None]:
        """Wraps what may prune one run."""
        try:
            yield
        except Pruned as error:
            self._end(number, error)
            raise ReplicaLeaves from error

    def _end(self, number: int, error: Exception) -> None:
        """Ends one run without a result; raises the error instead where there is no other to go on or to have finished."""
        if len(self._ended) + 1 == len(self._requests):
            raise error
        self._ended.add(number)
        self._watchers[number].on_end(error)
        self._handles[number].stop(*end_of(error))
