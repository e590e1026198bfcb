"""A training between two steps, and how a file holds it: plain tensors by name, and as text what they are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from nsbench.training.checkpoint.state_tensor import ReplicaAxis, State, StateTensor


@dataclass(frozen=True)
class Snapshot:
    """A training between two steps.

    Attributes:
        tensors: By name; they may share memory with the training's.
        standing: The rest, as JSON text.
    """

    tensors: State
    standing: str

    def plain_tensors(self) -> dict[str, Tensor]:
        """Every tensor by a name of its own: those of which there is one per replica are numbered, `source.sampler.0`."""
        return {
            name: part
            for own, tensor in self.tensors.items()
            for name, part in zip(_names(own, tensor.axis, len(tensor.parts)), tensor.parts, strict=True)
        }

    def axes(self) -> str:
        """What the replicas are in each tensor and how many parts it has, as JSON text."""
        return json.dumps({name: (tensor.axis, len(tensor.parts)) for name, tensor in self.tensors.items()})


def snapshot_of(tensors: Mapping[str, Tensor], axes: str, standing: str) -> Snapshot:
    """The snapshot that gave these.

    Args:
        tensors: As of `Snapshot.plain_tensors`.
        axes: As of `Snapshot.axes`.
        standing: The rest.

    Raises:
        KeyError: A tensor is missing.
        ValueError: The axes aren't what `Snapshot.axes` writes.
    """
    found = {}
    for own, (value, n_parts) in json.loads(axes).items():
        axis = ReplicaAxis(value)
        found[own] = StateTensor(axis, tuple(tensors[name] for name in _names(own, axis, n_parts)))
    return Snapshot(found, standing)


def _names(name: str, axis: ReplicaAxis, n_parts: int) -> list[str]:
    return [f"{name}.{slot}" for slot in range(n_parts)] if axis is ReplicaAxis.PER_SLOT else [name]
