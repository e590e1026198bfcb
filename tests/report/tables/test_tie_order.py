"""The table of what the order of equal times moves."""

import math
from dataclasses import replace

import pytest

from nsbench.report.analysis import summary_of_runs
from nsbench.report.answer.answer import answer
from nsbench.report.formats.description import description
from nsbench.report.summary import DatasetSummary
from nsbench.report.tables.tie_order import OrderSpread, tie_order_tables
from tests.report.stored_run_builder import repeats, stored, summary_of
from tests.tracking.run_builder import card_json


def prepared(name: str, hit_rates: list[float], fingerprint: str = "settings", **options: object) -> DatasetSummary:
    """A dataset of the same log as all others here, with one method."""
    card = card_json(name, content_hash=name, source="log.csv", options={"duplicates": "keep", **options})
    runs = [
        replace(run, dataset=name, dataset_hash=name, dataset_card=card, fingerprint=fingerprint)
        for run in repeats("mixed", hit_rates, 0.5)
    ]
    return summary_of_runs(name, runs)


def test_orders_of_one_log_stand_in_one_table() -> None:
    """Means 10 and 30 %: they deviate by 14.142 points. Within an order seeds deviate by 2.828 points (8, 12 %; 28, 32 %), so
    that they give a mean 2: the root of 200 - 4 is left.
    """
    summaries = [
        prepared("one", [0.08, 0.12], ties="random", tie_seed=1),
        prepared("two", [0.28, 0.32], ties="random", tie_seed=2),
        prepared("other", [0.5, 0.6], min_user_interactions=5),
    ]
    (table,) = tie_order_tables(summaries)
    assert table.title.endswith("on one, two")
    assert table.texts.iloc[0].tolist() == [
        *("mixed", "HR", "2", "4", "20.00", "10.00", "30.00"),
        *("14.142", "2.828", "14.000"),
    ]
    (spread,) = [OrderSpread(tuple(s.methods[0].accuracy("hit_rate") for s in summaries[:2]))]
    assert spread.of_orders_alone == pytest.approx(0.14)


def test_a_training_for_each_order_does_not_tell_seeds_from_orders() -> None:
    (table,) = tie_order_tables([prepared("one", [0.1]), prepared("two", [0.3], ties="random", tie_seed=2)])
    assert table.texts.iloc[0].tolist()[-3:] == ["14.142", "–", "–"]
    assert math.isnan(table.frame["SD between seeds"][0])


def test_other_settings_and_one_order_alone_give_no_table() -> None:
    one = prepared("one", [0.1])
    assert tie_order_tables([one]) == []
    assert tie_order_tables([one, prepared("two", [0.3], "others", ties="random")]) == []


def described(**card: object) -> tuple[str, list[str]]:
    summary = summary_of([stored("a", card=card_json(**card)), stored("b", minute=1, card=card_json(**card))])
    return description(summary), answer(summary)


LEAK = {"after_first_test_share": 0.9, "after_median_test_share": 0.25, "n_users_out_of_order": 2}


def test_a_split_that_leaks_time_is_named_in_the_description_and_the_answer() -> None:
    about, sentences = described(options={"split": "leave-one-out"}, time_leak=LEAK)
    assert "Leave-one-out: each user's last interaction is test" in about
    leaks = (
        "90.0% of the training interactions are later than the first test interaction, 25.0% later than half of them"
    )
    assert leaks in about
    assert "2 of 7 users have an interaction of a later part before one of an earlier part" in about
    assert any("leave-one-out" in sentence and leaks in sentence for sentence in sentences)


def test_a_split_in_time_is_not() -> None:
    about, sentences = described()
    assert "leak" not in about + " ".join(sentences)


def test_tied_test_interactions_are_described() -> None:
    about, _ = described(n_tied_test=3, options={"ties": "random", "tie_seed": 4})
    assert "3 of 7 test interactions (42.9%) have the time of a neighbour" in about
    assert "drawn at random, seed 4" in about
    assert "neighbour" not in described()[0]
