"""Every run is counted once, whatever became of it."""

from nsbench.report.run_counts import RunCount, count_runs
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


def test_a_summary_of_repeats_is_no_run_of_its_own():
    (count,) = count_runs([stored(seed=0), stored(kind=RunKind.SUMMARY, minute=1)])
    assert (count.kind, count.n_finished) == (RunKind.REPEAT, 1)


def test_planned_repeats_are_the_most_that_were_asked_for():
    """Asked for 3 first and for 5 later; only 2 ran."""
    runs = [stored(seed=0, tags={Tag.N_PLANNED: "3"}), stored(seed=1, minute=1, tags={Tag.N_PLANNED: "5"})]
    assert count_runs(runs) == (RunCount("mixed", RunKind.REPEAT, 5, 2, 0, 0, 0, 0),)


def test_nothing_is_planned_where_nothing_says_so():
    assert count_runs([stored()])[0].n_planned is None


def test_finished_repeats_that_no_table_averages_are_dropped_ones():
    """Three finished, one of them kept; a trial is never averaged and so never dropped."""
    runs = [stored(seed=seed, minute=seed) for seed in range(3)]
    trial = stored(kind=RunKind.TRIAL, seed=9)
    repeats, trials = count_runs([*runs, trial], kept={runs[1].run_id})
    assert (repeats.n_finished, repeats.n_dropped) == (3, 2)
    assert trials.n_dropped == 0


def test_missing_runs_are_those_asked_for_without_a_result():
    """Of 5 planned one finished and one failed: 4 are missing."""
    planned = {Tag.N_PLANNED: "5"}
    (count,) = count_runs([stored(seed=0, tags=planned), stored(seed=1, status="FAILED", tags=planned)])
    assert count.n_missing == 4


def test_planned_trials_are_summed_over_studies():
    """Two studies of 3 and 4 trials, all of which finished: 7 of 7."""
    trials = [
        stored(seed=seed, minute=seed, kind=RunKind.TRIAL, study=study, tags={Tag.N_PLANNED: str(n)})
        for study, n in (("one", 3), ("two", 4))
        for seed in range(n)
    ]
    (count,) = count_runs(trials)
    assert (count.n_planned, count.n_finished, count.n_missing) == (7, 7, 0)


def test_planned_repeats_are_summed_over_settings():
    """Five seeds of each of two settings, of which one is missing."""
    runs = [
        stored(seed=seed, minute=seed, fingerprint=settings, tags={Tag.N_PLANNED: "5"})
        for settings, n in (("old", 5), ("new", 4))
        for seed in range(n)
    ]
    (count,) = count_runs(runs)
    assert (count.n_planned, count.n_finished, count.n_missing) == (10, 9, 1)


def test_a_plan_that_is_partly_unknown_is_not_told():
    """A sum of the plans that are known would be smaller than what finished."""
    known = stored(kind=RunKind.TRIAL, study="one", tags={Tag.N_PLANNED: "1"})
    assert count_runs([known, stored(seed=1, kind=RunKind.TRIAL, study="two")])[0].n_planned is None
