"""Small workloads and made-up figures for tests of the bench."""

from nsbench.bench.cases.work import LimitShares
from nsbench.bench.cases.workload import Workload
from nsbench.bench.measuring.clock import Moment
from nsbench.bench.measuring.machine import Limits
from nsbench.bench.measuring.slice import Slice
from nsbench.bench.rate import EvaluationRate, RecommendationRate, TrainingRate
from nsbench.bench.rounds import WorkloadResult

TINY = Workload("tiny", n_users=200, n_items=300, mean_length=12, max_length=10)

UNIT_LIMITS = Limits(100.0, 50.0, 20.0, 40.0, 8.0, 4.0)


def slice_of(n_units: int, cpu: float, wall: float = 0.0, drawing: float = 0.0) -> Slice:
    """A slice whose drawing takes part of its CPU time."""
    return Slice(n_units, Moment(drawing, drawing), Moment(cpu - drawing, (wall or cpu) - drawing))


def rate_of(
    sampler: str, *, step: float | None, draw_share: float = 0.01, to_plain: float | None = None
) -> TrainingRate:
    return TrainingRate(
        sampler=sampler,
        positives_per_s=105_268.1,
        wall_positives_per_s=98_765.4,
        negatives_per_s=21_053_627.9,
        negatives_drawn_per_s=541_427.3,
        draw_share=draw_share,
        useful_flops=28_246_332_310.8,
        gemm_share=0.31,
        limit_shares=LimitShares(encoder=0.29, scoring=0.09, gather=0.01, copy=0.02),
        limit_total=0.41,
        binding_limit="encoder",
        to_plain=to_plain,
        to_plain_quartiles=None if to_plain is None else (to_plain, to_plain),
        step_to_random=step,
    )


def workload_result(name: str, *rates: TrainingRate) -> WorkloadResult:
    evaluation = EvaluationRate(20_315.1, 19_999.9, 7_110_290_533.9, 0.5, 0.55)
    recommendation = RecommendationRate(18_250.4, 18_100.2, 6_387_640_000.0, 0.45, 0.5)
    return WorkloadResult(
        name,
        Limits(9e10, 7e10, 6e10, 8e10, 2e10, 2.5e10),
        rates,
        evaluation,
        recommendation,
        361_136_128,
        core_share=0.98,
    )
