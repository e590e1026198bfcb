"""The paper's released runs, through our own code, give the paper's table 3."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nsbench.data.origin import origin_of_source
from nsbench.report.analysis import summary_of_runs
from nsbench.report.figures.canvas.gallery import NO_FIGURES
from nsbench.report.formats.composition import compose
from nsbench.report.formats.markdown import markdown_report
from nsbench.report.paper.comparison import compare_with_paper, preparation_note
from nsbench.report.paper.published import PAPER_DATASETS, PAPER_TARGETS, paper_folder, paper_match, published_cells
from nsbench.report.paper.released_runs import (
    RELEASED_SAMPLERS,
    PrintedCell,
    derived_cells,
    printed_cells,
    published_csv,
    released_runs,
)
from nsbench.samplers import SAMPLERS
from nsbench.terms import RunKind, Tag
from tests.report.stored_run_builder import repeats, stored
from tests.tracking.run_builder import card_json, final_metrics

ORIGINAL = Path(os.environ.get("NSBENCH_PAPER", Path(__file__).parents[4] / "shared" / "paper"))
"""The folder of the released runs as they came, beside the repository where there is one."""

DIFFERENT = {("Movielens", "ANS", "ndcg", "balance"), ("Beauty", "RNS", "ndcg", "balance")}
"""Cells of table 3 that our code does not give to the last digit: 38.41 and 50.59, where ours are 38.40 and 50.58. The
published code adds 1e-7 to every cohort's value before it takes their balance."""


PAPERS_RANDOM = {Tag.PAPER_NAME: "RNS"}
"""As the runs of `random` are tagged."""


def test_table_3_is_what_the_released_runs_give():
    """18 methods on datasets with 9 cells each: 160 of 162 agree to their last printed digit."""
    n_cells, different = 0, set()
    for dataset in PAPER_DATASETS.values():
        derived = derived_cells(dataset)
        for key, printed in printed_cells(dataset).items():
            if key in derived:
                n_cells += 1
                different |= set() if printed.agrees(derived[key].mean) else {(dataset, *key)}
    assert n_cells == 162
    assert different == DIFFERENT


def test_the_cells_that_differ_do_so_by_less_than_a_hundredth():
    for dataset, *key in DIFFERENT:
        printed = printed_cells(dataset)[tuple(key)]
        assert 100 * derived_cells(dataset)[tuple(key)].mean == pytest.approx(float(printed.text), abs=0.01)


def test_a_printed_cell_asks_for_as_many_digits_as_it_has():
    assert PrintedCell("2.8").agrees(0.02796)
    assert not PrintedCell("2.80").agrees(0.02796 + 0.0001)


def test_the_derived_file_is_up_to_date():
    assert (paper_folder() / "published.csv").read_text() == published_csv()


@pytest.mark.skipif(not ORIGINAL.is_dir(), reason="the paper's folder is not beside the repository")
def test_the_committed_runs_are_the_released_ones():
    name = "published_runs.csv"
    assert (paper_folder() / name).read_bytes() == (ORIGINAL / name).read_bytes()


def test_all_released_runs_are_there():
    """10 of each method on Beauty; 20, 17, 20, 17, 10 and 20 on ML-10M; 20 of each on RetailRocket."""
    assert {name: len(released_runs(name)) for name in PAPER_DATASETS.values()} == {
        "Movielens": 104,
        "Beauty": 60,
        "RetailRocket": 120,
    }


@pytest.mark.parametrize("dataset", PAPER_DATASETS.values())
def test_released_hit_rates_are_whole_numbers_of_hits(dataset):
    for run in released_runs(dataset):
        hits = run.metrics["test/all/hit_rate_at_10"] * PAPER_TARGETS[dataset]
        assert hits == pytest.approx(round(hits), abs=0.02)


def test_popularity_is_only_printed():
    cell = published_cells("RetailRocket")["PopRec", "hit_rate", "head"]
    assert (cell.mean, cell.n) == (0.0729, 0)


def test_ours_stand_beside_theirs_with_the_difference():
    """Random on Beauty: theirs 1.444 ± 0.056 %, ours 1.5 and 1.6 %, so 1.55: .106 above and within two deviations (.112)."""
    summary = summary_of_runs("amazon-beauty", repeats("random", [0.015, 0.016], 0.5, tags=PAPERS_RANDOM))
    cells = {(cell.metric, cell.group): cell for cell in compare_with_paper(summary)}
    total = cells["hit_rate", "all"]
    assert (total.paper_name, total.published.n, total.is_within_spread) == ("RNS", 10, True)
    assert total.difference == pytest.approx(0.00106, abs=1e-5)
    assert cells["hit_rate", "head"].is_within_spread is False


