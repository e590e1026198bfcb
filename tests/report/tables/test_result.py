"""What the cells of the result tables say."""

import pytest

from nsbench.report.tables.result import (
    balance_of_means,
    balance_table,
    cohort_table,
    other_metric_tables,
    result_tables,
)
from nsbench.report.tables.table import Rank
from tests.report.stored_run_builder import repeats, stored, summary_of
from tests.tracking.run_builder import card_json, final_metrics


def column(table, name):
    return [(row[table.columns.index(name)].text, row[table.columns.index(name)].rank) for row in table.rows]


def test_the_best_and_second_best_of_a_column_are_marked():
    """Hit rates of 20, 30 and 10 %; with two equal repeats the deviation is 0."""
    summary = summary_of(repeats("a", [0.2, 0.2], 0.5), repeats("b", [0.3, 0.3], 0.4), repeats("c", [0.1, 0.1], 0.6))
    table = cohort_table(summary, "hit_rate")
    assert column(table, "Total") == [
        ("20.00 ±0.00", Rank.SECOND),
        ("30.00 ±0.00", Rank.BEST),
        ("10.00 ±0.00", Rank.OTHER),
    ]
    assert [text for text, _ in column(table, "Tail")] == ["10.00 ±0.00", "15.00 ±0.00", "5.00 ±0.00"]
    assert [rank for _, rank in column(table, "Balance")] == [Rank.SECOND, Rank.OTHER, Rank.BEST]
    assert "Cold" not in table.columns


def reachable_card(**hit_rates):
    return card_json(best_reachable={"k": 10, "hit_rate": hit_rates})


def test_where_a_mean_exceeds_the_best_reachable_the_table_says_how_that_can_be():
    """Reachable are 30 % in total and 40, 30 and 10 % by cohort; the builder's head is twice, its tail half of the total."""
    card = reachable_card(all=0.3, head=0.4, mid=0.3, tail=0.1)

    def named(label, head, tail):
        return [stored(label, seed, final_metrics(0.2, head, 0.2, tail, 0.5), card=card) for seed in range(2)]

    summary = summary_of(named("a", 0.41, 0.1), named("b", 0.4, 0.11), named("c", 0.5, 0.05), named("d", 0.4, 0.1))
    assert cohort_table(summary, "hit_rate").note == (
        "a and c exceed the best reachable in head, b in tail: that is the best in total; in one cohort a model can exceed it "
        "at the cost of another."
    )
    assert cohort_table(summary, "ndcg").note == ""
    assert "exceed" not in "".join(table.note for table in result_tables(summary)[1:])


def test_where_no_mean_exceeds_the_best_reachable_the_table_has_no_note():
    """A mean of 40.0004 % is shown as 40.00, as the best reachable is."""
    card = reachable_card(all=0.3, head=0.4, mid=0.3, tail=0.1)
    equal = summary_of([stored("a", metrics=final_metrics(0.3, 0.400004, 0.3, 0.1, 0.5), card=card)])
    assert cohort_table(equal, "hit_rate").rows[-1][0].text == "Best reachable"
    assert cohort_table(equal, "hit_rate").note == ""
    assert cohort_table(summary_of(repeats("a", [0.2, 0.2], 0.5)), "hit_rate").note == ""


def test_what_exceeds_the_best_reachable_in_total_does_so_by_chance():
    card = reachable_card(all=0.3, head=0.9, mid=0.9, tail=0.9)
    summary = summary_of(
        *([stored(name, metrics=final_metrics(0.31, 0.4, 0.3, 0.2, 0.5), card=card)] for name in "abcde")
    )
    note = cohort_table(summary, "hit_rate").note
    assert note.startswith("5 methods exceed the best reachable in total: ")
    assert "chance" in note
    assert "cohort" not in note


def test_ndcg_has_its_own_table():
    """The made-up NDCG is half of the hit rate: 10 %."""
    table = cohort_table(summary_of(repeats("a", [0.2, 0.2], 0.5)), "ndcg")
    assert column(table, "Total") == [("10.00 ±0.00", Rank.OTHER)]


def test_an_undefined_metric_is_a_dash():
    summary = summary_of([stored("a", metrics={"test/all/hit_rate_at_10": 0.0})])
    assert column(cohort_table(summary, "hit_rate"), "Balance") == [("–", Rank.OTHER)]


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


def test_without_methods_there_are_no_results():
    assert result_tables(summary_of([stored(status="RUNNING")])) == []
    assert len(result_tables(summary_of([stored()]))) == 3


def test_metrics_that_methods_are_not_judged_by_have_a_table_of_their_own():
    """Reciprocal ranks of .3 in total, and of .4, .2 and .1 in head, mid and tail: balance 1 - 2 * .3 / (3 * .7) = .7143."""
    names = ("test/all/mrr_at_10", *(f"test/{group}/mrr_at_10" for group in ("head", "mid", "tail")))
    recorded = dict(zip((*names, "test/balance_mrr_at_10"), (0.3, 0.4, 0.2, 0.1, 0.7143), strict=True))
    newer = [stored("new", metrics={**final_metrics(0.2, 0.4, 0.2, 0.1, 0.5), **recorded})]
    (table,) = other_metric_tables(summary_of(newer, [stored("old")]))
    assert table.title == "MRR at 10 on demo, %"
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["new", "1", "30.00", "40.00", "20.00", "10.00", "71.43"],
        ["old", "1", "–", "–", "–", "–", "–"],
    ]


def test_runs_of_older_versions_alone_have_no_such_table():
    assert other_metric_tables(summary_of([stored("old")])) == []
