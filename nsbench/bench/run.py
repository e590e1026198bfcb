"""The bench as a whole: limits, then every workload, as one record that can be kept and compared."""

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from nsbench import __version__
from nsbench.bench.evaluation import EvaluationRate, evaluation_rate
from nsbench.bench.machine import Limits, measure_limits
from nsbench.bench.training import TrainingRate, plain_rate, training_rate
from nsbench.bench.workload import WORKLOADS, dataset_of
from nsbench.device import choose_device, device_name, peak_memory_bytes
from nsbench.errors import SettingsError
from nsbench.samplers import SAMPLERS

EVALUATED_USERS = 2_000


@dataclass(frozen=True)
class WorkloadResult:
    """The rates on one workload; the plain step comes first."""

    name: str
    training: tuple[TrainingRate, ...]
    evaluation: EvaluationRate
    peak_memory_bytes: int


@dataclass(frozen=True)
class BenchResult:
    """All that a bench measured, and on what."""

    nsbench: str
    torch: str
    machine: str
    device: str
    n_negatives: int
    limits: Limits
    workloads: tuple[WorkloadResult, ...]


def run_bench(
    workloads: Sequence[str], samplers: Sequence[str], n_negatives: int, seconds: float, tell: Callable[[str], None]
) -> BenchResult:
    """Measures; about `seconds` for each sampler and workload.

    Args:
        workloads: Names in WORKLOADS.
        samplers: Names in SAMPLERS.
        n_negatives: Negatives proposed for each positive.
        seconds: Time for each training rate.
        tell: Called with what is being measured.

    Raises:
        SettingsError: An unknown workload.
    """
    unknown = [name for name in workloads if name not in WORKLOADS]
    if unknown:
        raise SettingsError(f"unknown workload {unknown[0]!r}; there are: {', '.join(WORKLOADS)}")
    device = choose_device()
    tell("limits of the machine")
    limits = measure_limits(device)
    results = tuple(_workload(name, samplers or tuple(SAMPLERS), n_negatives, seconds, tell) for name in workloads)
    machine = f"{platform.system()} {platform.machine()}"
    return BenchResult(__version__, version("torch"), machine, device_name(device), n_negatives, limits, results)


def _workload(
    name: str, samplers: Sequence[str], n_negatives: int, seconds: float, tell: Callable[[str], None]
) -> WorkloadResult:
    workload = WORKLOADS[name]
    tell(f"{name}: making the log")
    dataset = dataset_of(workload)
    rates = []
    if choose_device().type == "cpu":
        tell(f"{name}: plain PyTorch step")
        rates.append(plain_rate(dataset, workload, n_negatives, seconds))
    for sampler in samplers:
        tell(f"{name}: {sampler}")
        rates.append(training_rate(sampler, dataset, workload, n_negatives, seconds))
    tell(f"{name}: evaluation")
    evaluation = evaluation_rate(dataset, workload, EVALUATED_USERS)
    return WorkloadResult(name, tuple(rates), evaluation, peak_memory_bytes(choose_device()))
