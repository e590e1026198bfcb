"""Runs that were cut off are said first, marked where they stand, and decide nothing."""

import csv
import io
import json
from dataclasses import replace

import pytest

from nsbench.report.answer.answer import answer
from nsbench.report.answer.cut_off import cut_off_text
from nsbench.report.formats.export import methods_csv, report_json, runs_csv
from nsbench.report.formats.terminal import LEGEND, terminal_report
from nsbench.report.tables.evidence import cost_table, difference_table
from nsbench.report.tables.glance import glance_table
from nsbench.report.tables.overview import overview_table
from nsbench.report.tables.result import cohort_table
from nsbench.report.tables.table import Rank
from nsbench.terms import RunKind
from tests.report.stored_run_builder import repeats, stored, summary_of
from tests.tracking.run_builder import final_metrics


def ended(runs, flags, epochs=20, **params):
    """The runs with what they recorded of their end; None: nothing."""
    return [
        replace(
            run,
            params={**run.params, **params},
            metrics={**run.metrics, **({} if flag is None else {"train/cut_off": flag, "cost/n_epochs": epochs})},
        )
        for run, flag in zip(runs, flags, strict=True)
    ]


def good(flags, **more):
    return ended(repeats("good", [0.29, 0.30, 0.31], 0.5), flags, **more)


def bad(flags, **more):
    return ended(repeats("bad", [0.09, 0.10, 0.11], 0.4, first_minute=9), flags, **more)


POPREC = [stored("PopRec", metrics=final_metrics(0.05, 0.3, 0, 0, 1 / 3), kind=RunKind.BASELINE, minute=20)]


def column(table, name):
    return [row[table.columns.index(name)].text for row in table.rows]


def test_cut_off_runs_are_the_first_thing_that_is_said():
    sentences = answer(summary_of(POPREC, good([1, 1, 0]), bad([0, 1, 0])))
    assert sentences[0] == (
        "Not trained out: 2 of 3 runs of good and 1 of 3 runs of bad were cut off at epoch 20, while they might still have got "
        "better; the same `nsbench repeat` with `--epochs 60` (in a profile: `epochs` in its part `repeat`) resumes them. "
        "What follows may change."
    )


def test_a_single_cut_off_run_is_one():
    sentences = answer(summary_of(good([0, 0, 1]), bad([0, 0, 0])))
    assert sentences[0].startswith("Not trained out: 1 of 3 runs of good was cut off at epoch 20, while it might still")
    assert "resumes it." in sentences[0]


def test_the_most_epochs_decide_on_the_advice():
    sentences = answer(summary_of(good([1, 1, 1], epochs=8), bad([1, 0, 0], epochs=30)))
    assert "were cut off at epochs 8 to 30" in sentences[0]
    assert "`--epochs 90`" in sentences[0]


def test_fewer_epochs_than_patience_needs_are_not_proposed():
    sentences = answer(summary_of(good([1, 1, 1], epochs=8, validate_every="85"), bad([0, 0, 0])))
    assert "`--epochs 1360`" in sentences[0]


def test_runs_that_never_stop_early_need_patience_to_go_on():
    sentences = answer(summary_of(good([1, 1, 1], patience="0"), bad([0, 0, 0])))
    assert "with `--set patience=5 --epochs 60`" in sentences[0]
    assert "goes on" not in sentences[0]


@pytest.mark.parametrize(("flags_of_good", "flags_of_bad"), [((1, 0, 0), (0, 0, 0)), ((0, 0, 0), (1, 0, 0))])
def test_whichever_method_was_cut_off_its_differences_are_undecided(flags_of_good, flags_of_bad):
    """30 % against 10 % with deviations of 1 %: trained out, that is significant."""
    summary = summary_of(good(flags_of_good), bad(flags_of_bad))
    text = "\n".join(answer(summary))
    assert (
        "Accuracy, as far as trained: good is ahead, with a hit rate at 10 of 30.00 ± 1.00 % (3 runs); undecided against bad"
    ) in text
    assert "is best" not in text
    assert "significantly" not in text
    assert column(difference_table(summary, "hit_rate", "all"), "Verdict") == ["not trained out"]
    assert {claim.verdict for claim in summary.claims} == {"undecided"}
    (row,) = glance_table([summary]).rows
    assert row[1].rank is Rank.OTHER


