"""A process's part of a step that several processes take together.

Every process cuts the same joined batch and draws the same negatives for it, from the same streams, and then keeps its own
users: so in-batch negatives come from the positives of all processes, and a draw is the one that a single process would
make. Nothing has to be gathered for it, since each process has the log; drawing is the part of a step that isn't divided.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.batching.step import Joined, Step, n_rows_of, step_of
from nsbench.errors import SettingsError
from nsbench.samplers.sampler import Negatives
from nsbench.tensors.process_group import ProcessGroup


def batch_shard_of(step: Step, negatives: Negatives, group: ProcessGroup) -> tuple[Step, Negatives]:
    """This process's users: every `size`-th, so that all have about as much to do and rows stay longest first.

    A process for which the last batch of a pass holds no user takes the first one with no position.

    Args:
        step: The joined step.
        negatives: Of [replicas, draws, length | 1, n].
        group: The processes.
    """
    if group.size == 1:
        return step, negatives
    n_rows = n_rows_of(step.batches)
    idle = group.rank >= n_rows
    own = slice(0, 1) if idle else slice(group.rank, None, group.size)
    batches = [_rows(batch, own) for batch in step.batches]
    if idle:
        batches = [_emptied(batch) for batch in batches]
    length = max(batch.inputs.shape[1] for batch in batches)
    shard = replace(step_of(batches), shard_of=Joined(step.lengths[:, :n_rows], step.n_drawn, own))
    # A group's users are in several processes.
    negatives = negatives.by_user()
    item_ids, mask = (_cut(tensor[:, :n_rows], own, length) for tensor in (negatives.item_ids, negatives.mask))
    offsets = None if negatives.offsets is None else _cut(negatives.offsets[:, :n_rows], own, length)
    return shard, Negatives(item_ids, mask, offsets=offsets)


def check_batch_size(batch_size: int, group: ProcessGroup) -> None:
    """Checks that there is something to do for every process.

    Raises:
        SettingsError: A batch has fewer users than there are processes.
    """
    if batch_size < group.size:
        raise SettingsError(
            f"batch_size is {batch_size}, the users of a step of all {group.size} processes together; set it to "
            f"{group.size} or more, or start fewer processes"
        )


def _rows(batch: UserBatch, own: slice) -> UserBatch:
    known = batch.known_lengths[:, own]
    length = max(1, int(known.max(initial=0)))

    def of_own(part: Tensor) -> Tensor:
        return part.view(batch.n_replicas, -1, *part.shape[1:])[:, own].flatten(0, 1)

    users, lengths, inputs, targets = map(of_own, (batch.users, batch.lengths, batch.inputs, batch.targets))
    return UserBatch(users, lengths, inputs[:, :length], targets[:, :length], batch.n_replicas, known.ravel())


def _emptied(batch: UserBatch) -> UserBatch:
    lengths, inputs, targets = map(torch.zeros_like, (batch.lengths, batch.inputs[:, :1], batch.targets[:, :1]))
    return UserBatch(batch.users, lengths, inputs, targets, batch.n_replicas, np.zeros(len(lengths), dtype=np.int64))


def _cut(tensor: Tensor, own: slice, length: int) -> Tensor:
    """The part of [replicas, batch | 1, length | 1, n]; shared axes stay shared."""
    users = tensor if tensor.shape[1] == 1 else tensor[:, own]
    return users[:, :, :length].contiguous()
