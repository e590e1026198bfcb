"""Popularity exponents by loss: which repeats stand in one table."""

from nsbench.report.figures.sweep.popularity_exponent import exponent_figure
from nsbench.report.sweep.popularity_exponent import exponent_families
from nsbench.report.tables.popularity_exponent import exponent_tables, exponent_words
from tests.report.stored_run_builder import summary_of
from tests.report.sweep.swept_runs import swept


def test_losses_and_exponents_stand_in_one_table_where_all_else_is_alike() -> None:
    """Head, mid and tail have twice, once and half of the total; a seed alone has no interval."""
    summary = summary_of(
        swept("popularity+gamma=1+softmax+log_q=classic", [0.2]),
        swept("popularity+gamma=0.5+softmax+log_q=classic", [0.1], 10),
        swept("popularity+gamma=0.5+softmax+log_q=none", [0.12], 20),
        swept("popularity", [0.16], 30),
        swept("inverse-popularity", [0.04], 40),
    )
    (table,) = exponent_tables(summary)
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["softmax, log_q classic", "0.5", "1", "10.00", "20.00", "10.00", "5.00"],
        ["softmax, log_q classic", "1", "1", "20.00", "40.00", "20.00", "10.00"],
        ["softmax, log_q none", "0.5", "1", "12.00", "24.00", "12.00", "6.00"],
        ["BCE", "-1", "1", "4.00", "8.00", "4.00", "2.00"],
        ["BCE", "1", "1", "16.00", "32.00", "16.00", "8.00"],
    ]
    assert table.columns[3:] == ("Total", "Head", "Mid", "Tail")
    assert exponent_figure(summary) is not None


def test_temperatures_that_names_fix_are_told_apart() -> None:
    fixed = "popularity+softmax+temperature={}+log_q=none"
    summary = summary_of(swept(fixed.format(0.5), [0.1]), swept(fixed.format(2), [0.2], 10))
    (family,) = exponent_families(summary)
    assert [curve.loss for curve in family.curves] == [
        "softmax, temperature 0.5, log_q none",
        "softmax, temperature 2.0, log_q none",
    ]


def test_repeats_that_differ_in_more_are_not_compared_and_the_command_is_named() -> None:
    summary = summary_of(
        swept("popularity+gamma=1", [0.2]), swept("popularity+gamma=0.5", [0.1], 10, learning_rate=0.02)
    )
    assert exponent_tables(summary) == []
    assert exponent_figure(summary) is None
    (words,) = exponent_words(summary)
    assert words.startswith("Not enough data: no two repeats by popularity differ in exponent and loss alone.")
    assert "--sweep gamma=0,0.5,1 --sweep log_q=none,classic,corrected" in words


def test_where_nothing_was_drawn_by_popularity_nothing_is_said() -> None:
    assert exponent_words(summary_of(swept("random", [0.1]))) == ()
