"""What the tables' cells say."""

import pytest

from nsbench.report.table import (
    Standing,
    balance_of_means,
    balance_table,
    bookkeeping_tables,
    cohort_table,
    result_tables,
)
from tests.report.stored_run_builder import repeats, stored, summary_of
from tests.tracking.run_builder import final_metrics


def column(table, name):
    return [(row[table.columns.index(name)].text, row[table.columns.index(name)].standing) for row in table.rows]


def test_the_best_and_second_best_of_a_column_are_marked():
    """Hit rates of 20, 30 and 10 %; with two equal repeats the deviation is 0."""
    summary = summary_of(repeats("a", [0.2, 0.2], 0.5), repeats("b", [0.3, 0.3], 0.4), repeats("c", [0.1, 0.1], 0.6))
    table = cohort_table(summary, "hit_rate")
    assert column(table, "Total") == [
        ("20.00 ±0.00", Standing.SECOND),
        ("30.00 ±0.00", Standing.BEST),
        ("10.00 ±0.00", Standing.OTHER),
    ]
    assert [text for text, _ in column(table, "Tail")] == ["10.00 ±0.00", "15.00 ±0.00", "5.00 ±0.00"]
    assert [standing for _, standing in column(table, "Balance")] == [Standing.SECOND, Standing.OTHER, Standing.BEST]
    assert "Cold" not in table.columns


def test_ndcg_has_its_own_table():
    """The made-up NDCG is half of the hit rate: 10 %."""
    table = cohort_table(summary_of(repeats("a", [0.2, 0.2], 0.5)), "ndcg")
    assert column(table, "Total") == [("10.00 ±0.00", Standing.OTHER)]


def test_an_undefined_metric_is_a_dash():
    summary = summary_of([stored("a", metrics={"test/all/hit_rate_at_10": 0.0})])
    assert column(cohort_table(summary, "hit_rate"), "Balance") == [("–", Standing.OTHER)]


def test_balance_of_means_differs_from_the_mean_of_balances():
    """One run hits head only, the other mid only and tail only: each is as unbalanced as can be, .3333; on average
    head .3, mid .3, tail .3 are perfectly balanced.
    """
    runs = [
        stored("a", 0, final_metrics(0.1, 0.9, 0, 0, 1 / 3)),
        stored("a", 1, final_metrics(0.1, 0, 0.9, 0, 1 / 3)),
        stored("a", 2, final_metrics(0.1, 0, 0, 0.9, 1 / 3)),
    ]
    summary = summary_of(runs)
    assert balance_of_means(summary.methods[0], "hit_rate") == pytest.approx(1)
    table = balance_table(summary)
    assert column(table, "Hit rate")[0][0] == "33.33 ±0.00"
    assert column(table, "Hit rate, of means")[0][0] == "100.00"


def test_left_out_runs_have_a_table_only_where_there_are_some():
    assert len(bookkeeping_tables(summary_of([stored()]))) == 1
    counts, left_out = bookkeeping_tables(summary_of([stored(), stored(minute=1)]))
    assert [cell.text for cell in counts.rows[0]] == ["mixed", "repeat", "", "2", "0", "0", "0", "0", "1"]
    assert [cell.text for cell in left_out.rows[0]] == ["mixed", "1", "a seed that ran again later"]


def test_without_methods_there_are_no_results():
    assert result_tables(summary_of([stored(status="RUNNING")])) == []
    assert len(result_tables(summary_of([stored()]))) == 3
