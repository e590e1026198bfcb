"""The ladders of a dataset from made-up runs: rung by rung, with ranks, claims, probes and what is said of them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from nsbench.report.answer.answer import answer
from nsbench.report.figures.canvas.drawing import draw_gallery
from nsbench.report.figures.ladder import ladder_figure
from nsbench.report.formats.composition import compose
from nsbench.report.ladder.climb import Ladder, read_ladders
from nsbench.report.ladder.probe import probed_methods
from nsbench.report.ladder.table import ladder_claim_table, ladder_frame, probe_table, rung_table
from nsbench.report.ladder.words import ladder_words
from nsbench.terms import CUT_OFF, RunKind, Tag
from nsbench.tracking.stored_run import StoredRun
from tests.report.stored_run_builder import stored, summary_of
from tests.tracking.run_builder import final_metrics


def runs_of(rung: str, sampler: str, rates: list[float], minute: int = 0, **tags: str) -> list[StoredRun]:
    """One per seed, with head, mid and tail hit rates of twice, once and half of it."""
    own = {Tag.RUNG.value: rung, Tag.LADDER.value: "max_epochs=9", **tags}
    return [
        stored(
            sampler,
            seed,
            {**final_metrics(rate, 2 * rate, rate, rate / 2, 0.5), CUT_OFF: 1.0},
            minute=minute,
            kind=RunKind.ABLATION,
            fingerprint=rung,
            tags=own,
            params={"max_epochs": "9", "replay_factor": "30"},
            card='{"options": {"split_by": "timestamp"}}',
        )
        for seed, rate in enumerate(rates)
    ]


RUNS = [
    *runs_of("published", "random", [0.10, 0.11, 0.12]),
    *runs_of("published", "adaptive-mixed", [0.20, 0.21, 0.22]),
    *runs_of("padding", "random", [0.10, 0.11, 0.12], 1),
    *runs_of("padding", "adaptive-mixed", [0.11, 0.09, 0.14], 1),
    *runs_of("selected", "random", [0.10, 0.11, 0.12], 2, **{Tag.EVALUATED.value: "random-0-1"}),
    *runs_of("selected", "adaptive-mixed", [0.05, 0.06, 0.07], 2),
    *runs_of("pool", "mixed", [0.10, 0.10, 0.10], 3, **{Tag.PROBED.value: "adaptive-mixed"}),
    *runs_of("lighter-pool", "mixed", [0.12, 0.11, 0.13], 4, **{Tag.PROBED.value: "adaptive-mixed"}),
]


@pytest.fixture
def ladder() -> Ladder:
    (found,) = read_ladders("demo", RUNS, None)
    return found


def test_rungs_stand_in_the_ladders_order_whatever_was_run_first() -> None:
    (found,) = read_ladders("demo", RUNS[::-1], None)
    assert [rung.rung.name for rung in found.rungs] == ["published", "padding", "selected"]


def test_ranks_are_taken_seed_by_seed(ladder: Ladder) -> None:
    """At the second rung seed 1 has random first: random's ranks are 2, 1 and 2."""
    padding = ladder.rungs[1]
    assert padding.places["random"].values == (2, 1, 2)
    assert padding.places["adaptive-mixed"].values == (1, 2, 1)


def test_there_are_no_ranks_at_a_rung_that_a_method_of_the_ladder_lacks() -> None:
    """Random alone at the second rung would be first."""
    runs = [*runs_of("published", "random", [0.1]), *runs_of("published", "mixed", [0.2])]
    (found,) = read_ladders("demo", [*runs, *runs_of("padding", "random", [0.1], 1)], None)
    assert [rung.places["random"].values for rung in found.rungs] == [(2,), ()]


def test_equal_rates_share_a_rank_and_a_seed_that_one_lacks_has_none() -> None:
    (found,) = read_ladders(
        "demo", [*runs_of("published", "random", [0.1, 0.3]), *runs_of("published", "batch", [0.1])], None
    )
    assert found.rungs[0].places["random"].values == (1.5,)


def test_of_a_seed_that_ran_twice_the_later_run_counts() -> None:
    (found,) = read_ladders(
        "demo", [*runs_of("published", "random", [0.1]), *runs_of("published", "random", [0.2], 5)], None
    )
    assert found.rungs[0].methods[0].accuracy("hit_rate").values == (0.2,)


def test_runs_on_another_preparation_are_left_out() -> None:
    older = [replace(run, dataset_hash="other") for run in runs_of("fresh", "random", [0.1])]
    later = runs_of("published", "random", [0.1], 5)
    (found,) = read_ladders("demo", [*older, *later], None)
    assert [rung.rung.name for rung in found.rungs] == ["published"]


