"""A tensor of a training's state, with what it has to do with replicas; said where it is put in, and stored with it.

A part of the training puts its tensors in by `shared`, `leading` or `per_slot`. States of some replicas can then be taken apart
and put together by what is declared, whatever their tensors are called.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import final

import torch
from torch import Tensor


class ReplicaAxis(StrEnum):
    """Where a tensor of the state has its replicas."""

    SHARED = "shared"
    """Nowhere: one value that all replicas have in common."""

    LEADING = "leading"
    """Along its first axis."""

    PER_SLOT = "per slot"
    """There is a tensor per replica, and their lengths may differ."""


@final
@dataclass(frozen=True)
class StateTensor:
    """A tensor of the state, of some replicas.

    Attributes:
        axis: What the replicas are.
        parts: One tensor, [...] or [replicas, ...], or [...] of each replica.
    """

    axis: ReplicaAxis
    parts: tuple[Tensor, ...]

    @property
    def tensor(self) -> Tensor:
        """The only tensor.

        Raises:
            ValueError: There is one per replica, and not just one replica.
        """
        (only,) = self.parts
        return only

    def select(self, slots: Sequence[int]) -> "StateTensor":
        """That of some of the replicas.

        Args:
            slots: Whose, in the order that they are to have.
        """
        match self.axis:
            case ReplicaAxis.SHARED:
                return self
            case ReplicaAxis.LEADING:
                rows = torch.tensor(slots, device=self.tensor.device)
                return leading(self.tensor.index_select(0, rows))
            case ReplicaAxis.PER_SLOT:
                return per_slot([self.parts[slot] for slot in slots])


State = Mapping[str, StateTensor]
"""Tensors by name, of the same replicas."""


def shared(tensor: Tensor) -> StateTensor:
    """A value that all replicas have in common."""
    return StateTensor(ReplicaAxis.SHARED, (tensor,))


def leading(tensor: Tensor) -> StateTensor:
    """A tensor [replicas, ...]."""
    return StateTensor(ReplicaAxis.LEADING, (tensor,))


def per_slot(tensors: Sequence[Tensor]) -> StateTensor:
    """A tensor per replica."""
    return StateTensor(ReplicaAxis.PER_SLOT, tuple(tensors))


def prefixed(name: str, state: State) -> dict[str, StateTensor]:
    """The tensors of a part, named as the whole names them: `item_adam.mean`."""
    return {f"{name}.{key}": tensor for key, tensor in state.items()}


def under(name: str, state: State) -> dict[str, StateTensor]:
    """The tensors of one part of a whole, named as the part names them."""
    start = f"{name}."
    return {key.removeprefix(start): tensor for key, tensor in state.items() if key.startswith(start)}


def select(state: State, slots: Sequence[int]) -> dict[str, StateTensor]:
    """The state of some of the replicas."""
    return {name: tensor.select(slots) for name, tensor in state.items()}


def joined(states: Sequence[State]) -> dict[str, StateTensor]:
    """The state of all replicas, from states of some each that hold the same names.

    Args:
        states: At least one; what is shared is taken from the first.
    """
    return {name: _joined([state[name] for state in states]) for name in states[0]}


def _joined(tensors: Sequence[StateTensor]) -> StateTensor:
    match tensors[0].axis:
        case ReplicaAxis.SHARED:
            return tensors[0]
        case ReplicaAxis.LEADING:
            return leading(torch.cat([tensor.tensor for tensor in tensors]))
        case ReplicaAxis.PER_SLOT:
            return per_slot([part for tensor in tensors for part in tensor.parts])
