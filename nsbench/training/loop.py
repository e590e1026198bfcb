"""The training loop: epochs, looks at the validation interactions, the best epoch, early stopping."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch

from nsbench.data.batch import BatchSource
from nsbench.device import keep_freed_memory
from nsbench.model import ModelSettings, Sasrec
from nsbench.samplers.sampler import Sampler
from nsbench.seeding import derive_seed
from nsbench.training.group import Group
from nsbench.training.joint import JointListener
from nsbench.training.listener import Listener
from nsbench.training.part import check_batch_size
from nsbench.training.placement import Placement, placement_of
from nsbench.training.progress import Counts, Look, Replica
from nsbench.training.replica_steps import InTurn, ReplicaSteps, Together, takes_turns
from nsbench.training.resume import Checkpoint, NullCheckpoint
from nsbench.training.settings import TrainingSettings
from nsbench.training.source import DrawSource
from nsbench.training.state import TrainingState, new_state
from nsbench.training.step import Stepper
from nsbench.training.torch_group import current_group


@dataclass(frozen=True)
class TrainingResult:
    """What training gives.

    Attributes:
        model: Each replica's parameters at its best epoch, with what this process holds of the item table.
        best_epochs: Each replica's, counted from 1.
        n_epochs: Epochs until each replica stopped.
        looks: Each replica's looks at the validation interactions, in order.
        counts: What all replicas took together, earlier attempts included.
    """

    model: Sasrec
    best_epochs: tuple[int, ...]
    n_epochs: tuple[int, ...]
    looks: tuple[tuple[Look, ...], ...]
    counts: Counts


@dataclass(frozen=True)
class Trainer:
    """Trains replicas side by side; a replica's result doesn't depend on which others there are.

    Attributes:
        batches: Cuts users into batches.
        sampler: Proposes and selects negatives.
        model_settings: SASRec's size.
        settings: Optimiser, loss, stopping.
        n_items: Items, padding not counted.
        device: Where it runs.
        group: The processes that train together, each with a trainer like this one.

    Raises:
        SettingsError: A batch has fewer users than there are processes.
    """

    batches: BatchSource
    sampler: Sampler
    model_settings: ModelSettings
    settings: TrainingSettings
    n_items: int
    device: torch.device
    group: Group = field(default_factory=current_group)

    def __post_init__(self) -> None:
        """Sees that every process has something to do."""
        check_batch_size(self.settings.batch_size, self.group)

    @property
    def placement(self) -> Placement:
        """Where the item table lies."""
        return placement_of(self.settings.item_table, self.group)

    def train(
        self, replicas: Sequence[Replica], listener: Listener, checkpoint: Checkpoint | None = None
    ) -> TrainingResult:
        """Trains until every replica has stopped, from where the checkpoint stands.

        Raises:
            TrainingError: A loss that is not a finite number.
        """
        keep_freed_memory()
        joint = JointListener(listener, self.group)
        checkpoint = self.placement.checkpoint(checkpoint or NullCheckpoint())
        state = self._begin(replicas)
        snapshot = checkpoint.load()
        if snapshot is not None:
            state.restore(snapshot)
            joint.on_resume([one.looks for one in state.progress])
        while not state.all_stopped and state.epoch <= self.settings.max_epochs:
            self._train_epoch(state, joint, checkpoint)
            if state.epoch % self.settings.validate_every == 0 or state.epoch == self.settings.max_epochs:
                self._validate(state, joint, checkpoint)
            state.begin_epoch(state.epoch + 1)
        return TrainingResult(
            state.best,
            tuple(one.best_epoch for one in state.progress),
            tuple(one.n_epochs for one in state.progress),
            tuple(tuple(one.looks) for one in state.progress),
            state.counts,
        )

    def _begin(self, replicas: Sequence[Replica]) -> TrainingState:
        placement = self.placement
        model = placement.initial_model(self.model_settings, self.n_items, self._generators(replicas, "init"))
        steps = self._steps(replicas, model)
        sources = [
            DrawSource(self.batches, self.sampler, replica.seed, self.device, self.settings.replay_factor)
            for replica in replicas
        ]
        return new_state(replicas, model, steps, sources, self.device)

    def _steps(self, replicas: Sequence[Replica], model: Sasrec) -> ReplicaSteps:
        rates, streams = [replica.learning_rate for replica in replicas], self._generators(replicas, "dropout")

        def stepper(own: Sasrec, places: slice) -> Stepper:
            return Stepper(own, self.sampler, self.settings, rates[places], streams[places], self.placement)

        if not takes_turns(len(replicas), self.batches.mean_positives, self.device):
            return Together(stepper(model, slice(None)))
        return InTurn([stepper(model.replica(place), slice(place, place + 1)) for place in range(len(replicas))])

    def _generators(self, replicas: Sequence[Replica], stream: str) -> list[torch.Generator]:
        return [torch.Generator(self.device).manual_seed(derive_seed(r.seed, stream)) for r in replicas]

    def _train_epoch(self, state: TrainingState, listener: JointListener, checkpoint: Checkpoint) -> None:
        """Takes the steps of the epoch that are left."""
        if state.loss.n_steps == self.batches.n_batches:
            return
        counts, last = state.counts, time.perf_counter()
        for draws in zip(*(source.epoch() for source in state.sources), strict=True):
            losses = state.steps.step(draws)
            n_positives = sum(draw.batch.n_positives for draw in draws)
            counts.n_positives += n_positives
            counts.n_negatives_scored += sum(
                draw.batch.n_positives * draw.negatives.item_ids.shape[-1] for draw in draws
            )
            state.loss.add(losses)
            now = time.perf_counter()
            counts.train_s += now - last
            last = now
            with _kept_when_interrupted(state, checkpoint):
                listener.on_step(n_positives, losses)
            if checkpoint.is_due():
                checkpoint.save(state.snapshot())
                last = time.perf_counter()
        state.loss.read()
        counts.train_s += time.perf_counter() - last

    def _validate(self, state: TrainingState, listener: JointListener, checkpoint: Checkpoint) -> None:
        """Looks at the validation interactions and keeps what is better than before."""
        losses = state.loss.means()
        for number, progress in enumerate(state.progress):
            # A replica may have had its look before the training was interrupted.
            if progress.stopped or progress.n_epochs == state.epoch:
                continue
            model = state.model.replica(number)
            with _kept_when_interrupted(state, checkpoint):
                look = listener.look(number, state.epoch, model, losses[number])
            if progress.judge(look, self.settings.patience):
                state.best.dense[number] = model.dense[0].detach()
                state.best.items[number] = model.items[0].detach()


@contextmanager
def _kept_when_interrupted(state: TrainingState, checkpoint: Checkpoint) -> Iterator[None]:
    """Wraps what happens between two steps, where all that moves stands still."""
    try:
        yield
    except KeyboardInterrupt:
        checkpoint.save(state.snapshot())
        raise
