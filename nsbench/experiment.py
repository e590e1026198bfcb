"""One run from settings to record, on one page: prepare, train, validate, rank the test interactions, write it all down.

Whatever listens to a run (pruning, a progress bar, tracking) hangs on `Watcher` and the tracker; a run doesn't know who
asked for it.
"""

import time
from collections.abc import Sequence

import torch
from torch import Tensor

from nsbench.config import Settings
from nsbench.data.batch import BatchSource, windows_of
from nsbench.data.dataset import Dataset
from nsbench.device import choose_device, device_name, peak_memory_bytes
from nsbench.errors import DatasetError, SettingsError
from nsbench.evaluation.evaluate import evaluate
from nsbench.evaluation.model_scorer import ModelScorer
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.model import Sasrec
from nsbench.samplers.history import history_of
from nsbench.samplers.sampler import SamplerContext
from nsbench.terms import GROUPS, Tag, balance_name, metric_name
from nsbench.tracking.record import Cost, RunPlan, RunRecord, Validation
from nsbench.tracking.tracker import EndStatus, RunHandle, Tracker
from nsbench.training.checkpoint import save_model
from nsbench.training.loop import Replica, Trainer, TrainingResult
from nsbench.watcher import NullWatcher, Pruned, RunOrder, Watcher


def run(
    settings: Settings, dataset: Dataset, tracker: Tracker, order: RunOrder, watcher: Watcher | None = None
) -> RunRecord:
    """One run: trains, keeps the best epoch, ranks, records.

    Raises:
        DatasetError: The dataset has nothing to train on or to validate with.
        TrainingError: The loss is no number.
        SettingsError: There is no such objective.
    """
    return run_replicas([settings], dataset, tracker, [order], watcher)[0]


def run_replicas(
    settings: Sequence[Settings],
    dataset: Dataset,
    tracker: Tracker,
    orders: Sequence[RunOrder],
    watcher: Watcher | None = None,
) -> list[RunRecord]:
    """Several runs side by side in one set of kernels; the same errors as `run`.

    Args:
        settings: One a run; they may differ in learning_rate only.
        dataset: The prepared log.
        tracker: Where the runs are recorded.
        orders: One a run.
        watcher: Who watches all of them.
    """
    trainer = trainer_of(settings[0], dataset)
    for one, order in zip(settings, orders, strict=True):
        check_objective(order.objective, one.evaluation)
    plans = [plan_of(one, dataset, order) for one, order in zip(settings, orders, strict=True)]
    handles = [tracker.start(plan) for plan in plans]
    listener = _Listener(dataset, settings, orders, handles, watcher or NullWatcher())
    n_finished = 0
    try:
        replicas = [
            Replica(order.seed, one.training.learning_rate) for one, order in zip(settings, orders, strict=True)
        ]
        listener.start()
        result = trainer.train(replicas, listener)
        records = [listener.record(number, plan, result, trainer.device) for number, plan in enumerate(plans)]
        for handle, record in zip(handles, records, strict=True):
            handle.finish(record)
            n_finished += 1
    except BaseException as error:
        for handle in handles[n_finished:]:
            handle.stop(*_end_of(error))
        raise
    return records


def trainer_of(settings: Settings, dataset: Dataset) -> Trainer:
    """What trains these settings on this dataset.

    Raises:
        DatasetError: No user has two training interactions.
    """
    device = choose_device()
    max_length = settings.model.max_length
    windows = windows_of(dataset, max_length, settings.training.windows)
    if len(windows) == 0:
        raise DatasetError(
            f"dataset {dataset.card.name} has no user with two training interactions, so there is no next item to train "
            "on; prepare it from a longer log, or with a smaller --valid-share and --test-share"
        )
    all_items = settings.evaluation.cold_items == "tail"
    context = SamplerContext(
        dataset,
        windows,
        history_of(dataset, device),
        history_of(dataset, device, last_targets=max_length),
        dataset.n_items if all_items else dataset.n_candidates,
        device,
    )
    batches = BatchSource(dataset, windows, settings.training.batch_size, device, settings.training.user_order)
    sampler = settings.sampler.build(context)
    return Trainer(batches, sampler, settings.model, settings.training, dataset.n_items, device)


def plan_of(settings: Settings, dataset: Dataset, order: RunOrder) -> RunPlan:
    """What is known of a run before it starts."""
    sampler = settings.sampler
    tags = {Tag.TRAITS.value: ",".join(sorted(sampler.traits)), **order.tags}
    if sampler.paper_name is not None:
        tags[Tag.PAPER_NAME.value] = sampler.paper_name
    return RunPlan(
        kind=order.kind,
        dataset=dataset.card.name,
        dataset_hash=dataset.card.content_hash,
        sampler=sampler.name,
        label=sampler.label,
        params=settings.flat(),
        fingerprint=settings.fingerprint(),
        protocol=protocol_of(settings.evaluation, dataset),
        seed=order.seed,
        study=order.study,
        trial=order.trial,
        tags=tags,
        dataset_card=dataset.card.model_dump_json(),
    )


