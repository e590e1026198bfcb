"""How high methods rank what users turned down is shown by method, of runs that recorded it."""

from dataclasses import replace

from nsbench.evaluation.metrics.explicit_negative import negative_metrics_of
from nsbench.report.run_check import check_runs
from nsbench.report.selection import CUTOFF
from nsbench.report.summary import NEGATIVE_HIT_RATE, NEGATIVE_METRICS, PREFERRED
from nsbench.report.tables.explicit_negative import explicit_negative_table
from nsbench.terms import RunKind, is_target_count
from nsbench.tracking.stored_run import StoredRun
from tests.report.stored_run_builder import START, repeats, stored, summary_of
from tests.tracking.run_builder import ranks_of


def turned_down(runs: list[StoredRun], hit_rates: list[float], preferred: float) -> list[StoredRun]:
    """The runs with ranks of 1,234 explicit negatives."""
    return [
        replace(
            run,
            metrics={
                **run.metrics,
                NEGATIVE_HIT_RATE: hit_rate,
                PREFERRED: preferred,
                "test/explicit_negatives/n_targets": 1234.0,
            },
        )
        for run, hit_rate in zip(runs, hit_rates, strict=True)
    ]


def test_a_mean_stands_with_its_interval_over_repeats() -> None:
    """Hit rates of 20, 30 and 40 %: standard error 10 / sqrt(3), times 4.303 for 2 degrees of freedom: 24.84."""
    baseline = turned_down([stored("PopRec", kind=RunKind.BASELINE)], [0.5], 0.4)
    runs = turned_down(repeats("a", [0.1, 0.2, 0.3], 0.5), [0.2, 0.3, 0.4], 0.8)
    table = explicit_negative_table(summary_of(baseline, runs))
    assert table is not None
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["PopRec", "1", "50.00", "40.00"],
        ["a", "3", "30.00 [5.16, 54.84]", "80.00 [80.00, 80.00]"],
    ]
    assert table.note.startswith("1,234 explicit negatives")


def test_without_such_runs_there_is_no_table() -> None:
    assert explicit_negative_table(summary_of(repeats("a", [0.1], 0.5))) is None


def test_the_report_reads_the_names_that_an_evaluation_records() -> None:
    recorded = negative_metrics_of(ranks_of(1, 2), ranks_of(2, 3), "test", (CUTOFF,))
    assert {name for name in recorded if not is_target_count(name)} == set(NEGATIVE_METRICS)


def test_what_can_not_be_is_a_fault() -> None:
    _, (faulty,) = check_runs(turned_down([stored("a")], [1.5], 0.5), START)
    assert "hit_rate_at_10 is 1.5" in faulty.reason
