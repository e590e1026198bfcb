"""What a backbone's parameters are before training: their shapes, and how they are filled."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Initial = Callable[[Tensor, torch.Generator], Tensor]
"""Fills a parameter of one replica in place, and returns it."""


@dataclass(frozen=True)
class ParameterSpec:
    """One parameter of a backbone.

    Attributes:
        shape: Without the axis of replicas.
        initial: How it is filled.
    """

    shape: tuple[int, ...]
    initial: Initial

    @property
    def n_values(self) -> int:
        """Numbers in it."""
        return math.prod(self.shape)


def glorot_bound(n_rows: int, n_columns: int) -> float:
    """The bound of Glorot's uniform distribution, sqrt(6 / (rows + columns)).

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010.

    >>> glorot_bound(1, 5)
    1.0
    """
    return math.sqrt(6 / (n_rows + n_columns))


def glorot(values: Tensor, generator: torch.Generator) -> Tensor:
    """Uniform values in +-`glorot_bound` of the first and the last axis."""
    bound = glorot_bound(values.shape[0], values.shape[-1])
    return values.uniform_(-bound, bound, generator=generator)


NARROW_STD = 0.02
"""Standard deviation of narrow initial values; source: Devlin et al., "BERT", NAACL 2019 (there normal, here uniform)."""
NARROW_BOUND = NARROW_STD * math.sqrt(3)
"""The bound of the uniform distribution with that standard deviation."""


def zeros(values: Tensor, generator: torch.Generator) -> Tensor:
    """Zeros; nothing is drawn."""
    return values.zero_()


def ones(values: Tensor, generator: torch.Generator) -> Tensor:
    """Ones; nothing is drawn."""
    return values.fill_(1)


def uniform(bound: float) -> Initial:
    """Uniform values in +-bound."""

    def fill(values: Tensor, generator: torch.Generator) -> Tensor:
        return values.uniform_(-bound, bound, generator=generator)

    return fill
