"""What each position of a step may attend to, and how its heads lie: the same for all blocks of a backbone."""

import torch
from torch import Tensor

from nsbench.batching.packed_positions import OnShelves
from nsbench.batching.packing import Shelf


class AttentionMasks:
    """The masks of one step, a rectangle of lanes each."""

    def __init__(self, positions: OnShelves, n_replicas: int, n_heads: int) -> None:
        """Makes the masks.

        Args:
            positions: Of the step.
            n_replicas: Models side by side.
            n_heads: Heads of each.
        """
        self.shelves = positions.shelves
        self.n_heads = n_heads
        self.unseen = [
            _future_and_others(shelf, positions.swap.begin, n_replicas, n_heads)
            if shelf.needs_mask and positions.swap is not None
            else _future(shelf.length, positions.inputs.device)
            for shelf in self.shelves
        ]
        """For each shelf minus infinity where a position may not look: [length, length], or of each lane and head."""


def _future(length: int, device: torch.device) -> Tensor:
    return torch.full((length, length), -torch.inf, device=device).triu_(1)


def _future_and_others(shelf: Shelf, begin: Tensor, n_replicas: int, n_heads: int) -> Tensor:
    """[replicas * n_lanes * heads, length, length]: what comes later, and the rows that stand before one's own."""
    first = begin[shelf.positions].view(shelf.n_lanes, shelf.length, 1)
    others = torch.arange(shelf.length, device=begin.device) < first
    unseen = _future(shelf.length, begin.device).masked_fill(others, -torch.inf)
    if n_replicas * n_heads == 1:
        return unseen
    shape = (n_replicas, shelf.n_lanes, n_heads, shelf.length, shelf.length)
    return unseen[:, None].expand(shape).reshape(-1, shelf.length, shelf.length)


def to_heads(positions: Tensor, shelf: Shelf, n_heads: int) -> Tensor:
    """[replicas, n_positions, d] -> [replicas * n_lanes * heads, length, d / heads]."""
    lanes = positions[:, shelf.positions].reshape(-1, shelf.length, positions.shape[2])
    if n_heads == 1:
        return lanes
    split = lanes.view(len(lanes), shelf.length, n_heads, -1).transpose(1, 2)
    return split.reshape(len(lanes) * n_heads, shelf.length, -1)


def from_heads(heads: Tensor, shelf: Shelf, n_replicas: int, n_heads: int) -> Tensor:
    """[replicas * n_lanes * heads, length, d / heads] -> [replicas, n_lanes * length, d], the shelf's positions alone."""
    split = heads.view(-1, n_heads, shelf.length, heads.shape[2]).transpose(1, 2)
    return split.reshape(n_replicas, shelf.n_lanes * shelf.length, -1)
