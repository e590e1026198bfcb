"""One workload from beginning to end: two processes, slices that take turns round after round, figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import median

from nsbench.bench.cases.evaluation import evaluation_flops
from nsbench.bench.cases.ours import EVALUATION, RECOMMENDATION, Sheet, build_ours, run_ours, sheet_of
from nsbench.bench.cases.recommendation import recommendation_flops
from nsbench.bench.cases.reference import build_reference, measure_limits, run_plain
from nsbench.bench.cases.training import model_of
from nsbench.bench.cases.workload import Workload
from nsbench.bench.measuring.condition import Conditions
from nsbench.bench.measuring.machine import Limits
from nsbench.bench.measuring.process import BenchProcess
from nsbench.bench.measuring.slice import Slice, Span
from nsbench.bench.rate import PLAIN, EvaluationRate, Judge, RecommendationRate, TrainingRate

_WARM_UP_STEPS = 3


@dataclass(frozen=True)
class WorkloadResult:
    """The rates on one workload.

    Attributes:
        name: The workload's.
        limits: The machine's, measured in the same rounds.
        training: The plain step comes first, then the samplers, then the rows that show something.
        evaluation: The ranking's.
        recommendation: That of lists of ten.
        peak_memory_bytes: The most that the process held that trained with the first sampler, and ranked.
        core_share: CPU time over the wall's, median of all slices; with one thread on a CPU, other programs took the rest.
    """

    name: str
    limits: Limits
    training: tuple[TrainingRate, ...]
    evaluation: EvaluationRate
    recommendation: RecommendationRate
    peak_memory_bytes: int
    core_share: float


def measure_workload(
    workload: Workload, samplers: Sequence[str], conditions: Conditions, span: Span, n_rounds: int
) -> WorkloadResult:
    """Measures for n_rounds spans of each sampler, and some more.

    Args:
        workload: The log.
        samplers: Names in SAMPLERS.
        conditions: Negatives and threads.
        span: How long each slice is.
        n_rounds: Slices of each; at least 1.
    """
    with (
        BenchProcess(partial(build_reference, workload, conditions)) as reference,
        BenchProcess(partial(build_ours, workload, tuple(samplers), conditions)) as ours,
    ):
        sheet = ours.ask(sheet_of)
        names = [PLAIN] * workload.has_plain + [*sheet.works, EVALUATION, RECOMMENDATION]
        limits: list[Limits] = []
        slices: dict[str, list[Slice]] = {name: [] for name in names}

        def take(name: str, span: Span) -> Slice:
            if name == PLAIN:
                return reference.ask(partial(run_plain, span=span))
            return ours.ask(partial(run_ours, name=name, span=span))

        def turn_of(name: str) -> Callable[[], None]:
            return lambda: slices[name].append(take(name, span))

        def look_at_limits() -> None:
            limits.append(reference.ask(partial(measure_limits, span=span)))

        for name in names:
            take(name, replace(span, seconds=0.0, n_steps=_WARM_UP_STEPS))
        take_turns([*map(turn_of, names), look_at_limits], n_rounds)
    return _result(workload, sheet, slices, Limits.median_of(limits), span)


def take_turns(turns: Sequence[Callable[[], None]], n_rounds: int) -> None:
    """Calls each of them once a round; each round begins with another one, so that none always comes early."""
    for number in range(n_rounds):
        first = number * len(turns) // n_rounds
        for turn in (*turns[first:], *turns[:first]):
            turn()


def _result(
    workload: Workload, sheet: Sheet, slices: Mapping[str, Sequence[Slice]], limits: Limits, span: Span
) -> WorkloadResult:
    judge = Judge(span.clock, limits, slices.get(PLAIN, ()), slices.get("random", ()))
    works = dict(sheet.works)
    rows = []
    if workload.has_plain:
        # What is useful doesn't hang on who does it.
        rows.append(judge.training(PLAIN, slices[PLAIN], next(iter(works.values()))))
    rows += [judge.training(name, slices[name], work) for name, work in works.items()]
    model, n_items = model_of(workload), workload.n_items
    return WorkloadResult(
        name=workload.name,
        limits=limits,
        training=tuple(rows),
        evaluation=judge.evaluation(slices[EVALUATION], evaluation_flops(model, n_items)),
        recommendation=judge.recommendation(slices[RECOMMENDATION], recommendation_flops(model, n_items)),
        peak_memory_bytes=sheet.peak_memory_bytes,
        core_share=median(one.core_share for own in slices.values() for one in own),
    )
