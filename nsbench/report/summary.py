"""Means and deviations over the repeats of each method, and everything else that the report of a dataset rests on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from nsbench.data.beside.truth import TRUTH_GROUPS
from nsbench.data.dataset import DatasetCard
from nsbench.evaluation.metrics import METRICS
from nsbench.evaluation.metrics.hit_rate import HIT_RATE
from nsbench.evaluation.metrics.ndcg import NDCG
from nsbench.report.cost import CostRow
from nsbench.report.faulty_run import FaultyRun
from nsbench.report.paper.claim import Claim
from nsbench.report.paper.published import PublishedComparison
from nsbench.report.run_counts import RunCount, count_runs
from nsbench.report.selection import CUTOFF, Method, Selection, select
from nsbench.report.shown_card import card_of
from nsbench.report.statistics.estimate import Statistics
from nsbench.report.user_groups.user_group import UserGrouping
from nsbench.terms import (
    ALL,
    EXPLICIT_NEGATIVES,
    GROUPS,
    PREFERRED_SHARE,
    TRUTH,
    Cohort,
    balance_name,
    metric_name,
)
from nsbench.tracking.stored_run import StoredRun

if TYPE_CHECKING:
    from nsbench.report.ladder.climb import Ladder

RANK_METRICS = tuple(METRICS)
"""Every metric that a summary holds, each in total, by cohort and as balance."""

ACCURACY_METRICS = (HIT_RATE.name, NDCG.name)
"""Those that methods are judged by: shown first, tested and drawn.

The others have a table of means further down. MRR falls with the rank as NDCG does and would say nearly the same a third time,
and each metric more costs as many resamples again.
"""

OTHER_METRICS = tuple(name for name in METRICS if name not in ACCURACY_METRICS)
"""Those that have a table of means alone; runs of older versions may lack them."""

METRIC_TITLES = {name: f"{metric.title} at {CUTOFF}" for name, metric in METRICS.items()}
"""What tables and figures call the metrics."""

COVERAGE, RECOMMENDED_POPULARITY, EXPOSURE_GINI = (
    metric_name("test", ALL, name, CUTOFF) for name in ("coverage", "recommended_popularity", "exposure_gini")
)
EXPOSURE_METRICS = (COVERAGE, RECOMMENDED_POPULARITY, EXPOSURE_GINI)
"""What is recommended, right or wrong (`nsbench.evaluation.metrics.exposure`); runs of older versions may lack it."""

TRUTH_METRICS = tuple(metric_name(TRUTH, group, HIT_RATE.name, CUTOFF) for group in TRUTH_GROUPS)
"""What would be hit if users took what they want; only runs on generated logs that hold what that is have it."""

NEGATIVE_HIT_RATE = metric_name("test", EXPLICIT_NEGATIVES, HIT_RATE.name, CUTOFF)
PREFERRED = metric_name("test", EXPLICIT_NEGATIVES, PREFERRED_SHARE)
NEGATIVE_METRICS = (NEGATIVE_HIT_RATE, PREFERRED)
"""How high explicit negatives rank; only runs on datasets that keep them have these, so that no summary holds them."""


@dataclass(frozen=True)
class Estimate:
    """A metric over repeats.

    Attributes:
        values: Of the runs in which it is defined, as shares in [0, 1].
        n_runs: All runs, whether it is defined in them or not.
    """

    values: tuple[float, ...]
    n_runs: int

    @classmethod
    def exact(cls, value: float) -> "Estimate":
        """A value that is known and not averaged; NaN where it is undefined."""
        return cls(() if np.isnan(value) else (value,), 1)

    @property
    def n(self) -> int:
        """Number of runs in which the metric is defined."""
        return len(self.values)

    @cached_property
    def mean(self) -> float:
        """Mean over the runs; NaN without one."""
        return float(np.mean(self.values)) if self.values else float("nan")

    @cached_property
    def sd(self) -> float:
        """Standard deviation over the runs (divided by n - 1); NaN below two runs."""
        return float(np.std(self.values, ddof=1)) if self.n > 1 else float("nan")


@dataclass(frozen=True)
class MethodSummary:
    """A method with its estimate of every test metric at the report's cut-off, by full metric name."""

    method: Method
    estimates: Mapping[str, Estimate]

    def accuracy(self, metric: str, group: str = ALL) -> Estimate:
        """A metric in a group."""
        return self.estimates[metric_name("test", group, metric, CUTOFF)]

    def balance(self, metric: str) -> Estimate:
        """The balance of an accuracy metric over head, mid and tail."""
        return self.estimates[balance_name("test", metric, CUTOFF)]

    def wanted(self, group: str = ALL) -> Estimate:
        """The expected hit rate in a group if users took what they want; without a value where that is not known."""
        return self.estimates[metric_name(TRUTH, group, HIT_RATE.name, CUTOFF)]


