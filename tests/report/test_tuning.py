"""Samplers that were tuned unequally are not compared without a word."""

from dataclasses import replace

import pytest

from nsbench.report.answer.answer import answer
from nsbench.report.tuning import tuning_warning, tunings_of
from nsbench.terms import RunKind, Tag
from tests.report.stored_run_builder import repeats, stored, summary_of


def studied(sampler, n_trials, *, epochs="20", patience="5", study=None, n_again=0, n_pruned=0):
    """A study's trials, each of a point of its own but for the last ones, and three repeats of what it found."""
    study = study or f"demo/{sampler}/default"
    shared = {"max_epochs": epochs, "patience": patience}
    trials = [
        stored(
            sampler,
            seed=number,
            kind=RunKind.TRIAL,
            study=study,
            params={**shared, "n_negatives": str(number if number < n_trials else 0)},
            status="KILLED" if number < n_pruned else "FINISHED",
            tags={Tag.END_REASON: "pruned: at epoch 4"} if number < n_pruned else {},
        )
        for number in range(n_trials + n_again)
    ]
    rates = [0.29, 0.30, 0.31] if sampler == "good" else [0.09, 0.10, 0.11]
    return [
        *trials,
        *(replace(run, study=study, params=shared, fingerprint=sampler) for run in repeats(sampler, rates, 0.5)),
    ]


def warning(*groups) -> str:
    return " ".join(tuning_warning(summary_of(*groups)))


def test_a_search_of_other_size_and_length_is_warned_of_before_the_answer():
    summary = summary_of(studied("good", 3, epochs="5"), studied("random", 20))
    sentences = answer(summary)
    assert sentences[0].startswith("Tuned unequally")
    assert "good: 3 trials, at most 5 epochs each" in sentences[0]
    assert "random: 20 trials, at most 20 epochs each" in sentences[0]
    assert sentences[1].startswith("As tuned, good is best: ")


def test_searches_alike_are_not_warned_of():
    assert warning(studied("good", 6), studied("random", 6)) == ""


def test_a_pruned_trial_was_tried_as_well():
    assert warning(studied("good", 6, n_pruned=3), studied("random", 6)) == ""


def test_trials_that_confirm_a_point_are_no_longer_search():
    """Six points each; one of them was trained twice more."""
    assert warning(studied("good", 6, n_again=2), studied("random", 6)) == ""


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"epochs": "5"}, "good: at most 5 epochs each"),
        ({"patience": "2"}, "good: patience 2 in trials"),
        ({"study": "demo/good/wide"}, "good: study demo/good/wide"),
    ],
)
def test_whatever_differs_is_named(options, told):
    assert told in warning(studied("good", 6, **options), studied("random", 6))


def test_what_is_swept_around_a_studys_settings_was_tuned_by_that_study():
    """Two values of a study's method and another study's method: all were searched alike, with six trials."""
    study, name = studied("random", 6), "random+n_negatives={}"
    trials = [run for run in study if run.kind is RunKind.TRIAL]
    swept = [
        [
            replace(run, sampler=name.format(n), label=name.format(n), run_id=f"{n} {run.run_id}", fingerprint=f"{n}")
            for run in study
            if run.kind is RunKind.REPEAT
        ]
        for n in (5, 7)
    ]
    summary = summary_of(trials, *swept, studied("good", 6))
    found = {tuning.label: (tuning.n_trials, tuning.profile) for tuning in tunings_of(summary)}
    assert found == {one: (6, ("default",)) for one in ("random+n_negatives=5", "random+n_negatives=7", "good")}
    assert tuning_warning(summary) == []


def with_study(sampler, n_trials, n_cut_off):
    metrics = {"study/n_finished": float(n_trials), "study/n_pruned": 0.0, "study/n_cut_off": float(n_cut_off)}
    name = f"demo/{sampler}/default"
    return [*studied(sampler, n_trials), stored(sampler, kind=RunKind.STUDY, study=name, metrics=metrics)]


def test_a_search_whose_trials_were_cut_off_is_named_before_the_answer():
    first, second, *_ = answer(summary_of(with_study("good", 6, 4), with_study("random", 6, 0)))
    assert first.startswith(
        "Searched with trials that were cut off: 4 of 6 trials of good; they prefer what learns fast"
    )
    assert second.startswith("Use good")


def test_a_search_that_was_trained_out_is_not_mentioned():
    assert answer(summary_of(with_study("good", 6, 0), with_study("random", 6, 0)))[0].startswith("Use good")


def test_a_trial_that_goes_on_with_another_is_not_one_more():
    """Three trials of good, each gone on with: six runs, of which the study counts three."""
    again = [replace(run, run_id=f"again-{run.run_id}") for run in studied("good", 3) if run.kind is RunKind.TRIAL]
    assert warning(with_study("good", 3, 0), again, with_study("random", 3, 0)) == ""
    assert tunings_of(summary_of(with_study("good", 3, 0), again))[0].n_trials == 3


def test_names_of_studies_that_differ_in_the_sampler_alone_are_alike():
    assert warning(studied("good", 6, study="mine-good"), studied("random", 6, study="mine-random")) == ""


def test_a_sampler_that_was_not_tuned_at_all_is_named():
    told = warning(studied("good", 6), repeats("random", [0.09, 0.10, 0.11], 0.5))
    assert "good: 6 trials; random: not tuned" in told


def test_samplers_none_of_which_was_tuned_are_alike():
    assert warning(repeats("good", [0.3, 0.4], 0.5), repeats("random", [0.1, 0.2], 0.5)) == ""


def test_a_study_whose_trials_are_gone_tells_their_number_itself():
    gone = [run for run in studied("good", 3) if run.kind is not RunKind.TRIAL]
    metrics = {"study/n_finished": 2.0, "study/n_pruned": 1.0}
    study = stored("good", kind=RunKind.STUDY, study="demo/good/default", metrics=metrics)
    assert "good: 3 trials; random: 20 trials" in warning([*gone, study], studied("random", 20))
