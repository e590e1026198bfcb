"""A prediction: the runs of a profile with the seconds that each takes, and the hours, memory and disk of all."""

import heapq
import math
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Literal

from pydantic import BaseModel, ConfigDict

from nsbench.forecast.epochs import Epochs
from nsbench.terms import KeepModels

Stage = Literal["trials", "baselines", "repeats"]
"""What runs stand for; a dataset's repeats begin when its trials are done."""

RUN_S = 1.0
"""A run's share of recording and of waiting for its next assignment. Measured on sqlite: 0.1 to 0.6 s beside
training and evaluation, before the wait."""

COMMAND_S = 10.0
"""Starting the workers and writing the report, whatever the runs. Measured: a profile that is done already takes 13 s."""

RUN_DISK_BYTES = 150_000
"""What a run adds to MLflow's and Optuna's databases. Measured: 140 kB a run with 5 to 20 validations."""

RANK_BYTES = 7
"""What a target's rank takes in a run's artifact. Measured on three real logs: 3.7 to 7.2 bytes."""

LEADER_BYTES = 600 * 2**20
"""Memory of the command itself, beside its workers."""


class Part(BaseModel):
    """The runs of one stage of one sampler on one dataset.

    Attributes:
        dataset: The dataset's name.
        sampler: The method's name; the baselines' names joined by commas.
        stage: What the runs stand for.
        n_runs: Runs.
        epochs: Epochs of a run.
        validate_every: Epochs between validations; 0 for baselines.
        n_steps: Steps in an epoch.
        n_positives: Positives in an epoch.
        epoch_s: Seconds of an epoch's steps.
        look_s: Seconds per validation.
        test_s: Seconds of ranking the test interactions; 0 for trials, which leave them alone.
        setup_s: Seconds from the run's start to its first step.
        run_disk_bytes: What each run adds to the home.
        n_together: Runs that a worker trains side by side.
        together_epoch_s: Seconds of an epoch's steps of that many; of one, `epoch_s`.
        model_bytes: What a trained model takes that is kept; 0 where none is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    sampler: str
    stage: Stage
    n_runs: int
    epochs: Epochs
    validate_every: int
    n_steps: int
    n_positives: int
    epoch_s: float
    look_s: float
    test_s: float
    setup_s: float
    run_disk_bytes: int
    n_together: int = 1
    together_epoch_s: float | None = None
    model_bytes: int = 0

    @property
    def jobs(self) -> list[int]:
        """The numbers of runs that are trained side by side, job by job."""
        n_full, rest = divmod(self.n_runs, self.n_together)
        return [self.n_together] * n_full + [rest] * bool(rest)

    def run_s(self, epochs: float) -> float:
        """Seconds of a run of this many epochs; its share of those that are trained side by side."""
        return self.job_s(self.n_together, epochs) / self.n_together

    def job_s(self, n_runs: int, epochs: float) -> float:
        """Seconds of some runs side by side, of this many epochs each.

        The steps of a job go on until its last run stops, of which a mean of epochs knows nothing.
        """
        validations = math.ceil(epochs / self.validate_every) if self.validate_every else 0
        return self.setup_s + epochs * self._epoch_s(n_runs) + n_runs * (validations * self.look_s + self.test_s)

    def _epoch_s(self, n_runs: int) -> float:
        """A step takes some time for itself and some for each run, both of which follow from one run and `n_together`."""
        if self.together_epoch_s is None or self.n_together == 1:
            return n_runs * self.epoch_s
        each = (self.together_epoch_s - self.epoch_s) / (self.n_together - 1)
        return self.epoch_s + (n_runs - 1) * each


class Prediction(BaseModel):
    """What a profile will take on a device.

    Attributes:
        profile: Its name.
        fingerprint: Hash of all that it asks for.
        device: Where it would run, in words.
        is_measured: Whether the rates were measured there.
        how: How the rates came about.
        n_at_once: Workers at once.
        parts: The runs.
        datasets: How each dataset's shape is known, by name.
        memory_bytes: Memory of all runs at once, or of each device.
        memory_limit_bytes: What there is of it; None where nothing says.
        is_per_device: Whether that memory is each device's.
        disk_bytes: What datasets and runs take.
        nsbench: The version that predicted.
        n_replicas: Runs that a worker trains side by side, at most.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: str
    fingerprint: str
    device: str
    is_measured: bool
    how: str
    n_at_once: int
    parts: tuple[Part, ...]
    datasets: dict[str, str]
    memory_bytes: int
    memory_limit_bytes: int | None
    is_per_device: bool
    disk_bytes: int
    nsbench: str
    n_replicas: int = 1

    def models_bytes(self, keep: KeepModels) -> int:
        """What the repeats' models take in the end.

        While repeats go on, each worker's latest model may stand beside the best one for a moment.
        """
        return sum(
            part.model_bytes * {"best": min(1, part.n_runs), "all": part.n_runs, "none": 0}[keep] for part in self.parts
        )

    @property
    def likely_s(self) -> float:
        """Seconds with the expected epochs, or the most where none are known."""
        return self._seconds(lambda epochs: epochs.likely)

    @property
    def least_s(self) -> float:
        """Seconds if every run stops as early as it can without being pruned."""
        return self._seconds(lambda epochs: epochs.least)

    @property
    def most_s(self) -> float:
        """Seconds if no run stops early."""
        return self._seconds(lambda epochs: epochs.most)

    @property
    def is_expected(self) -> bool:
        """Whether recorded runs say how many epochs any of the runs take."""
        return any(part.epochs.expected is not None for part in self.parts if part.stage != "baselines")

    def _seconds(self, epochs: Callable[[Epochs], float]) -> float:
        total = COMMAND_S
        for _, stage in groupby(self.parts, key=lambda part: (part.dataset, part.stage == "repeats")):
            jobs = [n * RUN_S + part.job_s(n, epochs(part.epochs)) for part in stage for n in part.jobs]
            total += makespan(jobs, self.n_at_once)
        return total


def makespan(seconds: Sequence[float], n_at_once: int) -> float:
    """Seconds until all are done when a free worker takes the next.

    >>> makespan([3, 3, 2], 2)
    5.0
    """
    free_at = [0.0] * n_at_once
    for took in seconds:
        heapq.heappush(free_at, heapq.heappop(free_at) + took)
    return max(free_at)
