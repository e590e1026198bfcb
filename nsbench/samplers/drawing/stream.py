"""The randomness of a draw: each replica's numbers come from its own generator, however many are drawn for at once.

So a replica's negatives don't depend on which others it is drawn with. What a sampler remembers of earlier steps goes the same
way, since it too is each replica's own.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

SamplerState = Mapping[str, Tensor]
"""What a sampler remembers of one replica's steps: tensors by name, whose shapes never change and which are changed in place.

Numbers that stay where they are can be part of a step that a GPU repeats, and of a checkpoint.
"""


@dataclass(frozen=True)
class TensorSpec:
    """A tensor of a sampler's state before there is one.

    Attributes:
        shape: Its shape.
        dtype: Its type.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype


StateSpec = Mapping[str, TensorSpec]
"""The tensors of a sampler's state by name."""


def zero_state(spec: StateSpec, device: torch.device) -> SamplerState:
    """A state of zeros."""
    return {name: torch.zeros(one.shape, dtype=one.dtype, device=device) for name, one in spec.items()}


def bytes_of(spec: StateSpec) -> int:
    """What a replica's state takes.

    >>> bytes_of({"queue": TensorSpec((10, 20), torch.int32), "length": TensorSpec((1,), torch.int64)})
    808
    """
    return sum(math.prod(one.shape) * one.dtype.itemsize for one in spec.values())


@final
class Streams:
    """The generators of one replica or of several, in the order of their rows in a batch.

    Args:
        generators: One per replica, on one device.
        states: What the sampler remembers, one per replica; may be left out where it remembers nothing.
    """

    def __init__(self, *generators: torch.Generator, states: Sequence[SamplerState] = ()) -> None:
        self.generators = generators
        self.states = states

    def integers(self, low: int, high: int, shape: Sequence[int]) -> Tensor:
        """int64 of a shape, uniform in low..high - 1; the replicas divide the first axis."""
        return _joined(
            [torch.randint(low, high, own, generator=g, device=g.device) for g, own in self._own_shapes(shape)]
        )

    def uniform(self, shape: Sequence[int]) -> Tensor:
        """float64 of a shape, uniform in [0, 1); the replicas divide the first axis."""
        return _joined(
            [torch.rand(own, generator=g, dtype=torch.float64, device=g.device) for g, own in self._own_shapes(shape)]
        )

    def permutation(self, n: int) -> Tensor:
        """int64[n], the numbers 0..n - 1 in random order; of one replica's stream only."""
        (generator,) = self.generators
        return torch.randperm(n, generator=generator, device=generator.device)

    def _own_shapes(self, shape: Sequence[int]) -> list[tuple[torch.Generator, tuple[int, ...]]]:
        n = len(self.generators)
        assert shape[0] % n == 0
        return [(generator, (shape[0] // n, *shape[1:])) for generator in self.generators]


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts)
