"""Every run is counted once, whatever became of it."""

from nsbench.report.bookkeeping import RunCount, count_runs
from nsbench.terms import RunKind, Tag
from tests.report.stored_run_builder import stored


def test_pruned_trials_are_neither_failed_nor_killed():
    trial = {"kind": RunKind.TRIAL, "study": "s"}
    runs = [
        stored(seed=0, **trial),
        stored(seed=1, status="KILLED", tags={Tag.END_REASON: "pruned: at epoch 4"}, **trial),
        stored(seed=2, status="KILLED", tags={Tag.END_REASON: "interrupted"}, **trial),
        stored(seed=3, status="FAILED", **trial),
        stored(seed=4, status="RUNNING", **trial),
        stored(kind=RunKind.STUDY, study="s", tags={Tag.N_PLANNED: "20"}),
    ]
    assert count_runs(runs) == (RunCount("mixed", RunKind.TRIAL, 20, 1, 1, 1, 1, 1),)


def test_planned_repeats_are_the_most_that_were_asked_for():
    """Asked for 3 first and for 5 later; only 2 ran."""
    runs = [stored(seed=0, tags={Tag.N_PLANNED: "3"}), stored(seed=1, minute=1, tags={Tag.N_PLANNED: "5"})]
    assert count_runs(runs) == (RunCount("mixed", RunKind.REPEAT, 5, 2, 0, 0, 0, 0),)


def test_nothing_is_planned_where_nothing_says_so():
    assert count_runs([stored()])[0].n_planned is None
