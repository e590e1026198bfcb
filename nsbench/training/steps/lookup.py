"""The item vectors of one step, gathered at once, and their gradients in the same order."""

from dataclasses import dataclass

import torch
from torch import Tensor

from nsbench.batching.bucket import Bucket
from nsbench.batching.positions import Positions
from nsbench.losses.loss import NegativeVectors
from nsbench.samplers.sampler import Negatives
from nsbench.training.optimizer.item_table import ItemTable


@dataclass(frozen=True)
class Lookup:
    """Vectors and gradients; the named ones are views of parts of them.

    Attributes:
        rows: int64[n], the rows of all replicas' item tables that were gathered: inputs, targets, negatives.
        gradients: [n, hidden_dim], to be filled.
        inputs: [replicas, n_positions, hidden_dim].
        targets: [replicas, n_positions, hidden_dim].
        negatives: [replicas, draws, length | 1, n_negatives, hidden_dim].
        by_inputs: The gradient by `inputs`.
        by_targets: The gradient by `targets`.
        by_negatives: The gradient by `negatives`.
        adds: Whether buckets add to `by_negatives`, zero at first, since they share negatives or leave some out.
        users_per_draw: As in `Negatives`.
    """

    rows: Tensor
    gradients: Tensor
    inputs: Tensor
    targets: Tensor
    negatives: Tensor
    by_inputs: Tensor
    by_targets: Tensor
    by_negatives: Tensor
    adds: bool
    users_per_draw: int

    def negatives_of(self, bucket: Bucket) -> NegativeVectors:
        """The negatives that a bucket's rows and positions use."""
        return NegativeVectors(self._part(self.negatives, bucket), self._part(self.by_negatives, bucket), self.adds)

    def _part(self, tensor: Tensor, bucket: Bucket) -> Tensor:
        """The part of [replicas, draws, length | 1, ...] that belongs to a bucket; shared axes stay shared."""
        g = self.users_per_draw
        draws = tensor if tensor.shape[1] == 1 else tensor[:, bucket.first_row // g : bucket.end_row // g]
        return draws[:, :, : bucket.length]


def look_up(table: ItemTable, positions: Positions, negatives: Negatives) -> Lookup:
    """Gathers the vectors of a step.

    Args:
        table: All replicas' item vectors.
        positions: Of the step, as the encoder has them.
        negatives: Of [replicas, draws, length | 1, n_negatives].
    """
    first = torch.arange(len(positions.inputs), device=positions.inputs.device)[:, None] * table.n_rows  # [R, 1]
    parts = [positions.inputs + first, positions.targets + first, negatives.item_ids + first[..., None, None]]
    rows = torch.cat([part.flatten() for part in parts])  # [n], replica r's rows from r * n_rows on
    vectors = table.look_up(rows)  # [n, d]
    d = vectors.shape[1]
    gradients = torch.empty_like(vectors)
    counts = [part.numel() for part in parts]
    _, n_draws, length, _ = negatives.item_ids.shape
    adds = n_draws == 1 or length > 1
    if adds:
        gradients[-counts[2] :].zero_()
    inputs, targets, shared = (
        piece.view(*part.shape, d) for piece, part in zip(vectors.split(counts), parts, strict=True)
    )
    by_inputs, by_targets, by_shared = (
        piece.view(*part.shape, d) for piece, part in zip(gradients.split(counts), parts, strict=True)
    )
    return Lookup(
        rows, gradients, inputs, targets, shared, by_inputs, by_targets, by_shared, adds, negatives.users_per_draw
    )
