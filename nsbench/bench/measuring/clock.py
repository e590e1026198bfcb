"""Two clocks at once: the wall's, and the process's own CPU time, which other processes on the machine can't take."""

import time
from dataclasses import dataclass
from typing import Literal, Self

import torch

Clock = Literal["cpu", "wall"]
"""What rates are reckoned by: "cpu", the process's CPU time (`time.process_time`), or "wall"."""


def clock_of(device: torch.device, n_threads: int) -> Clock:
    """CPU time where one thread does all the work; a GPU works beside the process, and threads add up."""
    return "cpu" if device.type == "cpu" and n_threads == 1 else "wall"


@dataclass(frozen=True)
class Moment:
    """Both clocks' readings, or a time between two of them, in seconds."""

    cpu: float = 0.0
    wall: float = 0.0

    @classmethod
    def now(cls) -> Self:
        """What the clocks show."""
        return cls(time.process_time(), time.perf_counter())

    def by(self, clock: Clock) -> float:
        """The reading of one of the clocks."""
        return self.cpu if clock == "cpu" else self.wall

    def __add__(self, other: "Moment") -> "Moment":
        return Moment(self.cpu + other.cpu, self.wall + other.wall)

    def __sub__(self, other: "Moment") -> "Moment":
        return Moment(self.cpu - other.cpu, self.wall - other.wall)
