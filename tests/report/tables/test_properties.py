"""Tables 1 and 2 are made from tags and cards."""

from nsbench.report.tables.properties import cards_without_popularity, popularity_table, sampler_table, size_table
from nsbench.terms import RunKind, Tag
from tests.report.stored_run_builder import of_method, stored, summary_of
from tests.report.test_figure import POPULARITY
from tests.tracking.run_builder import card_json


def texts(table) -> list[list[str]]:
    return [[cell.text for cell in row] for row in table.rows]


def test_properties_come_from_the_runs_tags():
    mixed = stored("Mixed", tags={Tag.TRAITS: "global,in-batch", Tag.PAPER_NAME: "MNS"})
    baseline = stored("PopRec", kind=RunKind.BASELINE)
    table = sampler_table([summary_of([baseline], [mixed]), summary_of([mixed])])
    assert table.columns[2:] == ("In-batch", "Global", "Model-based")
    assert texts(table) == [["PopRec", "–", "", "", ""], ["Mixed", "MNS", "✓", "✓", ""]]


def test_a_sampler_stands_once_whatever_losses_it_was_trained_with():
    """Only with the paper's loss does it have the paper's name."""
    tags = {Tag.TRAITS: "global,in-batch"}
    softmax = of_method([stored(tags=tags)], "mixed+softmax", "softmax")
    plain = of_method([stored(tags={**tags, Tag.PAPER_NAME: "MNS"}, minute=1)], "mixed")
    assert texts(sampler_table([summary_of(softmax, plain)])) == [["Mixed", "MNS", "✓", "✓", ""]]


def test_shares_of_items_and_users_come_from_the_card():
    summary = summary_of([stored(card=card_json(popularity=POPULARITY.model_dump()))])
    table = popularity_table([summary])
    assert texts(table) == [["demo", "20.00", "40", "40.00", "20", "40.00", "15", "0.00"]]
    assert cards_without_popularity([summary]) == []


def test_a_card_without_popularity_is_said_to_lack_it():
    summary = summary_of([stored(card=card_json())])
    assert popularity_table([summary]) is None
    assert "demo: its runs were recorded without the cohorts' sizes" in cards_without_popularity([summary])[0]
    assert texts(size_table([summary]))[0] == ["demo", "7", "7", "7", "7", "7", "7", "7", "7", "0.0"]


def test_without_methods_or_cards_there_are_no_tables():
    nothing = summary_of([])
    assert sampler_table([nothing]) is None
    assert size_table([nothing]) is None
    assert cards_without_popularity([nothing]) == []