def test_two_methods_that_were_trained_out_are_told_apart_beside_one_that_was_not():
    third = ended(repeats("third", [0.19, 0.20, 0.21], 0.3, first_minute=30), [1, 1, 1])
    text = "\n".join(answer(summary_of(good([0, 0, 0]), bad([0, 0, 0]), third)))
    assert "good is ahead" in text
    assert "undecided against third, since trainings were cut off; significantly worse: bad." in text


def test_a_sampler_that_was_cut_off_beats_no_baseline_yet():
    first, second, *_ = answer(summary_of(POPREC, good([1, 1, 1]), bad([1, 1, 1])))
    assert first.startswith("Not trained out")
    assert second == (
        "No sampler is shown to beat the baseline PopRec on this dataset: 30.00 % of good against 5.00 %, but it was cut off."
    )


def test_where_all_are_trained_out_nothing_is_marked():
    summary = summary_of(POPREC, good([0, 0, 0]), bad([0, 0, 0]))
    tables = [
        cohort_table(summary, "hit_rate"),
        overview_table([summary]),
        cost_table(summary),
        glance_table([summary]),
    ]
    assert all("Cut off" not in table.columns for table in tables)
    assert "†" not in str([table.rows for table in tables])
    assert "good is best" in "\n".join(answer(summary))
    assert str(terminal_report([summary]).renderables[-1]) == f"\n{LEGEND}"


def test_rows_are_marked_and_the_share_is_a_column():
    summary = summary_of(POPREC, good([1, 1, 0]), bad([0, 0, 0]))
    for table in (cohort_table(summary, "hit_rate"), overview_table([summary]), cost_table(summary)):
        assert column(table, "Method") == ["PopRec", "good †", "bad"]
        assert column(table, "Cut off") == ["–", "2 of 3", "0 of 3"]
    assert column(glance_table([summary]), "Cut off") == ["2 of 6"]
    assert "†" in str(terminal_report([summary]).renderables[-1])


def test_what_was_not_recorded_is_unknown_and_said_so():
    summary = summary_of(POPREC, good([None] * 3), bad([1, None, 0]))
    good_row, bad_row = summary.samplers
    assert (cut_off_text(good_row.method), cut_off_text(bad_row.method)) == ("unknown", "1 of 2, 1 unknown")
    assert column(overview_table([summary]), "Cut off") == ["–", "unknown", "1 of 2, 1 unknown"]
    assert "was not recorded, as by older versions of nsbench: good (3 of 3) and bad (1 of 3)." in "\n".join(
        answer(summary)
    )


def test_exports_hold_the_share_and_the_flag():
    """2 of 3 are .667; a baseline and an unknown end have none."""
    summaries = [summary_of(POPREC, good([1, 1, 0]), bad([None] * 3))]
    methods = {row["sampler"]: row for row in csv.DictReader(io.StringIO(methods_csv(summaries)))}
    assert float(methods["good"]["cut_off_share"]) == pytest.approx(2 / 3)
    assert (methods["bad"]["cut_off_share"], methods["PopRec"]["cut_off_share"]) == ("", "")
    runs = list(csv.DictReader(io.StringIO(runs_csv(summaries))))
    assert [row["cut_off"] for row in runs] == ["", "1", "1", "0", "", "", ""]
    found = {row["sampler"]: row for row in json.loads(report_json(summaries))["datasets"][0]["methods"]}
    assert found["good"]["cut_off"] == [True, True, False]
    assert (found["bad"]["cut_off_share"], found["PopRec"]["cut_off"]) == (None, [None])


def test_a_flag_that_is_neither_yes_nor_no_is_no_flag_of_ours():
    summary = summary_of(good([0.5, 0, 0]), bad([0, 0, 0]))
    (fault,) = summary.selection.faulty
    assert fault.reason.startswith("its metric train/cut_off is 0.5, which is neither 0 nor 1")


def test_trials_that_were_cut_off_decide_nothing_on_counts_of_negatives():
    """The more negatives, the worse, without exception: that holds for trials that were trained out."""

    def claim(flag):
        trials = [
            stored(
                seed=n,
                kind=RunKind.TRIAL,
                minute=n,
                params={"n_negatives": str(n)},
                metrics={"valid/all/hit_rate_at_10": 0.5 - n / 100, "train/cut_off": flag},
            )
            for n in range(1, 11)
        ]
        claims = summary_of(good([0, 0, 0]), trials).claims
        return next(claim for claim in claims if claim.name == "more-negatives-do-not-always-help")

    assert claim(0).verdict == "holds"
    assert claim(1).verdict == "undecided"
    assert "Of the 10 trials, 10 were cut off" in claim(1).evidence
