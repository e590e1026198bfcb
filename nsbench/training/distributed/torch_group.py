"""Processes that `torchrun` started, speaking by torch.distributed: gloo between CPUs, NCCL between GPUs."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar, final

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import functional

from nsbench.errors import PeerLost
from nsbench.tensors.process_group import ALONE, ProcessGroup

T = TypeVar("T")

TIMEOUT = timedelta(days=1)
"""How long a process waits for the others: process 0 may have to wait for a tracking store meanwhile. Of a process that dies
the others notice at once, and torchrun ends them."""

_CPU = torch.device("cpu")


@final
class TorchGroup:
    """The default process group, which must have been initialised."""

    def __init__(self) -> None:
        self.rank = dist.get_rank()
        self.size = dist.get_world_size()

    def all_reduce(self, *tensors: Tensor) -> list[Tensor]:
        """Each tensor's sum, all in one message."""
        together = torch.cat([tensor.flatten() for tensor in tensors])
        with self._losses_told():
            dist.all_reduce(together)
        parts = together.split([tensor.numel() for tensor in tensors])
        return [part.view(tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]

    def all_gather(self, tensor: Tensor) -> list[Tensor]:
        """Every process's tensor, padded to the longest on its way."""
        counts = self._counts([len(tensor)] * self.size)
        longest = max(counts)
        padded = functional.pad(tensor, (0, 0) * (tensor.dim() - 1) + (0, longest - len(tensor)))
        gathered = [torch.empty_like(padded) for _ in range(self.size)]
        with self._losses_told():
            dist.all_gather(gathered, padded)
        return [part[:count] for part, count in zip(gathered, counts, strict=True)]

    def all_to_all(self, tensor: Tensor, counts: Sequence[int]) -> tuple[Tensor, list[int]]:
        """Sends and receives the lengths of the stretches first."""
        received_counts = self._counts(counts)
        received = tensor.new_empty(sum(received_counts), *tensor.shape[1:])
        with self._losses_told():
            dist.all_to_all_single(received, tensor.contiguous(), received_counts, list(counts))
        return received, received_counts

    def broadcast(self, value: T) -> T:
        """The value of process 0."""
        values = [value]
        with self._losses_told():
            dist.broadcast_object_list(values, src=0, device=_CPU)
        return values[0]

    def all_gather_object(self, value: T) -> list[T]:
        """Every process's value."""
        values = [value] * self.size
        with self._losses_told():
            dist.all_gather_object(values, value)
        return values

    def _counts(self, counts: Sequence[int]) -> list[int]:
        """What every process counts for this one."""
        received = torch.empty(self.size, dtype=torch.int64)
        with self._losses_told():
            dist.all_to_all_single(received, torch.tensor(counts, dtype=torch.int64))
        return [int(count) for count in received]

    @contextmanager
    def _losses_told(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            reason = str(error).strip().partition("\n")[0]
            raise PeerLost(
                f"process {self.rank} of {self.size} can't reach the others ({reason}); the message of the first one to stop "
                "says why, and the same command goes on from the last checkpoint"
            ) from error


def current_group() -> ProcessGroup:
    """The processes that train together here: those of the default process group, or this one alone."""
    return TorchGroup() if dist.is_available() and dist.is_initialized() else ALONE


@contextmanager
def torchrun_group() -> Iterator[ProcessGroup]:
    """Joins the processes that `torchrun` started; a process that it didn't start stays alone.

    With GPUs, each process of a machine takes the one of its own number.
    """
    if not {"RANK", "WORLD_SIZE", "MASTER_ADDR"} <= os.environ.keys() or os.environ["WORLD_SIZE"] == "1":
        yield ALONE
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", os.environ["RANK"])) % torch.cuda.device_count())
    # Lengths and other values travel between CPUs, whatever trains.
    dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=TIMEOUT)
    try:
        yield TorchGroup()
    finally:
        dist.destroy_process_group()
