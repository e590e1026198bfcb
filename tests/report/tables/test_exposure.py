"""What is recommended is shown by method, with intervals over repeats."""

import numpy as np
import pytest

from nsbench.evaluation.evaluate import EXPOSURE_CUTOFF
from nsbench.evaluation.metrics.exposure import exposure_metrics_of
from nsbench.report.run_check import check_runs
from nsbench.report.selection import CUTOFF
from nsbench.report.summary import EXPOSURE_METRICS
from nsbench.report.tables.exposure import exposure_table
from nsbench.terms import RunKind
from tests.report.stored_run_builder import START, repeats, stored, summary_of, with_exposure


def cells(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_a_mean_stands_with_its_interval_over_repeats():
    """Coverages of 20, 30 and 40 %: standard error 10 / sqrt(3), times 4.303 for 2 degrees of freedom: 24.84.

    Popularity and Gini are the same in all runs, so their intervals are points.
    """
    table = exposure_table(summary_of(with_exposure(repeats("a", [0.1, 0.2, 0.3], 0.5), [0.2, 0.3, 0.4], 1234.5, 0.8)))
    assert cells(table) == [["a", "3", "30.00 [5.16, 54.84]", "1,234.5 [1,234.5, 1,234.5]", "80.00 [80.00, 80.00]"]]


def test_no_interval_leaves_what_the_metric_can_be():
    """Coverages of 0 and 100 % with 1 degree of freedom: 50 % and 12.7 times a standard error of 50 points."""
    table = exposure_table(summary_of(with_exposure(repeats("a", [0.1, 0.2], 0.5), [0.0, 1.0], 10.0, 0.5)))
    assert cells(table)[0][2] == "50.00 [0.00, 100.00]"


def test_one_run_and_a_popularity_list_have_no_interval():
    (baseline,) = with_exposure([stored("PopRec", kind=RunKind.BASELINE)], [0.01], 90.0, 0.99)
    table = exposure_table(summary_of([baseline], with_exposure(repeats("a", [0.1], 0.5), [0.2], 10.0, 0.5)))
    assert [row[2:] for row in cells(table)] == [["1.00", "90.0", "99.00"], ["20.00", "10.0", "50.00"]]


def test_methods_that_recorded_nothing_of_it_are_left_out():
    new = with_exposure(repeats("new", [0.1], 0.5), [0.2], 10.0, 0.5)
    assert [row[0] for row in cells(exposure_table(summary_of(new, repeats("old", [0.1], 0.5))))] == ["new"]
    assert exposure_table(summary_of(repeats("old", [0.1], 0.5))) is None


def test_the_report_reads_the_names_that_an_evaluation_records():
    recorded = exposure_metrics_of(np.array([1, 2]), np.array([3, 4]), "test", EXPOSURE_CUTOFF)
    assert set(recorded) == set(EXPOSURE_METRICS)
    assert EXPOSURE_CUTOFF == CUTOFF


@pytest.mark.parametrize(
    ("coverage", "popularity", "reason"),
    [(1.5, 10.0, "coverage_at_10 is 1.5"), (0.5, -1.0, "recommended_popularity_at_10 is -1")],
)
def test_what_can_not_be_is_a_fault(coverage, popularity, reason):
    _, (faulty,) = check_runs(with_exposure([stored("a")], [coverage], popularity, 0.5), START)
    assert reason in faulty.reason
