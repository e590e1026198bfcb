"""All cores at once: what as many training processes as a study has workers do together, against one of them alone."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import final

from nsbench.bench.cases.training import TrainingBench, model_of, settings_with
from nsbench.bench.cases.workload import Workload, dataset_of
from nsbench.bench.measuring.clock import Clock
from nsbench.bench.measuring.condition import Conditions
from nsbench.bench.measuring.machine import LimitBench, Limits
from nsbench.bench.measuring.process import BenchProcess, ask_all
from nsbench.bench.measuring.slice import Slice, Span, per_second
from nsbench.tensors.device import keep_freed_memory

_WARM_UP_STEPS = 3
_LIMITS_SHARE = 0.5
_SAMPLER = "random"


@dataclass(frozen=True)
class Throughput:
    """What the workers of a study reach.

    Attributes:
        workload: What they train on.
        n_workers: Processes.
        alone_positives_per_s: One of them while the others wait, by the wall's clock.
        together_positives_per_s: All of them at once, added up, by the wall's clock.
        efficiency: Together over n_workers times alone; median over rounds of the ratio within a round.
        cpu_efficiency: The same by CPU time: what they lose to each other in caches and memory, not in waiting for a core.
            None where the clock is the wall's.
        core_share: CPU time over the wall's when one trains alone; below 1, other programs took the core from it.
        limits_alone: Of one process, by the bench's clock.
        limits_together: Of all at once, added up.
    """

    workload: str
    n_workers: int
    alone_positives_per_s: float
    together_positives_per_s: float
    efficiency: float
    cpu_efficiency: float | None
    core_share: float
    limits_alone: Limits
    limits_together: Limits


@final
class Worker:
    """A training and the limits, held by each of the processes."""

    def __init__(self, workload: Workload, conditions: Conditions) -> None:
        device = conditions.prepare()
        keep_freed_memory()
        model = model_of(workload)
        bench = TrainingBench(model, dataset_of(workload), device)
        self.training, _ = bench.case(
            settings_with(_SAMPLER, conditions.n_negatives, model, conditions.negative_sharing)
        )
        self.limits = LimitBench(device, workload.n_items, workload.hidden_dim, conditions.n_negatives)
        self.training.run(Span(0.0, "wall", _WARM_UP_STEPS))


def measure_throughput(
    workload: Workload, conditions: Conditions, clock: Clock, n_workers: int, seconds: float, n_rounds: int
) -> Throughput:
    """Lets one train, then all, round after round.

    Args:
        workload: What they train on.
        conditions: Negatives and threads.
        clock: What limits are reckoned by.
        n_workers: Processes.
        seconds: Of each turn.
        n_rounds: Turns of each; at least 1.
    """
    turn, look = Span(seconds, "wall"), Span(_LIMITS_SHARE * seconds, clock)
    alone: list[Slice] = []
    together: list[list[Slice]] = []
    limits_alone: list[Limits] = []
    limits_together: list[Limits] = []
    with ExitStack() as stack:
        build = partial(Worker, workload, conditions)
        workers = [stack.enter_context(BenchProcess(build)) for _ in range(n_workers)]
        ask_all(workers, _is_ready)
        for number in range(n_rounds):
            one = workers[number % n_workers]
            alone.append(one.ask(partial(_train, span=turn)))
            together.append(ask_all(workers, partial(_train, span=turn)))
            limits_alone.append(one.ask(partial(_limits, span=look)))
            limits_together.append(Limits.sum_of(ask_all(workers, partial(_limits, span=look))))
    return Throughput(
        workload=workload.name,
        n_workers=n_workers,
        alone_positives_per_s=per_second(alone, "wall"),
        together_positives_per_s=median(_together_per_second(slices, "wall") for slices in together),
        efficiency=efficiency(alone, together, "wall"),
        cpu_efficiency=efficiency(alone, together, clock) if clock == "cpu" else None,
        core_share=median(one.core_share for one in alone),
        limits_alone=Limits.median_of(limits_alone),
        limits_together=Limits.median_of(limits_together),
    )


def efficiency(alone: Sequence[Slice], together: Sequence[Sequence[Slice]], clock: Clock) -> float:
    """What all do together over as many times what one does alone; the median over rounds.

    Args:
        alone: The one's slice of each round.
        together: Everyone's slices of each round.
        clock: What rates are reckoned by.
    """
    pairs = zip(alone, together, strict=True)
    return median(
        _together_per_second(slices, clock) * one.seconds_per_unit(clock) / len(slices) for one, slices in pairs
    )


def load_average() -> float | None:
    """The mean number of processes that wanted a core over the last minute; None where the system doesn't say."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def _together_per_second(slices: Sequence[Slice], clock: Clock) -> float:
    return sum(1 / one.seconds_per_unit(clock) for one in slices)


def _is_ready(worker: Worker) -> bool:
    return True


def _train(worker: Worker, span: Span) -> Slice:
    return worker.training.run(span)


def _limits(worker: Worker, span: Span) -> Limits:
    return worker.limits.measure(span)
