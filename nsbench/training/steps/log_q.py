"""How often a step's positions are proposed their negatives, side by side for all replicas, as a loss takes it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nsbench.batching.bucket import Bucket
from nsbench.batching.step import Step
from nsbench.samplers.drawing.stream import SamplerState
from nsbench.samplers.sampler import Negatives, Sampler


@dataclass(frozen=True)
class LogQ:
    """Log of the expected number of times that each position is proposed its negatives, and its positive.

    Attributes:
        negatives: float32, broadcastable to [replicas, rows, length, n].
        positives: float32, broadcastable to [replicas, rows, length].
    """

    negatives: Tensor
    positives: Tensor

    @classmethod
    def of(cls, step: Step, proposed: Negatives, sampler: Sampler, states: Sequence[SamplerState] = ()) -> "LogQ":
        """That of a step and what it is proposed, from each replica's own batch.

        Args:
            step: The users.
            proposed: Of [replicas, draws, length | 1, n].
            sampler: Has proposed it.
            states: The replicas', as they were then; empty where the sampler remembers nothing.
        """
        by_user = proposed.by_user()
        batches = [replica for batch in step.batches for replica in batch.replicas()]
        negatives, positives = [], []
        for batch, item_ids, state in zip(batches, by_user.item_ids, states or [{}] * len(batches), strict=True):
            own = sampler.in_state(state)
            ids = item_ids if len(item_ids) == 1 else item_ids[: len(batch.users)]
            negatives.append(own.log_q(batch, ids[:, : batch.targets.shape[1]]))
            # Padded positions have no positive; they weigh nothing, whatever stands there.
            found = own.log_q(batch, batch.targets[..., None])[..., 0]
            positives.append(torch.where(batch.targets > 0, found, 0))
        n_rows = step.lengths.shape[1]
        return cls(_side_by_side(negatives, n_rows), _side_by_side(positives, n_rows))

    def of_negatives(self, bucket: Bucket) -> Tensor:
        """The part of a bucket's rows and positions."""
        rows = self.negatives if self.negatives.shape[1] == 1 else self.negatives[:, bucket.first_row : bucket.end_row]
        return rows[:, :, : bucket.length]

    def of_positives(self, bucket: Bucket) -> Tensor:
        """The same of the positives."""
        rows = self.positives if self.positives.shape[1] == 1 else self.positives[:, bucket.first_row : bucket.end_row]
        return rows[:, :, : bucket.length]


def _side_by_side(parts: list[Tensor], n_rows: int) -> Tensor:
    """The replicas' tensors along a new first axis, filled up with zeros to the largest of each axis and to all rows."""
    shape = [max(part.shape[axis] for part in parts) for axis in range(parts[0].dim())]
    # What all rows share stays shared; rows that fill up the last group weigh nothing.
    shape[0] = n_rows if shape[0] > 1 else 1
    return torch.stack([_filled(part, shape) for part in parts])


def _filled(tensor: Tensor, shape: list[int]) -> Tensor:
    padding = [
        entry for size, have in zip(reversed(shape), reversed(tensor.shape), strict=True) for entry in (0, size - have)
    ]
    return torch.nn.functional.pad(tensor, padding)