def test_claims_are_judged_at_each_rung_though_all_runs_were_cut_off(ladder: Ladder) -> None:
    """Adaptive mixed is .1 better, with seeds .01 apart; then both are alike; then it is .05 worse."""
    table = ladder_claim_table("demo", ladder)
    assert table is not None
    rows = {row["Claim"]: row for _, row in table.texts.iterrows()}
    best = rows["Adaptive sampling over mixed negatives is the most accurate in total."]
    assert best["Along the ladder"] == ("holds: published code; undecided: padding masked; fails: mean over selected")
    assert (best["First rung"], best["Last rung"]) == ("holds", "fails")


def test_a_ladder_is_no_repeat() -> None:
    """Nothing else of the report counts its runs."""
    summary = summary_of(RUNS)
    assert summary.methods == ()
    assert summary.counts == ()
    assert len(summary.ladders) == 1


def test_the_table_says_which_models_were_trained(ladder: Ladder) -> None:
    texts = rung_table("demo", ladder).texts
    assert list(texts["Model"]) == ["trained"] * 4 + ["of the rung below", "trained"]
    assert texts["Rank by hit rate"][2] == "1.7 ±0.6"
    assert rung_table("demo", ladder).title == "From the published protocol to a sound one on demo, max_epochs=9, %"


def test_the_frame_holds_plain_numbers(ladder: Ladder) -> None:
    row = ladder_frame(ladder).loc[("padding", "random")]
    assert (row["n_runs"], row["is_trained"]) == (3, True)
    assert row["hit_rate_at_10"] == pytest.approx(0.11)
    assert row["hit_rate_at_10_sd"] == pytest.approx(0.01)
    assert row["rank"] == pytest.approx(5 / 3)


def test_a_probe_tells_hardness_from_a_lower_weight(ladder: Ladder) -> None:
    """Against .10 of the whole pool: lower weight +.02, +.01, +.03; hardness -.05, -.04, -.03; both +.01, -.01, +.04."""
    (probed,) = probed_methods(ladder)
    assert [(cell.what, cell.weight) for cell in probed.cells] == [
        ("all N", "1"), ("all N", "K/N"), ("the K hardest", "1"), ("the K hardest", "K/N"),
    ]  # fmt: skip
    assert {one.what: pytest.approx(one.difference) for one in probed.contrasts} == {
        "lower weight alone": 0.02,
        "hardness alone": -0.04,
        "both, as published": 0.04 / 3,
    }
    table = probe_table("demo", ladder)
    assert table is not None
    # Deviation .01, standard error .01 / sqrt(3), times 4.303.
    assert "lower weight alone +2.00 [-0.48, 4.48]" in table.note


def test_it_is_said_what_speaks_against_the_paper() -> None:
    words = ladder_words(summary_of(RUNS))
    assert words[-1] == (
        "The ladder with max_epochs=9: 9 epochs, 15 trainings, 15 of them cut off before they stopped getting better. "
        "Batches are replayed after 30 epochs, so that fresh negatives change nothing here. demo was cut by timestamp and the "
        "published code cuts by rows: the first rung begins where the paper does only on a log that was prepared with "
        "--split-by rows."
    )
    assert ladder_words(summary_of([stored()])) == ()


def test_failed_runs_are_counted_until_they_are_made(ladder: Ladder) -> None:
    failed = [
        replace(run, status="FAILED", run_id=f"failed {run.run_id}")
        for run in (RUNS[0], *runs_of("ties", "random", [0.1]))
    ]
    (found,) = read_ladders("demo", [*RUNS, *failed], None)
    assert found.n_failed == 1


@pytest.mark.parametrize("narrow", [False, True])
def test_the_figure_has_three_panels_with_a_line_per_method(ladder: Ladder, narrow: bool) -> None:
    figure = ladder_figure(ladder, {}, narrow=narrow)
    assert figure is not None
    assert len(figure.axes) == 3
    assert [text.get_text() for text in figure.axes[2].get_xticklabels()] == [
        "published code", "padding masked", "mean over selected",
    ]  # fmt: skip
    assert figure.axes[0].get_title(loc="left") == "9 epochs"
    assert {line.get_label() for line in figure.axes[0].lines} >= {"random", "adaptive-mixed"}


def test_one_rung_is_no_figure() -> None:
    (found,) = read_ladders("demo", runs_of("published", "random", [0.1]), None)
    assert ladder_figure(found, {}) is None


def test_a_report_of_nothing_but_a_ladder_points_at_it_and_judges_its_claims_there_alone() -> None:
    """Six, six and three: runs of random only rank a model again at the third rung, and those of probes lie beside the rungs."""
    summary = summary_of(RUNS)
    (told,) = answer(summary)
    assert '"From the published protocol to a sound one" shows 15 trainings of `nsbench ablate`' in told
    document = compose([summary], draw_gallery([summary], {}, folder=None), "sqlite:///here.db", datetime.now(UTC))
    (section,) = (section for section in document.sections if section.title == "demo")
    titles = [part.title for part in section.sections]
    assert "From the published protocol to a sound one" in titles
    assert "The paper's claims" not in titles
