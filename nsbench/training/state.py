"""All that moves while replicas train: what a step changes, and what a checkpoint therefore holds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import torch

from nsbench.errors import TrainingError
from nsbench.models.model import Model
from nsbench.training.batch_stream import BatchStream
from nsbench.training.checkpoint.replica_subset import select_replicas
from nsbench.training.checkpoint.snapshot import Snapshot
from nsbench.training.checkpoint.state_tensor import StateTensor, joined, leading, prefixed, select, under
from nsbench.training.drawn_items import DrawnItems
from nsbench.training.epoch_loss import EpochLoss
from nsbench.training.progress import Counts, Progress, Replica, Validation
from nsbench.training.shortage import EpochShortage
from nsbench.training.steps.replica_steps import ReplicaSteps
from nsbench.training.steps.step_runner import StepRunner


@dataclass
class TrainingState:
    """A training between two steps.

    Attributes:
        replica_ids: The replicas that go on, as the training began with them; their slot among these is what counts below.
        replicas: What the models differ in.
        model: The parameters, changed in place by the steps.
        best: Each replica's parameters at its best epoch.
        steps: Adam's moments and the dropout streams.
        streams: Each replica's batches and negatives.
        runner: Takes the steps, with both.
        progress: How each replica stands.
        counts: What was done up to now.
        loss: The losses of the epoch in hand.
        shortage: Its positions without a negative.
        drawn: What has been drawn as negatives.
        epoch: The epoch in hand, counted from 1.
        leaving: The slots of replicas that have ended without a result.
    """

    replica_ids: tuple[int, ...]
    replicas: Sequence[Replica]
    model: Model
    best: Model
    steps: ReplicaSteps
    streams: Sequence[BatchStream]
    runner: StepRunner
    progress: list[Progress]
    counts: Counts
    loss: EpochLoss
    shortage: EpochShortage
    drawn: DrawnItems
    epoch: int = 1
    leaving: set[int] = field(default_factory=set)

    @property
    def failures(self) -> dict[int, TrainingError]:
        """What ended replicas by their loss or for want of negatives, by slot.

        One that has stopped has its result, whatever becomes of it.
        """
        found: dict[int, TrainingError] = {**self.shortage.failures, **self.loss.failures}
        return {slot: error for slot, error in found.items() if not self.progress[slot].stopped}

    @property
    def staying(self) -> list[int]:
        """The slots of the replicas that go on."""
        return [slot for slot in range(len(self.replicas)) if slot not in self.leaving | self.failures.keys()]

    @property
    def all_stopped(self) -> bool:
        """Whether no replica goes on."""
        return all(one.stopped for one in self.progress)

    def begin_epoch(self, epoch: int) -> None:
        """Turns to another epoch."""
        self.epoch = epoch
        self.loss = EpochLoss(epoch, self.replicas, self.model.items.device)
        self.shortage = EpochShortage(epoch, self.replicas, self.model.items.device)

    def snapshot(self) -> Snapshot:
        """The state of the replicas that stay, as text and tensors, which may share memory.

        Raises:
            TrainingError: None stays; such a state is not worth keeping.
        """
        self.loss.read()
        staying = self.staying
        if not staying:
            raise next(iter(self.failures.values()))
        tensors = prefixed("model", _parameters(self.model)) | prefixed("best", _parameters(self.best))
        tensors |= prefixed("stepper", self.steps.state())
        tensors["drawn"] = self.drawn.state()
        tensors |= prefixed("source", joined([stream.state() for stream in self.streams]))
        standing = {
            "epoch": self.epoch,
            "n_steps": self.loss.n_steps,
            "loss_sums": self.loss.sums.tolist(),
            "shortage": self.shortage.counts(),
            "counts": asdict(self.counts),
            "progress": [asdict(one) for one in self.progress],
        }
        snapshot = Snapshot(tensors, json.dumps(standing))
        return snapshot if len(staying) == len(self.replicas) else select_replicas(snapshot, staying)

    def restore(self, snapshot: Snapshot) -> None:
        """Stands where `snapshot` was taken; the streams must have given nothing."""
        for name, model in (("model", self.model), ("best", self.best)):
            for part, own in _parameters(model).items():
                own.tensor.copy_(snapshot.tensors[f"{name}.{part}"].tensor)
        self.steps.restore(under("stepper", snapshot.tensors))
        self.drawn.restore(snapshot.tensors["drawn"])
        streams = under("source", snapshot.tensors)
        for slot, stream in enumerate(self.streams):
            stream.restore(select(streams, [slot]))
        standing = json.loads(snapshot.standing)
        self.begin_epoch(standing["epoch"])
        self.loss.n_steps = standing["n_steps"]
        self.loss.sums = np.array(standing["loss_sums"])
        self.shortage.restore(standing["shortage"])
        self.counts = Counts(**standing["counts"])
        self.progress = [
            Progress(**{**one, "validations": [Validation(**own) for own in one["validations"]]})
            for one in standing["progress"]
        ]


def _parameters(model: Model) -> dict[str, StateTensor]:
    return {"dense": leading(model.dense.detach()), "items": leading(model.items.detach())}


def new_state(
    replicas: Mapping[int, Replica],
    model: Model,
    steps: ReplicaSteps,
    streams: Sequence[BatchStream],
    runner: StepRunner,
    n_items: int,
    device: torch.device,
) -> TrainingState:
    """A training, of replicas by their ids, that has not taken a step."""
    own = list(replicas.values())
    return TrainingState(
        tuple(replicas),
        own,
        model,
        model.copy(),
        steps,
        streams,
        runner,
        [Progress() for _ in own],
        Counts(),
        EpochLoss(1, own, device),
        EpochShortage(1, own, device),
        DrawnItems(len(own), n_items, device),
    )
