"""Dose and response: which runs make a curve, and what its table says."""

from dataclasses import replace

import pytest

from nsbench.report.figures.sweep.negative_count import negative_count_figure
from nsbench.report.sweep.negative_count import dose_curves, dose_difference, methods_of_one_count
from nsbench.report.tables.negative_count import negative_count_table, negative_count_words
from nsbench.terms import RunKind
from tests.report.stored_run_builder import summary_of
from tests.report.sweep.swept_runs import swept


def texts(summary, column):
    table = negative_count_table(summary)
    return [row[table.columns.index(column)].text for row in table.rows]


def numbers_of(summary):
    return [(curve.label, [point.n_negatives for point in curve.points]) for curve in dose_curves(summary)]


def test_runs_that_differ_in_the_number_alone_make_a_curve_whatever_they_are_called() -> None:
    """Of a sweep, of --set, and of the default, 100; a run with another learning rate is of no curve."""
    summary = summary_of(
        swept("random", [0.3, 0.4], 20),
        swept("random", [0.2], 10, n_negatives=50),
        swept("random+n_negatives=10", [0.1], 30),
        swept("random", [0.5], 0, n_negatives=7, learning_rate=0.02),
    )
    assert numbers_of(summary) == [("Random", [10, 50, 100])]
    assert texts(summary, "Runs") == ["1", "1", "2"]


def test_each_loss_has_a_curve_and_a_number_that_is_alone_is_named() -> None:
    summary = summary_of(
        swept("random+n_negatives=10", [0.1]),
        swept("random+n_negatives=20", [0.2], 10),
        swept("random+n_negatives=10+softmax+log_q=classic", [0.3], 20),
        swept("random+n_negatives=20+softmax+log_q=classic", [0.4], 30),
        swept("batch", [0.4], 40),
    )
    assert [label for label, _ in numbers_of(summary)] == ["Random", "Random + softmax (log_q=classic)"]
    assert methods_of_one_count(summary) == ["Batch"]
    assert "Not enough data on Batch: run with one number of negatives only." in negative_count_words(summary)[-1]


def test_curves_of_one_method_are_told_apart_by_what_else_differs() -> None:
    runs = [
        swept("random", [0.1], 10 * place, n_negatives=n, learning_rate=rate)
        for place, (n, rate) in enumerate([(5, 0.01), (6, 0.01), (5, 0.02), (6, 0.02)])
    ]
    assert [label for label, _ in numbers_of(summary_of(*runs))] == [
        "Random, learning_rate 0.01",
        "Random, learning_rate 0.02",
    ]


def test_each_part_of_a_mixture_is_a_dose_of_its_own() -> None:
    """With 10 in-batch negatives, 20 and 30 uniform ones; with 20 uniform ones, 10 and 40 in-batch ones."""
    counts = [(10, 20), (10, 30), (40, 20)]
    runs = [
        swept("mixed", [0.1], 10 * place, n_in_batch=batch, n_uniform=uniform)
        for place, (batch, uniform) in enumerate(counts)
    ]
    assert numbers_of(summary_of(*runs)) == [("Mixed, more in batch", [30, 60]), ("Mixed, more uniform", [30, 40])]


def test_intervals_are_students_over_repeats() -> None:
    """Means .1 and .25 with deviations .05: over three repeats, 4.3027 * .05 / sqrt(3) = .1242 about the mean.

    Of the difference, .15, the standard error is sqrt(2 * .0025 / 3) = .04082; times 2.7764, with 4 degrees of freedom: .1133.
    """
    summary = summary_of(
        swept("random+n_negatives=10", [0.05, 0.1, 0.15]), swept("random+n_negatives=20", [0.2, 0.25, 0.3], 9)
    )
    (curve,) = dose_curves(summary)
    difference, interval = dose_difference(curve.points[1], curve.points[0])
    assert (difference, interval.low, interval.high) == pytest.approx((0.15, 0.15 - 0.1133, 0.15 + 0.1133), abs=1e-4)
    # No hit rate is below 0.
    assert texts(summary, "Hit rate at 10, %") == ["10.00 [0.00, 22.42]", "25.00 [12.58, 37.42]"]
    assert texts(summary, "Hit rate against the fewest") == ["", "+15.00 [3.67, 26.33]"]


@pytest.mark.parametrize(
    ("by_count", "finding"),
    [
        ({10: [0.1, 0.11], 20: [0.4, 0.41]}, "highest with 20, the most that was tried."),
        (
            {10: [0.1, 0.3], 20: [0.2, 0.4]},
            "highest with 20, the most that was tried, which these runs can't tell from 10.",
        ),
        (
            {10: [0.4, 0.41], 20: [0.1, 0.11]},
            "highest with 10; 20 reach less, by -30.00 [-33.04, -26.96] percent points.",
        ),
        ({10: [0.4], 20: [0.1]}, "highest with 10, which these runs can't tell from 20, the most that was tried."),
    ],
)
def test_what_a_curve_shows_is_said_with_its_doubt(by_count: dict[int, list[float]], finding: str) -> None:
    """The third: standard error sqrt(2 * .00005 / 2) = .00707, times 4.303 for 2 degrees of freedom."""
    runs = [swept(f"random+n_negatives={n}", rates, 10 * n) for n, rates in by_count.items()]
    assert negative_count_words(summary_of(*runs))[1] == f"Random: {finding}"


def test_trials_are_judged_by_validation_and_stand_apart() -> None:
    runs = [
        replace(
            run,
            kind=RunKind.TRIAL,
            metrics={"valid/all/hit_rate_at_10": run.metrics["test/all/hit_rate_at_10"], "valid/all/ndcg_at_10": 0.1},
        )
        for n in (10, 20)
        for run in swept("random", [n / 100], n, n_negatives=n)
    ]
    summary = summary_of(swept("batch", [0.1]), runs)
    assert texts(summary, "Measured in") == ["validation (trials)"] * 2
    assert texts(summary, "Hit rate at 10, %") == ["10.00", "20.00"]


def test_runs_on_another_preparation_or_without_a_second_number_make_no_table() -> None:
    other = [replace(run, dataset_hash="other") for run in swept("random", [0.1], n_negatives=5)]
    summary = summary_of(other, swept("random", [0.2], 10))
    assert negative_count_table(summary) is None
    assert negative_count_figure(summary) is None
    assert negative_count_words(summary)[0].startswith("Not enough data on Random")
