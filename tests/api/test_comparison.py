"""A comparison says what the report says, in DataFrames."""

import json
from pathlib import Path

import pytest
from matplotlib.figure import Figure

import nsbench
from tests.api.conftest import Ran
from tests.cli.in_process import nsbench as command


@pytest.fixture(scope="module")
def comparison(ran: Ran) -> nsbench.Comparison:
    return nsbench.compare(["shop"], home=ran.home)


def test_the_answer_is_the_report_s(comparison: nsbench.Comparison, ran: Ran, tmp_path: Path) -> None:
    shown = command(ran.home, "report", "--dataset", "shop", "--output", str(tmp_path), "--format", "csv", "--json")
    sentences = json.loads(shown.out)["datasets"][0]["answer"]
    assert (comparison.answer, list(comparison.answers["shop"])) == (sentences[0], sentences)


def test_the_table_has_the_mean_and_the_deviation_of_the_runs(comparison: nsbench.Comparison, ran: Ran) -> None:
    """Of two runs a and b: mean (a + b) / 2, standard deviation |a - b| / sqrt(2)."""
    runs = nsbench.results("shop", kind="repeat", home=ran.home)
    for label in ("Random", "Mixed"):
        a, b = runs.loc[runs.label == label, "test/tail/hit_rate_at_10"]
        row = comparison.table.loc[("shop", label)]
        assert row["n_runs"] == 2
        assert row["tail_hit_rate_at_10"] == pytest.approx((a + b) / 2)
        a, b = runs.loc[runs.label == label, "test/all/hit_rate_at_10"]
        assert row["hit_rate_at_10_sd"] == pytest.approx(abs(a - b) / 2**0.5)
    assert len(comparison.table) == 5


def test_the_other_tables_are_those_of_the_report(comparison: nsbench.Comparison) -> None:
    assert len(comparison.methods) == 5
    assert len(comparison.runs) == 3 + 4
    assert "Hit rate at 10 on shop, %" in comparison.tables


def test_figures_are_matplotlib_s(comparison: nsbench.Comparison) -> None:
    assert "cohorts" in comparison.figures
    figure = comparison.figure("cohorts")
    assert isinstance(figure, Figure)
    assert figure._repr_png_().startswith(b"\x89PNG"), "a notebook shows it without pyplot"
    with pytest.raises(nsbench.SettingsError, match=r"no figure 'cohort' \(did you mean 'cohorts'\?\)"):
        comparison.figure("cohort")
    with pytest.raises(nsbench.SettingsError, match="compared are shop"):
        comparison.figure("cohorts", dataset="shpo")


def test_the_report_is_written_where_it_is_asked_for(comparison: nsbench.Comparison, tmp_path: Path) -> None:
    page = comparison.report(tmp_path / "out")
    assert page == tmp_path / "out" / "report.html"
    assert "Markov chain" in page.read_text()


def test_a_notebook_shows_answer_and_tables(comparison: nsbench.Comparison) -> None:
    shown = comparison._repr_html_()
    assert shown.count("<table") == 2
    assert "Not trained out" in shown
    assert comparison.answer in str(comparison)


def test_only_given_runs_are_compared(ran: Ran) -> None:
    """What is done is not made again: the call gives the two runs of the example, and no baseline is considered."""
    mixed = nsbench.repeat(
        "mixed", "shop", defaults=True, repeats=2, epochs=20, workers=1, home=ran.home, progress=False
    )
    assert list(mixed.table.seed) == [0, 1]
    assert "<table" in mixed._repr_html_()
    assert list(nsbench.compare(mixed).table.index) == [("shop", "Mixed")]
    assert len(nsbench.compare([mixed, "shop"], home=ran.home).table) == 5


def test_nothing_to_compare_is_an_error(ran: Ran, tmp_path: Path) -> None:
    with pytest.raises(nsbench.SettingsError, match="nothing is given"):
        nsbench.compare([])
    with pytest.raises(nsbench.TrackingError, match="no runs of a dataset 'shpo'"):
        nsbench.compare("shpo", home=ran.home)
    with pytest.raises(nsbench.TrackingError, match="nothing is recorded yet"):
        nsbench.compare("shop", home=tmp_path)
