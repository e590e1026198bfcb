"""The processes that train one model together, as each of them sees the others.

Every method but `rank` and `size` is collective: all processes call it, in the same order, or all wait. Where another
process is gone, it raises PeerLost.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, final

from torch import Tensor

from nsbench.errors import PeerLost

T = TypeVar("T")


class ProcessGroup(Protocol):
    """Some processes, and what they can tell each other."""

    @property
    def rank(self) -> int:
        """This process's number, from 0."""

    @property
    def size(self) -> int:
        """How many there are."""

    def all_reduce(self, *tensors: Tensor) -> list[Tensor]:
        """Each tensor's sum over the processes, bit by bit the same in all of them; all tensors are of one type."""

    def all_gather(self, tensor: Tensor) -> list[Tensor]:
        """Every process's tensor [n, ...], by rank; their n may differ, the other axes not."""

    def all_to_all(self, tensor: Tensor, counts: Sequence[int]) -> tuple[Tensor, list[int]]:
        """Sends each process its stretch of a tensor.

        Args:
            tensor: [n, ...], the stretches one after the other, by rank.
            counts: How long each stretch is.

        Returns:
            [m, ...], what the others sent, by rank; and how long each of these stretches is.
        """

    def broadcast(self, value: T) -> T:
        """The value of process 0; it travels pickled, and tensors in it must be on the CPU."""

    def all_gather_object(self, value: T) -> list[T]:
        """Every process's value, by rank; as for `broadcast`."""


@final
class OneProcess:
    """A process alone: nothing travels."""

    rank = 0
    size = 1

    def all_reduce(self, *tensors: Tensor) -> list[Tensor]:
        """The tensors."""
        return list(tensors)

    def all_gather(self, tensor: Tensor) -> list[Tensor]:
        """The tensor."""
        return [tensor]

    def all_to_all(self, tensor: Tensor, counts: Sequence[int]) -> tuple[Tensor, list[int]]:
        """The tensor, in one stretch."""
        return tensor, list(counts)

    def broadcast(self, value: T) -> T:
        """The value."""
        return value

    def all_gather_object(self, value: T) -> list[T]:
        """The value."""
        return [value]


ALONE = OneProcess()
"""The group of a process that trains alone."""


@dataclass(frozen=True)
class _Outcome(Generic[T]):
    """What process 0's work came to: a value, or the name of the error that ended it."""

    values: tuple[T, ...]
    failure: str = ""


def from_first(group: ProcessGroup, work: Callable[[], T]) -> T:
    """What some work gives, which process 0 does for all; the others wait, and stop if it fails.

    Args:
        group: The processes.
        work: Called in process 0 only.

    Raises:
        KeyboardInterrupt: In the others, where process 0 was interrupted.
        PeerLost: In the others, where it failed for another reason; its own error says which.
    """
    outcome: _Outcome[T] = _Outcome(())
    if group.rank == 0:
        try:
            outcome = _Outcome((work(),))
        except BaseException as error:
            group.broadcast(_Outcome((), type(error).__name__))
            raise
    outcome = group.broadcast(outcome)
    if outcome.failure == KeyboardInterrupt.__name__:
        raise KeyboardInterrupt
    if outcome.failure:
        raise PeerLost(
            f"process 0 of {group.size} stopped with {outcome.failure}; its own message says what to do about it"
        )
    return outcome.values[0]