def protocol_of(settings: EvaluationSettings, dataset: Dataset) -> str:
    """The evaluation protocol in words, such as "rolling/exclude/separate/mean"."""
    seen = dataset.card.seen_items if settings.seen_items == "dataset" else settings.seen_items
    return f"{settings.targets}/{seen}/{settings.cold_items}/{settings.ties}"


class _Listener:
    """Evaluates when the training loop asks, and passes on what comes out."""

    def __init__(
        self,
        dataset: Dataset,
        settings: Sequence[Settings],
        orders: Sequence[RunOrder],
        handles: Sequence[RunHandle],
        watcher: Watcher,
    ) -> None:
        self._dataset = dataset
        self._settings = settings
        self._orders = orders
        self._handles = handles
        self._watcher = watcher
        self._validations: list[list[Validation]] = [[] for _ in orders]
        self._evaluate_s = [0.0 for _ in orders]

    def start(self) -> None:
        """Tells the watcher each run's id."""
        for handle in self._handles:
            self._watcher.on_start(handle.run_id)

    def on_step(self, n_positives: int, loss: Tensor) -> None:
        """Passes a step on."""
        self._watcher.on_step(n_positives, loss)

    def on_validation(self, replica: int, epoch: int, model: Sasrec, loss: float) -> float:
        """Ranks the validation interactions and gives the objective."""
        settings = self._settings[replica].evaluation
        started = time.perf_counter()
        metrics = {
            **evaluate(ModelScorer(model), self._dataset, "valid", settings, n_users=settings.validation_users).metrics,
            "train/loss": loss,
        }
        self._evaluate_s[replica] += time.perf_counter() - started
        self._validations[replica].append(Validation(epoch, metrics))
        self._handles[replica].log_validation(epoch, metrics)
        self._watcher.on_validation(epoch, metrics)
        return metrics[self._orders[replica].objective]

    def record(self, number: int, plan: RunPlan, result: TrainingResult, device: torch.device) -> RunRecord:
        """Ranks the test interactions with the best epoch's model, and puts the run's record together."""
        order, settings = self._orders[number], self._settings[number]
        model = result.model.replica(number)
        if order.checkpoint is not None:
            save_model(model, order.checkpoint)
        validations = tuple(self._validations[number])
        best = next(look for look in validations if look.epoch == result.best_epochs[number])
        metrics, ranks = dict(best.metrics), None
        started = time.perf_counter()
        if order.rank_test:
            test = evaluate(ModelScorer(model), self._dataset, "test", settings.evaluation, with_exposure=True)
            metrics, ranks = {**metrics, **test.metrics}, test.ranks
        cost = Cost(
            train_s=result.train_s / len(self._orders),
            evaluate_s=self._evaluate_s[number] + time.perf_counter() - started,
            n_epochs=result.n_epochs[number],
            n_positives=result.n_positives // len(self._orders),
            n_negatives_scored=result.n_negatives_scored // len(self._orders),
            peak_memory_bytes=peak_memory_bytes(device),
            device=device_name(device),
        )
        return RunRecord(plan, metrics, validations, best.epoch, ranks, cost, self._handles[number].run_id)


def check_objective(objective: str, settings: EvaluationSettings) -> None:
    """Sees before a run that its objective will be there.

    Raises:
        SettingsError: No validation metric has that name.
    """
    metrics = ["mrr", *(f"{metric}_at_{k}" for metric in ("hit_rate", "ndcg") for k in settings.cutoffs)]
    balances = [balance_name("valid", metric, k) for metric in ("hit_rate", "ndcg") for k in settings.cutoffs]
    if objective not in {*(metric_name("valid", group, name) for group in GROUPS for name in metrics), *balances}:
        raise SettingsError(
            f"unknown objective {objective!r}; there are valid/GROUP/METRIC with GROUP of {', '.join(GROUPS)} and METRIC "
            f"of {', '.join(metrics)}, and {', '.join(balances)}"
        )


def _end_of(error: BaseException) -> tuple[EndStatus, str]:
    """How a run ends that was stopped by an error."""
    if isinstance(error, Pruned):
        return "KILLED", f"pruned: {error}"
    if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
        return "KILLED", "interrupted"
    return "FAILED", f"{type(error).__name__}: {error}"
