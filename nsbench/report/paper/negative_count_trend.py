"""Whether more negatives help, from the trials of studies: they differ in their counts of negatives by design.

Trials differ in learning rate and batch size too; so a rank correlation, which asks for a trend and not for a size, is
all that they can show. Its p-value is by permutation: trials are few, and equal counts are many.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from nsbench.objective import default_objective
from nsbench.report.method_parts import DEFAULT_LOSS, DEFAULT_MODEL, method_name, parts_of_run
from nsbench.report.paper.claim import Finding
from nsbench.report.selection import CUTOFF
from nsbench.report.statistics.correction import holm
from nsbench.report.statistics.estimate import LEVEL
from nsbench.terms import CUT_OFF, OBJECTIVE_TAG, RunKind
from nsbench.tracking.reading.run_parts import whole_number
from nsbench.tracking.stored_run import StoredRun

_FEWEST_TRIALS = 6
_FEWEST_COUNTS = 3
_N_SHUFFLES = 4_999
"""Of more orders than that a sample is drawn; fewer, those of up to six trials, are all tried."""


@dataclass(frozen=True)
class NegativeCountTrend:
    """How a sampler's objective changes with its number of negatives.

    Attributes:
        label: The sampler's label.
        n_trials: Finished trials.
        best_count: The best trial's number of negatives.
        fewest: The smallest number tried.
        most: The largest.
        correlation: Spearman's, in [-1, 1].
        p_value: Two-sided, for the hypothesis that there is no trend.
        p_holm: Corrected for the number of samplers.
        n_cut_off: Trials that ended at their last epoch while they might still have improved.
    """

    label: str
    n_trials: int
    best_count: int
    fewest: int
    most: int
    correlation: float
    p_value: float
    p_holm: float
    n_cut_off: int = 0


def judge_negative_counts(runs: Sequence[StoredRun], dataset_hash: str, loss: str = DEFAULT_LOSS) -> Finding:
    """Shown: for some sampler the objective falls with the number. Refuted: it rises for every sampler that can be tested.

    Args:
        runs: All runs of a dataset.
        dataset_hash: Only trials on this preparation of the dataset count.
        loss: Only trials with this one, and with the paper's backbone, count.
    """
    trends = negative_count_trends(runs, dataset_hash, loss)
    if not trends:
        return Finding(
            "undecided",
            f"Needs at least {_FEWEST_TRIALS} finished trials of a sampler with {_FEWEST_COUNTS} or more counts of "
            "negatives: `nsbench tune`.",
            is_judged=False,
        )
    evidence = "; ".join(
        f"{trend.label}: best with {trend.best_count} of {trend.fewest} to {trend.most} negatives, rank correlation "
        f"{trend.correlation:+.2f} (p = {trend.p_holm:.2g}, {trend.n_trials} trials)"
        for trend in trends
    )
    evidence = f"{evidence}. Trials differ in learning rate too."
    n_cut_off, n_trials = (
        sum(counts) for counts in zip(*((one.n_cut_off, one.n_trials) for one in trends), strict=True)
    )
    if n_cut_off:
        # With more epochs, another number of negatives may turn out to be the best one.
        return Finding(
            "undecided",
            f"{evidence} Of the {n_trials} trials, {n_cut_off} were cut off before they stopped getting better.",
        )
    significant = [trend.correlation for trend in trends if trend.p_holm < LEVEL]
    if any(correlation < 0 for correlation in significant):
        return Finding("holds", evidence)
    return Finding("fails" if len(significant) == len(trends) else "undecided", evidence)


def negative_count_trends(
    runs: Sequence[StoredRun], dataset_hash: str, loss: str = DEFAULT_LOSS
) -> tuple[NegativeCountTrend, ...]:
    """The trend of every sampler with enough finished trials with a loss, in the order of their first trial."""
    objectives = {run.study: run.tags.get(OBJECTIVE_TAG, "") for run in runs if run.kind is RunKind.STUDY}
    trials: dict[str, list[tuple[int, float]]] = {}
    n_cut_off: Counter[str] = Counter()
    for run in runs:
        if run.kind is not RunKind.TRIAL or run.status != "FINISHED" or run.dataset_hash != dataset_hash:
            continue
        parts = parts_of_run(run)
        # The paper claims nothing of other backbones.
        if run.sampler != method_name(parts.sampler, loss, DEFAULT_MODEL) or not parts.has_plain_sampler:
            continue
        known = [whole_number(run.params.get(name, "")) for name in run.count_fields.proposed]
        counts = [count for count in known if count is not None]
        value = run.metric(objectives.get(run.study) or default_objective((CUTOFF,)))
        if counts and not np.isnan(value):
            trials.setdefault(run.label, []).append((sum(counts), value))
            n_cut_off[run.label] += run.metric(CUT_OFF) == 1
    # Shuffles need a seed of their own, so that the same trials always give the same p-value.
    generator = np.random.default_rng(0)
    trends = [
        replace(_trend(label, np.array(pairs), generator), n_cut_off=n_cut_off[label])
        for label, pairs in trials.items()
        if len(pairs) >= _FEWEST_TRIALS and len({count for count, _ in pairs}) >= _FEWEST_COUNTS
    ]
    corrected = holm([trend.p_value for trend in trends])
    return tuple(replace(trend, p_holm=p) for trend, p in zip(trends, corrected, strict=True))


def _trend(label: str, pairs: NDArray[np.float64], generator: np.random.Generator) -> NegativeCountTrend:
    counts, values = pairs.T
    correlation, p_value = _rank_correlation(counts, values, generator)
    return NegativeCountTrend(
        label=label,
        n_trials=len(pairs),
        best_count=int(counts[values.argmax()]),
        fewest=int(counts.min()),
        most=int(counts.max()),
        correlation=correlation,
        p_value=p_value,
        p_holm=float("nan"),
    )


def _rank_correlation(
    a: NDArray[np.float64], b: NDArray[np.float64], generator: np.random.Generator
) -> tuple[float, float]:
    """Spearman's correlation and its two-sided p-value by permutation; 0 and 1 where one of the two never varies."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0, 1.0
    centred = stats.rankdata(a) - (len(a) + 1) / 2
    # Shuffling leaves the ranks' variances as they are, so that this is the correlation up to a constant.
    tested = stats.permutation_test(
        (stats.rankdata(b),),
        lambda ranks, axis: np.abs((ranks * centred).sum(axis=axis)),
        permutation_type="pairings",
        alternative="greater",
        n_resamples=_N_SHUFFLES,
        rng=generator,
    )
    return float(stats.spearmanr(a, b).statistic), float(tested.pvalue)
