"""What a prediction reckons with, and where it comes from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from nsbench.forecast.dataset_shape import DatasetShape
from nsbench.forecast.run_work import RunWork


@dataclass(frozen=True)
class Rates:
    """How fast one run goes while as many others go on as the prediction assumes.

    Attributes:
        positives_per_s: Positives trained on, batches and negatives drawn.
        valid_targets_per_s: Targets ranked at a validation.
        test_targets_per_s: Targets ranked at the end, exposure counted.
        setup_s: Seconds from a run's start to its first step.
        memory_bytes: The most that the run's process holds, replicas included: of the host's memory, or of the card's on a GPU.
        together_per_s: Positives that as many runs as were asked for train on side by side in one process, all together; None
            where that isn't known or one was asked for.
    """

    positives_per_s: float
    valid_targets_per_s: float
    test_targets_per_s: float
    setup_s: float
    memory_bytes: int
    together_per_s: float | None = None


@dataclass(frozen=True)
class Parallelism:
    """How much goes on at once.

    Attributes:
        n_workers: Workers, each with a run or with some side by side.
        n_replicas: Runs that a worker trains side by side, at most.
    """

    n_workers: int
    n_replicas: int = 1


class RateSource(Protocol):
    """Where rates come from.

    Attributes:
        device: What the runs would run on, in words.
        how: How the rates came about, in words.
        is_measured: Whether they were measured there; otherwise they are an estimate.
        memory_limit_bytes: Memory of the device or machine; None where nothing says.
        is_per_device: Whether that memory is each run's own (a GPU's) or all runs share it.
    """

    device: str
    how: str
    is_measured: bool
    memory_limit_bytes: int | None
    is_per_device: bool

    def rates(self, shape: DatasetShape, works: Sequence[RunWork], n_replicas: int = 1) -> list[Rates]:
        """The rates of each load, alone and of `n_replicas` side by side.

        Raises:
            SettingsError: The source knows nothing of a sampler.
        """
