"""Evidence is shown as it was computed: better first, significant ones marked, missing numbers as a dash."""

import math
from dataclasses import replace

from nsbench.report.paper.claim import Claim
from nsbench.report.statistics.estimate import Interval, IntervalEstimate, PairedDifference, Statistics
from nsbench.report.tables.evidence import (
    claim_table,
    cost_table,
    difference_table,
    interval_table,
    published_table,
)
from nsbench.report.tables.glance import glance_table
from nsbench.report.tables.table import Rank
from tests.report.stored_run_builder import repeats, summary_of


def pair(a: str, b: str, difference: float, p: float, group: str = "all") -> PairedDifference:
    interval = Interval(difference - 0.005, difference + 0.005)
    return PairedDifference(a, b, "hit_rate", group, difference, interval, p, p, 2.0, 0.004, 0.003, "users and repeats")


def summary_with(*pairs: PairedDifference, estimates: tuple[IntervalEstimate, ...] = ()):
    summary = summary_of(repeats("a", [0.2, 0.22], 0.5), repeats("b", [0.1, 0.12], 0.6))
    return replace(summary, statistics=Statistics(estimates, pairs))


def test_the_better_method_comes_first_and_significant_differences_are_marked():
    """B is worse than a by 10 points, so the row is turned round."""
    table = difference_table(summary_with(pair("b", "a", -0.1, 0.0004)), "hit_rate", "all")
    (row,) = table.rows
    assert [cell.text for cell in row] == [
        *("a", "b", "+10.00", "[9.50, 10.50]", "–", "<0.001", "significant", "-2.00", "0.40")
    ]
    assert row[2].rank is Rank.BEST


def test_a_difference_by_chance_is_not_marked():
    table = difference_table(summary_with(pair("a", "b", 0.1, 0.2)), "hit_rate", "all")
    assert table.rows[0][2].rank is Rank.OTHER


def test_an_interval_stands_beside_its_value():
    estimate = IntervalEstimate(
        "a", "hit_rate", "all", 0.21, Interval(0.2, 0.22), 0.005, "users and repeats", n_targets=100
    )
    table = interval_table(summary_with(estimates=(estimate,)), "hit_rate")
    assert table.columns == ("Method", "Total")
    assert [[cell.text for cell in row] for row in table.rows] == [["a", "21.00 [20.00, 22.00]"], ["b", "–"]]


def test_claims_stand_with_verdict_and_evidence():
    claim = Claim("name", "Random favours the head.", "demo", "holds", "40 % against 10 %.")
    table = claim_table(replace(summary_with(), claims=(claim,)))
    assert [cell.text for cell in table.rows[0]] == ["Random favours the head.", "holds", "40 % against 10 %."]


def test_what_is_missing_has_no_table():
    summary = replace(summary_with(), claims=(), costs=())
    assert claim_table(summary) is None
    assert cost_table(summary) is None
    assert published_table(summary, "hit_rate") is None
    assert interval_table(summary, "hit_rate") is None
    assert difference_table(summary_with(pair("a", "b", math.nan, math.nan)), "hit_rate", "all") is None


def test_the_glance_names_who_leads_and_who_is_not_significantly_behind():
    """A is better in hit rate (21 against 11 %), significantly; b in balance (.6 against .5), not significantly."""
    table = glance_table([summary_with(pair("a", "b", 0.1, 0.001), pair("a", "b", -0.1, 0.3, "balance"))])
    (row,) = table.rows
    assert [cell.text for cell in row] == [
        *("demo", "a (21.00 %)", "none", "b (60.00 %)", "a", "a, b", "–", "–", "unknown", "–")
    ]
    assert (row[1].rank, row[3].rank) == (Rank.BEST, Rank.OTHER)


def test_a_single_method_has_nothing_to_glance_at():
    assert glance_table([summary_of(repeats("a", [0.2, 0.3], 0.5))]) is None
