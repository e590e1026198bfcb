"""When a study is given up: failures count together, by whatever process."""

import pytest
from optuna.trial import TrialState

from nsbench.errors import TrainingError
from nsbench.study.trials.failure import failures_among
from nsbench.study.trials.trial_state import END_REASON, GROUP, INTERRUPTED, LOST, SURPLUS
from tests.study.study_builder import trial_of


def trials_of(text: str):
    """One a letter: C complete, P pruned, R running, F failed, L lost, I interrupted, S surplus."""
    reasons = {"F": "a loss of nan", "L": LOST, "I": INTERRUPTED, "S": SURPLUS}
    states = {"C": TrialState.COMPLETE, "P": TrialState.PRUNED, "R": TrialState.RUNNING}
    return [
        trial_of(
            number, states.get(letter, TrialState.FAIL), {END_REASON: reasons[letter]} if letter in reasons else {}
        )
        for number, letter in enumerate(text)
    ]


@pytest.mark.parametrize(
    ("text", "n_failed", "in_a_row"),
    [("CFFC", 2, 0), ("CFRF", 2, 2), ("FPF", 2, 1), ("LISLISLIS", 0, 0), ("FLF", 2, 2)],
)
def test_failures_are_counted_by_number_and_lost_trials_say_nothing(text, n_failed, in_a_row):
    found = failures_among(trials_of(text), 0, n_planned=20)
    assert (found.n_failed, found.in_a_row) == (n_failed, in_a_row)


def test_three_in_a_row_end_a_study():
    with pytest.raises(TrainingError, match="3 in a row.*a loss of nan"):
        failures_among(trials_of("CFFF"), 0, n_planned=20).check("study")


def test_more_than_a_fifth_of_the_plan_ends_a_study():
    """Of 20 planned, 4 may fail and 5 not."""
    failures_among(trials_of("FCFCFCFC"), 0, n_planned=20).check("study")
    with pytest.raises(TrainingError, match="5 runs failed"):
        failures_among(trials_of("FCFCFCFCFC"), 0, n_planned=20).check("study")


def test_failures_before_the_command_do_not_count():
    failures_among(trials_of("FFFRC"), 3, n_planned=20).check("study")


@pytest.mark.parametrize(
    ("groups", "reasons", "n_failed", "in_a_row"),
    [
        ("0003", "xxxy", 2, 2),  # Three failed together for one reason.
        ("0003", "xyzy", 4, 2),  # For reasons of their own: four failures, of two things that were trained.
        ("000.", "xy.x", 3, 1),  # One beside them finished.
        ("000.", "xyRx", 3, 1),  # One beside them goes on.
    ],
)
def test_trials_that_are_trained_side_by_side_are_one_in_a_row(groups, reasons, n_failed, in_a_row):
    """A letter: its failure's reason, R running, . complete; a number: its group."""
    trials = []
    for number, (group, reason) in enumerate(zip(groups, reasons, strict=True)):
        state = {".": TrialState.COMPLETE, "R": TrialState.RUNNING}.get(reason, TrialState.FAIL)
        attributes = {END_REASON: reason} if state is TrialState.FAIL else {}
        trials.append(trial_of(number, state, attributes if group == "." else {**attributes, GROUP: int(group)}))
    found = failures_among(trials, 0, n_planned=20)
    assert (found.n_failed, found.in_a_row) == (n_failed, in_a_row)
