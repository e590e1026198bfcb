"""The bench as a whole: every part in turn, as one record that can be kept and compared."""

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

from nsbench import __version__
from nsbench.bench.cases.log_reading import PreparationRate, measure_preparation
from nsbench.bench.cases.overhead import Overhead, measure_overhead
from nsbench.bench.cases.throughput import Throughput, load_average, measure_throughput
from nsbench.bench.cases.workload import WORKLOADS, Workload
from nsbench.bench.measuring.clock import Clock, clock_of
from nsbench.bench.measuring.condition import Conditions
from nsbench.bench.measuring.slice import Span
from nsbench.bench.rounds import WorkloadResult, measure_workload
from nsbench.bench.target import Target, targets_of
from nsbench.errors import SettingsError
from nsbench.samplers import SAMPLERS
from nsbench.samplers.drawing.sharing import SharedByUsers
from nsbench.samplers.explicit import needs_explicit_negatives
from nsbench.suggestion import did_you_mean
from nsbench.tensors.device import choose_device, device_name

_OF_A_STUDY = "dense"
_CORE_SHARE_OF_A_QUIET_MACHINE = 0.95
_LOAD_OF_A_QUIET_MACHINE = 0.25


MEASURED = tuple(name for name, settings in SAMPLERS.items() if not needs_explicit_negatives(settings))
"""The samplers that can be measured: the workloads' logs have no explicit negatives."""


@dataclass(frozen=True)
class BenchPlan:
    """What is measured, and for how long.

    Attributes:
        workloads: Names in WORKLOADS.
        samplers: Names in MEASURED.
        n_negatives: Negatives proposed for each positive.
        n_threads: torch threads of a process.
        negative_sharing: Who shares a draw.
        n_workers: Processes of the study throughput; below 2 it isn't measured.
        seconds: Of a slice.
        n_rounds: Slices of each figure.
        n_looks: Validations of the run that tracking is measured on; 0: it isn't measured.
        n_rows: Length of the logs that preparation is measured on; 0: it isn't measured.
    """

    workloads: tuple[str, ...]
    samplers: tuple[str, ...]
    n_negatives: int = 200
    n_threads: int = 1
    negative_sharing: SharedByUsers = "user"
    n_workers: int = 1
    seconds: float = 0.3
    n_rounds: int = 7
    n_looks: int = 0
    n_rows: int = 0

    def check(self) -> None:
        """Sees before anything is measured that there is what is asked for.

        Raises:
            SettingsError: An unknown workload or sampler.
        """
        for kind, asked, known in (
            ("workload", self.workloads, tuple(WORKLOADS)),
            ("sampler", self.samplers, MEASURED),
        ):
            unknown = [name for name in asked if name not in known]
            if unknown:
                raise SettingsError(
                    f"unknown {kind} {unknown[0]!r}{did_you_mean(unknown[0], known)}; there are: {', '.join(known)}"
                )


@dataclass(frozen=True)
class BenchResult:
    """All that a bench measured, and on what.

    Attributes:
        nsbench: Its version.
        torch: Its version.
        machine: System and architecture.
        device: The device's name.
        n_cores: Cores of the machine.
        load_average: Processes that wanted a core in the minute before; None where the system doesn't say.
        clock: What rates are reckoned by unless they say otherwise.
        plan: What was asked.
        workloads: Training and evaluation.
        throughput: All cores at once; None if not measured.
        overhead: Tracking, pruning, progress; None if not measured.
        preparation: A rate for each form of log; empty if not measured.
        targets: The ratios that speed is judged by.
    """

    nsbench: str
    torch: str
    machine: str
    device: str
    n_cores: int
    load_average: float | None
    clock: Clock
    plan: BenchPlan
    workloads: tuple[WorkloadResult, ...]
    throughput: Throughput | None
    overhead: Overhead | None
    preparation: tuple[PreparationRate, ...]
    targets: tuple[Target, ...]

    @property
    def core_share(self) -> float | None:
        """The share of the time that a process had a core where that was least; None unless it is CPU time that counts."""
        if self.clock == "wall":
            return None
        shares = [workload.core_share for workload in self.workloads]
        return min(shares if self.throughput is None else [*shares, self.throughput.core_share])

    @property
    def was_busy(self) -> bool:
        """Whether other programs took so much of the machine that the wall's clock says little."""
        if self.core_share is not None:
            return self.core_share < _CORE_SHARE_OF_A_QUIET_MACHINE
        return self.load_average is not None and self.load_average > _LOAD_OF_A_QUIET_MACHINE * self.n_cores


def default_workers() -> int:
    """The cores on a CPU; 1 on a GPU, where a process trains replicas side by side."""
    return (os.cpu_count() or 1) if choose_device().type == "cpu" else 1


def run_bench(plan: BenchPlan, tell: Callable[[str], None]) -> BenchResult:
    """Measures.

    Args:
        plan: What.
        tell: Called with what is being measured.

    Raises:
        SettingsError: An unknown workload or sampler.
        TrainingError: A measuring process died, which mostly means that the memory is used up.
    """
    plan.check()
    device = choose_device()
    load = load_average()
    clock = clock_of(device, plan.n_threads)
    conditions = Conditions(plan.n_negatives, plan.n_threads, plan.negative_sharing)
    span = Span(plan.seconds, clock)
    workloads = []
    for name in plan.workloads:
        tell(f"{name}: training and evaluation")
        workloads.append(measure_workload(WORKLOADS[name], plan.samplers, conditions, span, plan.n_rounds))
    throughput = _throughput(WORKLOADS[_OF_A_STUDY], conditions, clock, plan, tell)
    overhead = None
    if plan.n_looks > 0:
        tell("tracking, pruning, progress")
        overhead = measure_overhead(conditions, plan.n_looks)
    preparation: tuple[PreparationRate, ...] = ()
    if plan.n_rows > 0:
        tell("preparation")
        preparation = measure_preparation(plan.n_rows)
    return BenchResult(
        nsbench=__version__,
        torch=version("torch"),
        machine=f"{platform.system()} {platform.machine()}",
        device=device_name(device),
        n_cores=os.cpu_count() or 1,
        load_average=load,
        clock=clock,
        plan=plan,
        workloads=tuple(workloads),
        throughput=throughput,
        overhead=overhead,
        preparation=preparation,
        targets=targets_of(workloads, throughput, overhead, on_gpu=device.type != "cpu"),
    )


def _throughput(
    workload: Workload, conditions: Conditions, clock: Clock, plan: BenchPlan, tell: Callable[[str], None]
) -> Throughput | None:
    if plan.n_workers < 2:
        return None
    tell(f"{workload.name}: {plan.n_workers} workers at once")
    seconds = 3 * plan.seconds
    return measure_throughput(workload, conditions, clock, plan.n_workers, seconds, plan.n_rounds)
