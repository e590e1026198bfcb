"""Stands between the training loop and those who hear of a run: evaluates when the loop asks, and passes on what comes out."""

import time
from collections.abc import Sequence

import torch
from torch import Tensor

from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.device import device_name, peak_memory_bytes
from nsbench.evaluation.evaluate import evaluate
from nsbench.evaluation.model_scorer import ModelScorer
from nsbench.evaluation.share import Share
from nsbench.model import Sasrec
from nsbench.tracking.record import Cost, RunPlan, RunRecord, Validation
from nsbench.tracking.tracker import RunHandle
from nsbench.training.loop import TrainingResult
from nsbench.training.placement import Placement
from nsbench.training.progress import Look
from nsbench.watcher import RunOrder, Watcher


class RunListener:
    """Listens to the training of some runs side by side.

    Args:
        dataset: What they are evaluated on.
        settings: One a run.
        orders: One a run.
        handles: Where each run is recorded.
        watchers: Who watches, one a run.
        placement: The processes that train the runs together, each with a listener like this one, and where the item table lies.
    """

    def __init__(
        self,
        dataset: Dataset,
        settings: Sequence[Settings],
        orders: Sequence[RunOrder],
        handles: Sequence[RunHandle],
        watchers: Sequence[Watcher],
        placement: Placement,
    ) -> None:
        self._dataset = dataset
        self._settings = settings
        self._orders = orders
        self._handles = handles
        self._watchers = watchers
        self._placement = placement

    def start(self) -> None:
        """Tells each watcher its run's id."""
        for handle, watcher in zip(self._handles, self._watchers, strict=True):
            watcher.on_start(handle.run_id)

    def on_resume(self, looks: Sequence[Sequence[Look]]) -> None:
        """Records again what an earlier attempt recorded, so that the run has the whole curve."""
        for handle, watcher, own in zip(self._handles, self._watchers, looks, strict=True):
            watcher.on_resume(own[-1].epoch if own else 0)
            for look in own:
                handle.log_validation(look.epoch, look.metrics)
                watcher.on_validation(look.epoch, look.metrics)

    def on_step(self, n_positives: int, loss: Tensor) -> None:
        """Passes a step of all runs on."""
        for watcher in self._watchers:
            watcher.on_step(n_positives, loss)

    def look(self, replica: int, epoch: int, model: Sasrec, loss: float) -> Look:
        """Ranks the validation interactions."""
        settings = self._settings[replica].evaluation
        started = time.perf_counter()
        found = evaluate(self._scorer(model), self._dataset, "valid", settings, n_users=settings.validation_users)
        metrics = {**found.metrics, "train/loss": loss}
        return Look(epoch, metrics[self._orders[replica].objective], metrics, time.perf_counter() - started)

    def on_validation(self, replica: int, look: Look) -> None:
        """Records the look and shows it to the run's watcher."""
        self._handles[replica].log_validation(look.epoch, look.metrics)
        self._watchers[replica].on_validation(look.epoch, look.metrics)

    def record(self, number: int, plan: RunPlan, result: TrainingResult, device: torch.device) -> RunRecord:
        """Ranks the test interactions with the best epoch's model, and puts the run's record together.

        Where several processes train, all call it, and process 0's order says what is done.

        Raises:
            StorageError: The best epoch's parameters can't be written.
        """
        order, settings = self._orders[number], self._settings[number]
        model = result.model.replica(number)
        self._placement.save(model, self._dataset.n_items, order.checkpoint)
        looks = result.looks[number]
        best = next(look for look in looks if look.epoch == result.best_epochs[number])
        metrics, ranks = dict(best.metrics), None
        started = time.perf_counter()
        if self._placement.group.first(order.rank_test):
            test = evaluate(self._scorer(model), self._dataset, "test", settings.evaluation, with_exposure=True)
            metrics, ranks = {**metrics, **test.metrics}, test.ranks
        cost = Cost(
            train_s=result.counts.train_s / len(self._orders),
            evaluate_s=sum(look.seconds for look in looks) + time.perf_counter() - started,
            n_epochs=result.n_epochs[number],
            n_positives=result.counts.n_positives // len(self._orders),
            n_negatives_scored=result.counts.n_negatives_scored // len(self._orders),
            peak_memory_bytes=peak_memory_bytes(device),
            device=device_name(device),
        )
        validations = tuple(Validation(look.epoch, look.metrics) for look in looks)
        return RunRecord(plan, metrics, validations, best.epoch, ranks, cost, self._handles[number].run_id)

    def _scorer(self, model: Sasrec) -> ModelScorer:
        """This process's share of the ranking by a replica."""
        placement = self._placement
        return ModelScorer(model, Share(placement.group, placement.owners), placement.look_up)
