"""Measures what steps take: by the clock, and in CPU time, which other programs on the machine don't lengthen."""

import time
from typing import final

from nsbench.training.progress import Counts


@final
class Stopwatch:
    """Runs from its making on."""

    def __init__(self) -> None:
        self._wall_s = self._cpu_s = 0.0
        self.restart()

    def restart(self) -> None:
        """Forgets what has passed since the last lap."""
        self._wall_s, self._cpu_s = time.perf_counter(), time.process_time()

    def lap(self, counts: Counts) -> None:
        """Adds what has passed since the last lap to the counts."""
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        counts.train_s += wall_s - self._wall_s
        counts.cpu_s += cpu_s - self._cpu_s
        self._wall_s, self._cpu_s = wall_s, cpu_s
