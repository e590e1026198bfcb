"""The training loop: epochs, validations, the best epoch, early stopping."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch

from nsbench.batching.batch import BatchSampler
from nsbench.losses.loss import Loss
from nsbench.models.backbone import BackboneSettings
from nsbench.models.model import Model
from nsbench.samplers.sampler import Sampler
from nsbench.seeding import derive_seed
from nsbench.tensors.device import keep_freed_memory
from nsbench.tensors.process_group import ProcessGroup
from nsbench.training.batch_stream import BatchStream
from nsbench.training.checkpoint.mismatch import mismatch_of
from nsbench.training.checkpoint.replica_subset import select_replicas
from nsbench.training.checkpoint.snapshot import Snapshot
from nsbench.training.checkpoint.training_checkpoint import Checkpoint, NullCheckpoint
from nsbench.training.distributed.batch_shard import check_batch_size
from nsbench.training.distributed.group_observer import GroupObserver
from nsbench.training.distributed.table_placement import Placement, placement_of
from nsbench.training.distributed.torch_group import current_group
from nsbench.training.event import Evaluator, TrainedEpoch, TrainingObserver
from nsbench.training.progress import Replica
from nsbench.training.result import TrainingResult
from nsbench.training.settings import TrainingSettings
from nsbench.training.start import StartValues
from nsbench.training.state import TrainingState, new_state
from nsbench.training.steps.replica_steps import ReplicaSteps, replica_steps
from nsbench.training.steps.runner_choice import runner_of
from nsbench.training.steps.step import Stepper
from nsbench.training.stop import kept_when_interrupted, stopping_alone
from nsbench.training.stopwatch import Stopwatch

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trainer:
    """Trains replicas side by side; a replica's result doesn't depend on which others there are.

    Attributes:
        batches: Cuts users into batches.
        sampler: Proposes and selects negatives.
        loss: Of a position.
        model_settings: The backbone's.
        settings: Optimiser and stopping.
        n_items: Items, padding not counted.
        device: Where it runs.
        group: The processes that train together, each with a trainer like this one.
        start: What the training goes on from; None: from nothing.

    Raises:
        SettingsError: A batch has fewer users than there are processes.
    """

    batches: BatchSampler
    sampler: Sampler
    loss: Loss
    model_settings: BackboneSettings
    settings: TrainingSettings
    n_items: int
    device: torch.device
    group: ProcessGroup = field(default_factory=current_group)
    start: StartValues | None = None

    def __post_init__(self) -> None:
        """Checks that every process has something to do."""
        check_batch_size(self.settings.batch_size, self.group)

    @property
    def placement(self) -> Placement:
        """Where the item table lies."""
        return placement_of(self.settings.item_table, self.group)

    @cached_property
    def budget(self) -> TrainingSettings:
        """The settings with the epochs that are left to the log's size written out."""
        return self.settings.budgeted(self.batches.n_windows)

    def train(
        self,
        replicas: Sequence[Replica],
        evaluator: Evaluator,
        observer: TrainingObserver,
        checkpoint: Checkpoint | None = None,
    ) -> TrainingResult:
        """Trains until every replica has stopped or left, from where the checkpoint stands.

        Args:
            replicas: What the models differ in.
            evaluator: Ranks the validation interactions.
            observer: Receives what happens; it may end replicas, or all.
            checkpoint: Where the training is kept while it goes on; None: nowhere.

        Raises:
            TrainingError: No replica is left, since the loss was NaN or infinite or there were no negatives.
        """
        keep_freed_memory()
        own = GroupObserver(observer, self.group)
        checkpoint = self.placement.checkpoint(checkpoint or NullCheckpoint())
        state = self._begin(dict(enumerate(replicas)))
        snapshot = checkpoint.load()
        if snapshot is not None:
            state = self._restored(state, snapshot)
            for slot, progress in enumerate(state.progress):
                with stopping_alone(state, slot):
                    own.resumed(state.replica_ids[slot], progress.validations)
        while True:
            if state.leaving:
                state = self._without_leaving(state, checkpoint)
            if state.all_stopped or state.epoch > self.budget.max_epochs:
                break
            self._train_epoch(state, own, checkpoint)
            if state.leaving:
                continue
            if state.epoch % self.budget.validate_every == 0 or state.epoch == self.budget.max_epochs:
                self._validate(state, evaluator, own, checkpoint)
            state.begin_epoch(state.epoch + 1)
        cut_off = tuple(one.is_cut_off(self.budget.patience) for one in state.progress)
        self._keep_cut_off(state, cut_off, checkpoint)
        return TrainingResult(
            state.replica_ids,
            state.best,
            tuple(one.best_epoch for one in state.progress),
            tuple(one.n_epochs for one in state.progress),
            cut_off,
            tuple(tuple(one.validations) for one in state.progress),
            state.counts,
        )

    def _keep_cut_off(self, state: TrainingState, cut_off: Sequence[bool], checkpoint: Checkpoint) -> None:
        """Leaves a checkpoint of the replicas that a larger max_epochs would go on with; of a fixed number of epochs, none."""
        slots = [slot for slot, is_cut_off in enumerate(cut_off) if is_cut_off]
        if not slots or self.budget.patience == 0:
            return
        snapshot = state.snapshot()
        if len(slots) < len(state.replicas):
            snapshot = select_replicas(snapshot, slots)
            checkpoint.select_replicas(slots)
        checkpoint.save(snapshot)

    def _restored(self, state: TrainingState, snapshot: Snapshot) -> TrainingState:
        """The training where the snapshot stands; as it began, with the reason in the log, where that can't be."""
        wrong = mismatch_of(snapshot, state.snapshot())
        if not wrong:
            try:
                state.restore(snapshot)
            except (LookupError, TypeError, ValueError, RuntimeError) as error:
                wrong = f"{type(error).__name__}: {error}"
        # Of several processes each may have a checkpoint of its own.
        reasons = [reason for reason in self.group.all_gather_object(wrong) if reason]
        if not reasons:
            return state
        _log.warning("the checkpoint is damaged and not resumed: %s; the training starts over", reasons[0])
        return self._begin(dict(zip(state.replica_ids, state.replicas, strict=True)))

    def _begin(self, replicas: Mapping[int, Replica]) -> TrainingState:
        own = list(replicas.values())
        model = self.placement.initial_model(self.model_settings, self.n_items, self._generators(own, "init"))
        if self.start is not None:
            self.start.write_into(model)
        steps = self._steps(own, model)
        streams = [
            BatchStream(self.batches, self.sampler, replica.seed, self.device, self.settings.replay_factor)
            for replica in own
        ]
        is_alone = self.group.size == 1
        runner = runner_of(streams, steps, self.model_settings, self.loss, self.device, is_alone=is_alone)
        return new_state(replicas, model, steps, streams, runner, self.n_items, self.device)

    def _steps(self, replicas: Sequence[Replica], model: Model) -> ReplicaSteps:
        rates, streams = [replica.learning_rate for replica in replicas], self._generators(replicas, "dropout")

        def stepper(own: Model, slots: slice) -> Stepper:
            return Stepper(own, self.sampler, self.loss, self.settings, rates[slots], streams[slots], self.placement)

        return replica_steps(model, stepper, self.batches)

    def _without_leaving(self, state: TrainingState, checkpoint: Checkpoint) -> TrainingState:
        """The training without the replicas that leave: they cost nothing more, and no checkpoint is of them."""
        snapshot, staying = state.snapshot(), state.staying
        checkpoint.select_replicas(staying)
        fewer = self._begin({state.replica_ids[slot]: state.replicas[slot] for slot in staying})
        fewer.restore(snapshot)
        return fewer

    def _generators(self, replicas: Sequence[Replica], stream: str) -> list[torch.Generator]:
        return [torch.Generator(self.device).manual_seed(derive_seed(r.seed, stream)) for r in replicas]

    def _train_epoch(self, state: TrainingState, observer: GroupObserver, checkpoint: Checkpoint) -> None:
        """Takes the steps of the epoch that are left, or those until a replica leaves."""
        if state.loss.n_steps == self.batches.n_batches:
            return
        counts, stopwatch = state.counts, Stopwatch()
        for step_result in state.runner.epoch():
            counts.n_positives += step_result.n_positives
            counts.n_negatives_scored += step_result.n_negatives_scored
            state.loss.add(step_result.losses)
            state.shortage.add(step_result.n_without, step_result.n_positions)
            state.drawn.add(step_result.item_ids)
            stopwatch.lap(counts)
            with kept_when_interrupted(state, checkpoint):
                observer.stepped(state.replica_ids, step_result.n_positives, step_result.losses)
            if self._drop_failed(state, observer, checkpoint):
                return
            if checkpoint.is_due():
                checkpoint.save(state.snapshot())
                stopwatch.restart()
        state.loss.read()
        state.shortage.end()
        stopwatch.lap(counts)
        self._drop_failed(state, observer, checkpoint)

    def _drop_failed(self, state: TrainingState, observer: GroupObserver, checkpoint: Checkpoint) -> bool:
        """Stops replicas whose loss is NaN or infinite or that have no negatives; returns whether there were any."""
        failures = state.failures
        for slot, error in failures.items():
            with kept_when_interrupted(state, checkpoint), stopping_alone(state, slot):
                observer.failed(state.replica_ids[slot], error)
            state.leaving.add(slot)
        if failures and not state.staying:
            raise next(iter(failures.values()))
        return bool(failures)

    def _validate(
        self, state: TrainingState, evaluator: Evaluator, observer: GroupObserver, checkpoint: Checkpoint
    ) -> None:
        """Validates the replicas and keeps what is better than before."""
        remembered = [stream.sampler_state for stream in state.streams]
        parts = zip(state.loss.means(), state.shortage.shares(), state.drawn.counts(), remembered, strict=True)
        epochs = [TrainedEpoch(state.epoch, *numbers) for numbers in parts]
        for slot, progress in enumerate(state.progress):
            # A replica may have had its validation before the training was interrupted.
            if progress.stopped or progress.n_epochs == state.epoch:
                continue
            model = state.model.replica(slot)
            with kept_when_interrupted(state, checkpoint), stopping_alone(state, slot):
                number = state.replica_ids[slot]
                validation = observer.validated(number, evaluator.validate(number, model, epochs[slot]))
                if progress.judge(validation, self.settings.patience):
                    state.best.dense[slot] = model.dense[0].detach()
                    state.best.items[slot] = model.items[0].detach()
