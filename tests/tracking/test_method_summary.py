"""Repeats in one run: means, standard deviations and their number, worked by hand."""

from nsbench.files.home import Home
from nsbench.terms import RunKind, Tag
from nsbench.tracking.method_summary import N_REPEATS, MethodSummary, summary_of
from nsbench.tracking.store import open_store
from nsbench.tracking.writing.run_note import NOTE
from tests.report.stored_run_builder import stored

HIT_RATE = "test/all/hit_rate_at_10"


def summed_up(*runs) -> MethodSummary:
    found = summary_of(runs)
    assert found is not None
    return found


def test_a_summary_holds_mean_standard_deviation_and_number() -> None:
    """Of .1, .2 and .6 the mean is .3, the squared deviations .04, .01 and .09: .14 by 2 is .07, its root .2646."""
    runs = [stored(seed=seed, minute=seed, metrics={HIT_RATE: value}) for seed, value in enumerate((0.1, 0.2, 0.6))]
    metrics = summed_up(*runs).metrics
    assert {name: round(value, 4) for name, value in metrics.items()} == {
        N_REPEATS: 3,
        HIT_RATE: 0.3,
        f"{HIT_RATE}_sd": 0.2646,
    }


def test_one_repeat_has_no_standard_deviation() -> None:
    assert summed_up(stored(metrics={HIT_RATE: 0.1})).metrics == {N_REPEATS: 1, HIT_RATE: 0.1}


def test_no_repeat_has_no_summary() -> None:
    assert summary_of([]) is None


def test_of_a_seed_that_ran_again_the_later_run_counts() -> None:
    runs = [stored(seed=0, metrics={HIT_RATE: 0.9}), stored(seed=0, minute=1, metrics={HIT_RATE: 0.2})]
    assert summed_up(*runs).metrics == {N_REPEATS: 1, HIT_RATE: 0.2}


def test_repeats_by_another_version_are_left_out() -> None:
    runs = [
        stored(seed=seed, minute=seed, metrics={HIT_RATE: 0.1 * seed}, tags={Tag.VERSION: version})
        for seed, version in ((1, "1.0"), (2, "2.0"))
    ]
    assert summed_up(*runs).metrics == {N_REPEATS: 1, HIT_RATE: 0.2}


def test_a_metric_that_one_repeat_lacks_has_no_mean_and_counts_are_none() -> None:
    runs = [
        stored(seed=0, metrics={HIT_RATE: 0.1, "test/cold/mrr": 0.5, "test/all/n_targets": 86}),
        stored(seed=1, metrics={HIT_RATE: 0.1, "test/all/n_targets": 86}),
    ]
    assert summed_up(*runs).metrics.keys() == {N_REPEATS, HIT_RATE, f"{HIT_RATE}_sd"}


def test_a_larger_budget_is_the_same_method() -> None:
    """MLflow's parameters can't change, so what may differ between repeats is none of the summary's."""
    assert summed_up(stored(params={"dropout_rate": "0.2", "max_epochs": "20"})).params == {"dropout_rate": "0.2"}


def test_a_summary_is_renewed_rather_than_doubled(tmp_path) -> None:
    home = Home(tmp_path)
    tracker, params = open_store(home).tracker(), {"dropout_rate": "0.2"}
    runs = [
        stored(seed=seed, minute=seed, metrics={HIT_RATE: value}, params=params)
        for seed, value in enumerate((0.1, 0.3))
    ]
    other = stored("mixed", metrics={HIT_RATE: 0.5}, fingerprint="others", params={"dropout_rate": "0.4"})
    first = tracker.log_method(summed_up(runs[0]))
    assert tracker.log_method(summed_up(*runs)) == first
    assert tracker.log_method(summed_up(other)) != first
    (run,) = [run for run in open_store(home).reader().runs("demo", [RunKind.SUMMARY]) if run.run_id == first]
    assert (run.name, run.status, run.params) == ("mixed summary of 2 seeds", "FINISHED", params)
    assert (round(run.metric(HIT_RATE), 4), run.metric(N_REPEATS)) == (0.2, 2)
    assert "means over 2 repeats" in run.tags[NOTE]
