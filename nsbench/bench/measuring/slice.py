"""Short slices of work: what takes turns, so that a machine that is slower for a while is so for all that is compared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Generic, TypeVar, final

import torch

from nsbench.bench.measuring.clock import Clock, Moment
from nsbench.tensors.device import wait_for

Drawn = TypeVar("Drawn")


@dataclass(frozen=True)
class Span:
    """How long a slice is: a number of seconds by a clock, and a least number of steps."""

    seconds: float
    clock: Clock
    n_steps: int = 1


@dataclass(frozen=True)
class Slice:
    """What was done in a slice.

    Attributes:
        n_units: Positives trained on, or targets ranked.
        drawing: Time that drawing took, if it counts.
        working: Time that the steps took.
    """

    n_units: int
    drawing: Moment
    working: Moment

    @property
    def core_share(self) -> float:
        """CPU time over the wall's: with one thread on a CPU, the share of the time that a core was had."""
        whole = self.drawing + self.working
        return whole.cpu / whole.wall

    def seconds_per_unit(self, clock: Clock) -> float:
        """Drawing and work."""
        return (self.drawing + self.working).by(clock) / self.n_units


@final
class Case(Generic[Drawn]):
    """Something that draws, does a step with what it drew, and so on.

    Args:
        draw: Draws.
        step: Does a step and gives its number of units.
        device: Where it is done. A GPU goes on with one step while the next is prepared, as in a training, and is waited for at
            the end of a slice: what drawing and steps take then is the host's time.
        counts_drawing: Whether drawing is part of the time.
    """

    def __init__(
        self,
        draw: Callable[[], Drawn],
        step: Callable[[Drawn], int],
        device: torch.device,
        *,
        counts_drawing: bool = True,
    ) -> None:
        self._draw = draw
        self._step = step
        self._device = device
        self._counts_drawing = counts_drawing

    def run(self, span: Span) -> Slice:
        """Goes on for a slice."""
        drawing, working = Moment(), Moment()
        n_units = n_steps = 0
        while n_steps < span.n_steps or (drawing + working).by(span.clock) < span.seconds:
            began = Moment.now()
            drawn = self._draw()
            drew = Moment.now()
            n_units += self._step(drawn)
            working += Moment.now() - drew
            if self._counts_drawing:
                drawing += drew - began
            n_steps += 1
        began = Moment.now()
        wait_for(self._device)
        working += Moment.now() - began
        return Slice(n_units, drawing, working)


Slices = Sequence[Slice]
"""One case's, a slice per round."""


def per_second(slices: Slices, clock: Clock) -> float:
    """Units per second: one over the median time of a unit."""
    return 1 / median(one.seconds_per_unit(clock) for one in slices)
