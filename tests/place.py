"""A process's place in a group, for what is worked out without asking the others."""

from collections.abc import Sequence
from typing import TypeVar

from torch import Tensor

T = TypeVar("T")


class Place:
    """A process's place among others that it never talks to."""

    def __init__(self, rank: int, size: int) -> None:
        self.rank = rank
        self.size = size

    def all_reduce(self, *tensors: Tensor) -> list[Tensor]:
        raise NotImplementedError

    def all_gather(self, tensor: Tensor) -> list[Tensor]:
        raise NotImplementedError

    def all_to_all(self, tensor: Tensor, counts: Sequence[int]) -> tuple[Tensor, list[int]]:
        raise NotImplementedError

    def broadcast(self, value: T) -> T:
        raise NotImplementedError

    def all_gather_object(self, value: T) -> list[T]:
        raise NotImplementedError
