"""The first sentence says what to use only where that is decided, and otherwise what would decide it."""

from dataclasses import replace

from nsbench.report.answer.answer import answer
from nsbench.terms import CUT_OFF, RunKind
from tests.report.stored_run_builder import repeats, stored, summary_of
from tests.tracking.run_builder import final_metrics

GOOD = repeats("good", [0.29, 0.30, 0.31], 0.5)
RANDOM = repeats("random", [0.09, 0.10, 0.11], 0.4)
SECOND = repeats("second", [0.19, 0.20, 0.21], 0.4)


def with_metrics(runs, **metrics):
    named = {name.replace("__", "/"): value for name, value in metrics.items()}
    return [replace(run, metrics={**run.metrics, **named}) for run in runs]


def test_a_decided_sampler_is_to_be_used_and_its_gain_over_random_comes_with_its_price_in_cohorts():
    """30 against 10 %: 20 points, three times as much; head, mid and tail are twice, once and half of the total."""
    first = answer(summary_of(GOOD, RANDOM, SECOND))[0]
    assert first.startswith(
        "Use good: +20.00 points of hit rate at 10 (+200 %) over random, head +40.00, mid +20.00, tail +10.00; "
    )


def test_without_random_the_runner_up_is_the_reference():
    first = answer(summary_of(GOOD, repeats("third", [0.09, 0.10, 0.11], 0.4), SECOND))[0]
    assert first.startswith("Use good: +10.00 points of hit rate at 10 (+50 %) over second, ")


def test_the_price_in_training_is_told_where_it_was_recorded():
    """36 s against 30 s."""
    good, random = (with_metrics(runs, cost__train_s=s) for runs, s in ((GOOD, 36.0), (RANDOM, 30.0)))
    assert ", at 1.2 times the training (by the clock); " in answer(summary_of(good, random))[0]


def test_the_price_is_told_in_cpu_time_where_all_runs_hold_it():
    """By the clock of a busy machine 36 against 90 s, but 36 against 30 CPU seconds."""
    seconds = ((GOOD, 36.0, 36.0), (RANDOM, 90.0, 30.0))
    good, random = (with_metrics(runs, cost__train_s=s, cost__train_cpu_s=cpu) for runs, s, cpu in seconds)
    assert ", at 1.2 times the training (CPU time); " in answer(summary_of(good, random))[0]


def test_a_cohort_whose_difference_is_not_significant_is_said_to_be_that():
    """Tails of 4, 9 and 14 % against 5, 10 and 15 %: a point less, with deviations of 5. Heads differ by 30 points."""
    good, random = (
        [
            stored(name, seed, final_metrics(rate + 0.01 * seed, head + 0.01 * seed, 0.2, tail + 0.05 * seed, 0.5))
            for seed in range(3)
        ]
        for name, rate, head, tail in (("good", 0.29, 0.6, 0.04), ("random", 0.09, 0.3, 0.05))
    )
    told = answer(summary_of(good, random))[0]
    assert "head +30.00, mid" in told
    assert "tail -1.00 (not significant)" in told


def test_what_holds_for_every_cohort_is_said_once():
    good, random = (
        [stored(name, seed, final_metrics(rate + 0.01 * seed, 0.5, 0.2, tail + 0.05 * seed, 0.5)) for seed in range(3)]
        for name, rate, tail in (("good", 0.29, 0.04), ("random", 0.09, 0.05))
    )
    told = answer(summary_of(good, random))[0]
    assert "head +0.00, mid +0.00, tail -1.00 (none of these significant)" in told


def test_the_chosen_settings_stand_in_the_first_line():
    params = {
        "learning_rate": "0.00123456",
        "n_in_batch": "10",
        "n_uniform": "100",
        "n_hardest": "25",
        "batch_size": "64",
    }
    good, random = (
        [stored(name, seed, final_metrics(rate + 0.01 * seed, 0.5, 0.2, 0.1, 0.5), params=params) for seed in range(3)]
        for name, rate in (("good", 0.29), ("random", 0.09))
    )
    told = answer(summary_of(good, random))[0]
    assert (
        "settings: learning rate 0.00123; negatives 10 in batch + 100 uniform, of which the 25 hardest; batch size 64"
        in told
    )


def test_what_would_decide_is_told_where_repeats_are_too_few():
    """40 against 32 % with deviations of 2.83: two repeats can't tell, a few more would."""
    first = answer(summary_of(repeats("a", [0.38, 0.42], 0.5), repeats("b", [0.30, 0.34], 0.5)))[0]
    assert first.startswith("Undecided between a and b: 2 repeats can't tell; ")
    assert "each would, if differences and deviations stay as they are." in first
    assert "Use" not in first


def test_of_single_runs_some_repeats_are_a_start():
    first = answer(summary_of(repeats("a", [0.4], 0.5), repeats("b", [0.3], 0.5)))[0]
    assert first == "Undecided between a and b: 1 repeat can't tell; `--repeats 5` is a start."


def test_where_no_number_of_repeats_would_tell_balance_and_cost_are_left():
    """20.0 and 20.1 % with deviations of 5: 100 repeats have an error of .7."""
    first = answer(summary_of(repeats("a", [0.15, 0.20, 0.25], 0.5), repeats("b", [0.151, 0.201, 0.251], 0.5)))[0]
    assert first == (
        "Undecided between b and a: 3 repeats can't tell, nor would 100 each, as differences and deviations are now; "
        "choose by balance or cost."
    )


def test_what_can_be_excluded_is_told_beside_what_is_undecided():
    close = repeats("close", [0.291, 0.301, 0.311], 0.5)
    first = answer(summary_of(GOOD, close, RANDOM))[0]
    assert first.startswith("Undecided between close and good: ")
    assert first.endswith("Significantly behind: random.")


def test_nothing_is_recommended_where_trainings_were_cut_off():
    cut_off = [replace(run, metrics={**run.metrics, CUT_OFF: 1.0}) for run in RANDOM]
    assert not any(sentence.startswith(("Use", "Undecided")) for sentence in answer(summary_of(GOOD, cut_off)))


def test_a_sampler_that_beats_no_baseline_is_best_among_samplers_only():
    chain = [stored("chain", metrics=final_metrics(0.4, 0.4, 0.4, 0.4, 1), kind=RunKind.BASELINE)]
    sentences = answer(summary_of(chain, GOOD, RANDOM))
    assert sentences[0].startswith("No sampler beats the baseline chain")
    assert sentences[1].startswith("Among the samplers good is best: +20.00 points")
