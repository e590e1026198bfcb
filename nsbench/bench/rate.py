"""From slices to figures: medians over rounds, so that what disturbs one round disturbs no figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from nsbench.bench.cases.work import LimitShares, Work, shares_of
from nsbench.bench.measuring.clock import Clock
from nsbench.bench.measuring.machine import Limits
from nsbench.bench.measuring.slice import Slice, Slices, per_second

PLAIN = "plain"
"""The name of the plain step's row."""


@dataclass(frozen=True)
class TrainingRate:
    """What one row of a workload reaches.

    Attributes:
        sampler: Its name; PLAIN for the plain PyTorch step.
        positives_per_s: Real positives trained on, padding not counted, by the bench's clock.
        wall_positives_per_s: The same by the wall's clock.
        negatives_per_s: Negatives that the positives ask for, drawn for each or shared.
        negatives_drawn_per_s: Negatives drawn, which positives may share.
        draw_share: Share of the time that drawing batches and negatives takes.
        useful_flops: FLOP/s that the model needs for those positives (`flops_per_positive`).
        gemm_share: Share of the large product's rate; on a GPU that is float32's, which training in TF32 may pass.
        limit_shares: Share of each limit.
        limit_total: Their sum.
        binding_limit: The limit with the largest share.
        to_plain: Positives/s over the plain step's; median over rounds of the ratio within a round. None without one.
        to_plain_quartiles: The ratio's quartiles over the rounds.
        step_to_random: Time of a positive over that with `random`; None without it.
    """

    sampler: str
    positives_per_s: float
    wall_positives_per_s: float
    negatives_per_s: float
    negatives_drawn_per_s: float
    draw_share: float
    useful_flops: float
    gemm_share: float
    limit_shares: LimitShares
    limit_total: float
    binding_limit: str
    to_plain: float | None
    to_plain_quartiles: tuple[float, float] | None
    step_to_random: float | None


@dataclass(frozen=True)
class EvaluationRate:
    """What ranking the test interactions over the whole catalogue reaches.

    Attributes:
        targets_per_s: Targets encoded and ranked, by the bench's clock.
        wall_targets_per_s: The same by the wall's clock.
        useful_flops: FLOP/s of the scores, 2 d for each target and candidate.
        gemm_share: Share of the large product's rate.
        ranking_share: Share of the rate of the ranking's own product.
    """

    targets_per_s: float
    wall_targets_per_s: float
    useful_flops: float
    gemm_share: float
    ranking_share: float


@dataclass(frozen=True)
class RecommendationRate:
    """What making lists of ten items over the whole catalogue reaches.

    Attributes:
        histories_per_s: Histories encoded and given a list, their own items left out, by the bench's clock.
        wall_histories_per_s: The same by the wall's clock.
        useful_flops: FLOP/s of the scores, 2 d for each history and item.
        gemm_share: Share of the large product's rate.
        ranking_share: Share of the rate of the ranking's own product.
    """

    histories_per_s: float
    wall_histories_per_s: float
    useful_flops: float
    gemm_share: float
    ranking_share: float


def ratios(slices: Slices, others: Slices, clock: Clock) -> list[float]:
    """Each round's rate over the others' in the same round."""
    pairs = zip(slices, others, strict=True)
    return [other.seconds_per_unit(clock) / one.seconds_per_unit(clock) for one, other in pairs]


def ratio(slices: Slices, others: Slices, clock: Clock) -> float:
    """The median of `ratios`."""
    return median(ratios(slices, others, clock))


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """The lower and the upper one; of a single value, itself."""
    if len(values) == 1:
        return values[0], values[0]
    low, _, high = quantiles(values, n=4, method="inclusive")
    return low, high


@dataclass(frozen=True)
class Judge:
    """Reads the slices of one workload.

    Attributes:
        clock: What rates are reckoned by.
        limits: The machine's in the same rounds.
        plain: The plain step's slices; empty: there is none.
        random: Those of `random`; empty: it isn't measured.
    """

    clock: Clock
    limits: Limits
    plain: Slices
    random: Slices

    def training(self, name: str, slices: Slices, work: Work) -> TrainingRate:
        """A row's figures."""
        rate = per_second(slices, self.clock)
        shares = shares_of(work, rate, self.limits)
        useful = rate * (work.encoder_flops + work.scoring_flops)
        to_plain = ratios(slices, self.plain, self.clock) if self.plain else []
        return TrainingRate(
            sampler=name,
            positives_per_s=rate,
            wall_positives_per_s=per_second(slices, "wall"),
            negatives_per_s=rate * work.n_negatives,
            negatives_drawn_per_s=rate * work.n_drawn,
            draw_share=median(_draw_share(one, self.clock) for one in slices),
            useful_flops=useful,
            gemm_share=useful / self.limits.gemm_flops,
            limit_shares=shares,
            limit_total=shares.total,
            binding_limit=shares.binding,
            to_plain=median(to_plain) if to_plain else None,
            to_plain_quartiles=quartiles(to_plain) if to_plain else None,
            step_to_random=ratio(self.random, slices, self.clock) if self.random else None,
        )

    def evaluation(self, slices: Slices, flops_per_target: float) -> EvaluationRate:
        """The figures of the ranking."""
        rate = per_second(slices, self.clock)
        useful = rate * flops_per_target
        return EvaluationRate(
            targets_per_s=rate,
            wall_targets_per_s=per_second(slices, "wall"),
            useful_flops=useful,
            gemm_share=useful / self.limits.gemm_flops,
            ranking_share=useful / self.limits.ranking_flops,
        )

    def recommendation(self, slices: Slices, flops_per_history: float) -> RecommendationRate:
        """The figures of making lists."""
        rate = per_second(slices, self.clock)
        useful = rate * flops_per_history
        return RecommendationRate(
            histories_per_s=rate,
            wall_histories_per_s=per_second(slices, "wall"),
            useful_flops=useful,
            gemm_share=useful / self.limits.gemm_flops,
            ranking_share=useful / self.limits.ranking_flops,
        )


def _draw_share(one: Slice, clock: Clock) -> float:
    return one.drawing.by(clock) / (one.drawing + one.working).by(clock)