def test_what_the_paper_lacks_is_not_compared_and_its_baseline_is_known_by_its_label():
    """Our cohort sampler is the paper's PCNS, of which it released and printed nothing; PopRec is printed: head 7.29 %."""
    runs = [
        *repeats("cohort", [0.015], 0.5, tags={Tag.PAPER_NAME: "PCNS"}),
        *repeats("mine", [0.015], 0.5, first_minute=9),
        replace(stored("popularity-baseline", kind=RunKind.BASELINE), label="PopRec"),
    ]
    cells = compare_with_paper(summary_of_runs("retailrocket", runs))
    assert {cell.label for cell in cells} == {"PopRec"}
    (head,) = [cell for cell in cells if (cell.metric, cell.group) == ("hit_rate", "head")]
    assert head.published.mean == 0.0729


@pytest.mark.parametrize("released", RELEASED_SAMPLERS)
def test_a_released_method_is_the_sampler_that_says_so(released):
    assert SAMPLERS[RELEASED_SAMPLERS[released]].paper_name == released


def test_a_log_that_is_none_of_the_papers_is_not_compared():
    assert paper_match("ml_1m_pos4", None) is None
    assert summary_of_runs("demo", repeats("random", [0.015, 0.016], 0.5)).published == ()


@pytest.mark.parametrize(
    ("name", "source", "dataset", "reason"),
    [
        ("mine", "ratings_Beauty.csv", "Beauty", "because it was made from `ratings_Beauty.csv`"),
        ("retailrocket", "ratings_Beauty.csv", "Beauty", "because it was made from `ratings_Beauty.csv`"),
        ("ml-10m", "ratings.dat", "Movielens", "because it was made from `ratings.dat`"),
        ("amazon_beauty", "interactions.csv.gz", "Beauty", "by its name alone: it was made from `interactions.csv.gz`"),
        ("RetailRocket", None, "RetailRocket", "by its name alone: its runs did not record what it was made from"),
    ],
)
def test_the_source_says_which_log_of_the_papers_it_is_and_without_one_the_name(name, source, dataset, reason):
    match = paper_match(name, source and origin_of_source(source))
    assert match is not None
    assert match.dataset == dataset
    assert reason in match.reason


GENERATED = "synthetic like demo: 9 users, 500 items, 80 interactions, skew 1, seed 0"


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("ml-1m", "ratings.dat"),
        ("shop", "events.csv"),
        ("retailrocket", GENERATED),
    ],
)
def test_a_file_that_several_logs_have_and_a_generated_log_are_not_the_papers(name, source):
    assert paper_match(name, source and origin_of_source(source)) is None


def test_the_report_says_why_the_papers_numbers_stand_there():
    runs = [
        stored(
            "random",
            seed,
            tags=PAPERS_RANDOM,
            card=card_json("mine", source="ratings_Beauty.csv"),
            minute=seed,
        )
        for seed in range(2)
    ]
    summary = summary_of_runs("mine", runs)
    text = markdown_report(compose([summary], NO_FIGURES, "here", datetime(2026, 1, 1, tzinfo=UTC)), None)
    assert "Matched with the paper's Beauty because it was made from `ratings_Beauty.csv`." in text
    assert summary.published


def test_another_number_of_test_interactions_is_said():
    metrics = {**final_metrics(0.2, 0.2, 0.2, 0.2, 1), "test/all/n_targets": 500}
    note = preparation_note(summary_of_runs("retailrocket", [stored("random", metrics=metrics)]))
    assert note is not None
    assert "tested on 443 interactions of RetailRocket, these on 500" in note


def test_the_claims_can_be_judged_on_the_papers_own_runs():
    """Table 3 prints an NDCG of 3.02 for batch and 2.36 for adaptive-mixed on RetailRocket, so it is not the best there; and
    mid hit rates of popularity below random's on ML-10M (.59 and .64) and Beauty (1.28 and 1.49), so the second claim is
    mixed.
    """
    verdicts = {
        theirs: {claim.name: claim.verdict for claim in summary_of_runs(theirs, released_runs(theirs)).claims}
        for theirs in PAPER_DATASETS.values()
    }
    best = {dataset: found["adaptive-mixed-is-best"] for dataset, found in verdicts.items()}
    assert best == {"Movielens": "holds", "Beauty": "holds", "RetailRocket": "fails"}
    assert {found["popularity-raises-mid-and-tail"] for found in verdicts.values()} == {"undecided"}
    head = {dataset: found["random-favours-head"] for dataset, found in verdicts.items()}
    assert (head["Movielens"], head["Beauty"]) == ("holds", "holds")
