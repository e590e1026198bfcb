"""What holds for every metric of the catalogue."""

import numpy as np
import pytest

from nsbench.evaluation.metrics import METRICS
from nsbench.evaluation.metrics.of_ranks import metrics_of
from nsbench.evaluation.metrics.rank_metric import RankMetric
from nsbench.evaluation.rank_table import RankTable
from nsbench.objective import check_objective

RANKS = np.array([1.0, 2, 3, 10, 11, 500, np.inf])

every_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)


@every_metric
def test_the_first_place_counts_whole_and_nothing_counts_beyond_the_cut_off(metric: RankMetric) -> None:
    values = metric.per_target(RANKS, 10)
    assert values[0] == 1
    assert values[-3:].tolist() == [0, 0, 0]
    assert np.all(np.diff(values) <= 0)
    assert values.dtype == np.float64


@every_metric
def test_a_tie_counts_as_the_mean_over_its_places(metric: RankMetric) -> None:
    """Places 3 to 7 at k 5."""
    places = np.arange(3.0, 8)
    tied = metric.per_target(np.array([5.0]), 5, np.array([5], dtype=np.int32))
    assert tied == pytest.approx([metric.per_target(places, 5).mean()])


@every_metric
def test_a_metric_is_recorded_in_total_by_cohort_and_as_balance_and_can_be_an_objective(metric: RankMetric) -> None:
    alone = np.ones(1, dtype=np.int32)
    ranks = RankTable(np.zeros(1, dtype=np.int64), alone, np.zeros(1, dtype=np.int8), np.ones(1), alone)
    names = [f"valid/all/{metric.name}_at_5", f"valid/tail/{metric.name}_at_5", f"valid/balance_{metric.name}_at_5"]
    assert set(names) <= set(metrics_of(ranks, "valid", [5]))
    for name in names:
        check_objective(name, [5])
