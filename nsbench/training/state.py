"""All that moves while replicas train: what a step changes, and what a checkpoint therefore holds."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor

from nsbench.model import Sasrec
from nsbench.training.epoch_loss import EpochLoss
from nsbench.training.named import prefixed, under
from nsbench.training.progress import Counts, Look, Progress, Replica
from nsbench.training.replica_steps import ReplicaSteps
from nsbench.training.resume import Snapshot
from nsbench.training.source import DrawSource


@dataclass
class TrainingState:
    """A training between two steps.

    Attributes:
        replicas: What the models differ in.
        model: The parameters, changed in place by the steps.
        best: Each replica's parameters at its best epoch.
        steps: Adam's moments and the dropout streams.
        sources: Each replica's batches and negatives.
        progress: How each replica stands.
        counts: What was done up to now.
        loss: The losses of the epoch in hand.
        epoch: The epoch in hand, counted from 1.
    """

    replicas: Sequence[Replica]
    model: Sasrec
    best: Sasrec
    steps: ReplicaSteps
    sources: Sequence[DrawSource]
    progress: list[Progress]
    counts: Counts
    loss: EpochLoss
    epoch: int = 1

    @property
    def all_stopped(self) -> bool:
        """Whether no replica goes on."""
        return all(one.stopped for one in self.progress)

    def begin_epoch(self, epoch: int) -> None:
        """Turns to another epoch."""
        self.epoch = epoch
        self.loss = EpochLoss(epoch, self.replicas, self.model.items.device)

    def snapshot(self) -> Snapshot:
        """The state as tensors, which share memory, and text.

        Raises:
            NonFiniteLoss: The training has gone wrong; such a state is not worth keeping.
        """
        self.loss.read()
        tensors = prefixed("model", _parameters(self.model)) | prefixed("best", _parameters(self.best))
        tensors |= prefixed("stepper", self.steps.state())
        for number, source in enumerate(self.sources):
            tensors |= prefixed(f"source.{number}", source.state())
        standing = {
            "epoch": self.epoch,
            "n_steps": self.loss.n_steps,
            "loss_sums": self.loss.sums.tolist(),
            "counts": asdict(self.counts),
            "progress": [asdict(one) for one in self.progress],
        }
        return Snapshot(tensors, json.dumps(standing))

    def restore(self, snapshot: Snapshot) -> None:
        """Stands where `snapshot` was taken; the sources must have given nothing."""
        for name, model in (("model", self.model), ("best", self.best)):
            for part, tensor in _parameters(model).items():
                tensor.copy_(snapshot.tensors[f"{name}.{part}"])
        self.steps.restore(under("stepper", snapshot.tensors))
        for number, source in enumerate(self.sources):
            source.restore(under(f"source.{number}", snapshot.tensors))
        standing = json.loads(snapshot.standing)
        self.begin_epoch(standing["epoch"])
        self.loss.n_steps = standing["n_steps"]
        self.loss.sums = np.array(standing["loss_sums"])
        self.counts = Counts(**standing["counts"])
        self.progress = [
            Progress(**{**one, "looks": [Look(**look) for look in one["looks"]]}) for one in standing["progress"]
        ]


def _parameters(model: Sasrec) -> dict[str, Tensor]:
    return {"dense": model.dense.detach(), "items": model.items.detach()}


def new_state(
    replicas: Sequence[Replica], model: Sasrec, steps: ReplicaSteps, sources: Sequence[DrawSource], device: torch.device
) -> TrainingState:
    """A training that has not taken a step."""
    return TrainingState(
        replicas,
        model,
        model.copy(),
        steps,
        sources,
        [Progress() for _ in replicas],
        Counts(),
        EpochLoss(1, replicas, device),
    )