@dataclass(frozen=True)
class DatasetSummary:
    """All that the report says about a dataset.

    Attributes:
        selection: What is compared, and what was left out.
        methods: One per row, in the selection's order.
        counts: What became of all runs.
        card: The dataset's card as the compared runs saw it; None where they hold none that can be read.
        runs: All runs, whatever they are.
        statistics: Intervals and differences.
        claims: The paper's claims, judged on this dataset.
        costs: What each method took, in the selection's order.
        published: Our cells beside the paper's; empty where the dataset is none of the paper's.
        ladders: From the published protocol to a sound one.
        user_groups: What methods reach by groups of users; empty where that can't be known.
        user_groups_note: Why it can't, a sentence; empty where nothing is missing.
    """

    selection: Selection
    methods: tuple[MethodSummary, ...]
    counts: tuple[RunCount, ...]
    card: DatasetCard | None
    runs: tuple[StoredRun, ...] = ()
    statistics: Statistics = field(default_factory=Statistics)
    claims: tuple[Claim, ...] = ()
    costs: tuple[CostRow, ...] = ()
    published: tuple[PublishedComparison, ...] = ()
    ladders: "tuple[Ladder, ...]" = ()
    user_groups: tuple[UserGrouping, ...] = ()
    user_groups_note: str = ""

    @property
    def dataset(self) -> str:
        """The dataset's name."""
        return self.selection.dataset

    @property
    def samplers(self) -> tuple[MethodSummary, ...]:
        """The trained methods: what is compared."""
        return tuple(row for row in self.methods if not row.method.is_baseline)

    @property
    def baselines(self) -> tuple[MethodSummary, ...]:
        """The rankings that need no training: lines to beat."""
        return tuple(row for row in self.methods if row.method.is_baseline)

    @property
    def has_cold_hits(self) -> bool:
        """Whether any method ever ranked a cold item high enough to count."""
        cold = (row.accuracy("hit_rate", Cohort.COLD.label).mean for row in self.methods)
        return any(mean > 0 for mean in cold)

    def n_targets(self, group: str) -> float:
        """Test interactions of a group as most of the compared runs recorded them; NaN where none did."""
        name = metric_name("test", group, "n_targets")
        recorded = Counter(run.metrics[name] for row in self.methods for run in row.method.runs if name in run.metrics)
        return recorded.most_common(1)[0][0] if recorded else float("nan")

    def best_reachable(self, metric: str, group: str) -> float:
        """The best value that any model could reach, where the dataset's generator knows it; NaN elsewhere."""
        reachable = self.card.best_reachable if self.card else None
        if reachable is None or metric != "hit_rate" or reachable.k != CUTOFF:
            return float("nan")
        return reachable.hit_rate.get(group, float("nan"))

    def most_wanted(self, group: str) -> float:
        """The best expected hit rate if users took what they want, where the dataset's generator knows it; NaN elsewhere."""
        wanted = self.card.most_wanted if self.card else None
        return float("nan") if wanted is None or wanted.k != CUTOFF else wanted.hit_rate.get(group, float("nan"))


def summarise(
    dataset: str, runs: Sequence[StoredRun], faulty: Sequence[FaultyRun] = (), counted: Sequence[StoredRun] = ()
) -> DatasetSummary:
    """Everything that the report says about a dataset.

    Args:
        dataset: Its name.
        runs: All its runs that can be right, in any order.
        faulty: The others.
        counted: The others as they were read: they are counted whatever else is wrong with them.
    """
    selection = replace(select(dataset, runs), faulty=tuple(faulty))
    methods = tuple(map(method_summary, selection.methods))
    kept = {run.run_id for method in selection.methods for run in method.runs}
    counts = count_runs([*runs, *counted], kept)
    return DatasetSummary(selection, methods, counts, card_of(selection), tuple(runs))


def method_summary(method: Method) -> MethodSummary:
    """A method with its estimates."""
    return MethodSummary(method, _estimates(method.runs))


def summary_metrics() -> tuple[str, ...]:
    """The full names of the metrics that a summary holds."""
    return (*share_metrics(), RECOMMENDED_POPULARITY)


def share_metrics() -> tuple[str, ...]:
    """Those of them that are shares in [0, 1]."""
    accuracy = [metric_name("test", group, metric, CUTOFF) for metric in RANK_METRICS for group in GROUPS]
    balances = [balance_name("test", metric, CUTOFF) for metric in RANK_METRICS]
    return (*accuracy, *balances, COVERAGE, EXPOSURE_GINI)


def _estimates(runs: Sequence[StoredRun]) -> dict[str, Estimate]:
    return {
        name: Estimate(tuple(run.metrics[name] for run in runs if not np.isnan(run.metric(name))), len(runs))
        for name in (*summary_metrics(), *TRUTH_METRICS)
    }
