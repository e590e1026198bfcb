"""The ratios by which nsbench's speed is judged: each within one run, so that a busy machine changes both sides."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nsbench.bench.cases.ours import AS_A_GRAPH, CATALOGUES, N_REPLICAS, PADDED, REPLICAS
from nsbench.bench.cases.overhead import Overhead
from nsbench.bench.cases.throughput import Throughput
from nsbench.bench.cases.workload import WORKLOADS
from nsbench.bench.rate import TrainingRate
from nsbench.bench.rounds import WorkloadResult
from nsbench.samplers import SAMPLERS

_LARGE_CATALOGUE = 50_000
"""Items from which ranking is the product with the table; over fewer, encoding the histories takes as long."""


@dataclass(frozen=True)
class Target:
    """A ratio and what is aimed at.

    Attributes:
        name: What the ratio is of.
        value: What it is.
        bound: What is aimed at.
        is_least: Whether the bound is the least that the value should be, or the most.
        by_wall: Whether the value is by the wall's clock, and so says little of a machine that is busy.
    """

    name: str
    value: float
    bound: float
    is_least: bool
    by_wall: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the value is on the right side of the bound."""
        return self.value >= self.bound if self.is_least else self.value <= self.bound


REPLICAS_SHARE_ON_A_GPU = 3 / N_REPLICAS
"""Of as many steps of one: replicas side by side take three times one's step at most."""

POSITIVES_ON_A_GPU = 20e6
"""Positives per second of the dense replicas on a card such as an H100."""


def targets_of(
    workloads: Sequence[WorkloadResult],
    throughput: Throughput | None,
    overhead: Overhead | None,
    *,
    on_gpu: bool = False,
) -> tuple[Target, ...]:
    """The targets that what was measured says something of."""
    targets = [target for workload in workloads for target in _of_workload(workload, on_gpu=on_gpu)]
    if throughput is not None:
        name = f"{throughput.workload}: {throughput.n_workers} workers over as many times one"
        targets.append(Target(f"{name}, wall", throughput.efficiency, 0.85, is_least=True, by_wall=True))
        if throughput.cpu_efficiency is not None:
            targets.append(Target(f"{name}, CPU time", throughput.cpu_efficiency, 0.85, is_least=True))
    if overhead is not None:
        name = "tracking etc. in 30 s with 10 validations"
        targets.append(Target(f"{name}, wall", overhead.wall.share_of_trial, 0.02, is_least=False, by_wall=True))
        targets.append(Target(f"{name}, CPU time", overhead.cpu.share_of_trial, 0.02, is_least=False))
    return tuple(targets)


def _of_workload(workload: WorkloadResult, *, on_gpu: bool) -> Iterable[Target]:
    rows = {rate.sampler: rate for rate in workload.training}
    samplers = [rate for rate in workload.training if rate.sampler in SAMPLERS]
    random, padded = rows.get("random"), rows.get(PADDED)
    if random is not None and random.to_plain is not None and workload.name == "dense":
        yield Target("dense: random over the plain step, positives/s", random.to_plain, 2.0, is_least=True)
    if random is not None and len(samplers) > 1:
        slowest = max(samplers, key=_step_to_random)
        name = f"{workload.name}: slowest step over random's ({slowest.sampler})"
        yield Target(name, _step_to_random(slowest), 1.5, is_least=False)
    # On a GPU the host draws the next step's while this one is computed: what it takes is no share of a step.
    if samplers and not on_gpu:
        longest = max(samplers, key=lambda rate: rate.draw_share)
        name = f"{workload.name}: drawing's largest share ({longest.sampler})"
        yield Target(name, longest.draw_share, 0.05, is_least=False)
    if padded is not None:
        name = f"{workload.name}: positives/s over those with padding computed"
        yield Target(name, _step_to_random(padded), 4.0, is_least=True)
    if REPLICAS in rows:
        name = f"{workload.name}: a step of {N_REPLICAS} replicas over as many of one"
        yield Target(name, _step_to_random(rows[REPLICAS]), REPLICAS_SHARE_ON_A_GPU if on_gpu else 1.0, is_least=False)
        if on_gpu and workload.name == "dense":
            name = f"dense: positives/s of {N_REPLICAS} replicas over {POSITIVES_ON_A_GPU:,.0f}"
            ways = [rows[way] for way in (REPLICAS, f"{REPLICAS}{AS_A_GRAPH}") if way in rows]
            yield Target(name, max(way.positives_per_s for way in ways) / POSITIVES_ON_A_GPU, 1.0, is_least=True)
    small, large = (rows.get(name) for name in CATALOGUES)
    if small is not None and large is not None:
        name = f"{workload.name}: step with 1M items over that with 2k"
        yield Target(name, _step_to_random(large) / _step_to_random(small), 1.3, is_least=False)
    if WORKLOADS[workload.name].n_items >= _LARGE_CATALOGUE:
        name = f"{workload.name}: evaluation over the large product's rate"
        yield Target(name, workload.evaluation.gemm_share, 0.6, is_least=True)


def _step_to_random(rate: TrainingRate) -> float:
    """Not a number for the plain step or where `random` isn't measured; rows that need it are there only with it."""
    return float("nan") if rate.step_to_random is None else rate.step_to_random
