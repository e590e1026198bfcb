"""Only runs that answer the same question stand in one table."""

import math
from dataclasses import replace

from nsbench.report.selection import LeftOut, select
from nsbench.terms import RunKind, Tag
from tests.report.stored_run_builder import stored


def labels_and_seeds(runs):
    return [(method.label, [run.seed for run in method.runs]) for method in select("demo", runs).methods]


def test_baselines_come_first_then_samplers_in_the_order_of_their_first_run():
    runs = [
        stored("random", minute=2),
        stored("batch", minute=1),
        stored("popularity-baseline", minute=3, kind=RunKind.BASELINE),
        stored("batch", seed=1, minute=4),
    ]
    assert labels_and_seeds(runs) == [("popularity-baseline", [0]), ("batch", [0, 1]), ("random", [0])]


def test_the_newest_preparation_of_the_dataset_decides():
    runs = [
        stored("random", dataset_hash="old", minute=1),
        stored("batch", dataset_hash="old", minute=2),
        stored("random", dataset_hash="new", minute=3),
    ]
    selection = select("demo", runs)
    assert selection.dataset_hash == "new"
    assert [method.label for method in selection.methods] == ["random"]
    assert selection.left_out == (
        LeftOut("random", 1, "another preparation of the dataset"),
        LeftOut("batch", 1, "another preparation of the dataset"),
    )


def test_the_newest_protocol_decides():
    runs = [stored("random", protocol="last", minute=1), stored("batch", minute=2), stored("random", minute=3)]
    selection = select("demo", runs)
    assert selection.protocol == "rolling"
    assert [method.label for method in selection.methods] == ["batch", "random"]
    assert selection.left_out == (LeftOut("random", 1, "another protocol than rolling"),)


def test_runs_of_older_settings_are_not_averaged_in():
    runs = [
        stored("random", seed=0, fingerprint="before tuning", minute=1),
        stored("random", seed=0, fingerprint="tuned", minute=2),
        stored("random", seed=1, fingerprint="tuned", minute=3),
    ]
    (method,) = select("demo", runs).methods
    assert [run.fingerprint for run in method.runs] == ["tuned", "tuned"]
    assert select("demo", runs).left_out == (LeftOut("random", 1, "older settings"),)


def test_runs_of_another_version_of_nsbench_are_not_averaged_in():
    runs = [
        stored("random", seed=0, tags={Tag.VERSION: "0.1.0"}, minute=1),
        stored("random", seed=1, tags={Tag.VERSION: "0.2.0"}, minute=2),
    ]
    assert labels_and_seeds(runs) == [("random", [1])]
    assert select("demo", runs).left_out == (LeftOut("random", 1, "another nsbench than 0.2.0"),)


def test_a_seed_that_ran_twice_counts_once_the_newest():
    runs = [stored(seed=0, minute=1), stored(seed=1, minute=2), stored(seed=0, minute=3)]
    (method,) = select("demo", runs).methods
    assert [run.run_id for run in method.runs] == ["mixed-0-3", "mixed-1-2"]
    assert select("demo", runs).left_out == (LeftOut("mixed", 1, "a seed that ran again later"),)


def test_only_finished_repeats_and_baselines_are_compared():
    runs = [
        stored(seed=0, status="FAILED"),
        stored(seed=1, status="RUNNING"),
        stored(seed=2, kind=RunKind.TRIAL),
        stored(seed=3, kind=RunKind.SINGLE),
        stored(seed=4),
    ]
    assert labels_and_seeds(runs) == [("mixed", [4])]


def test_a_finished_run_without_test_metrics_is_listed_and_does_not_decide():
    runs = [stored(seed=0, minute=1), stored(seed=1, minute=2, metrics={}, protocol="last")]
    selection = select("demo", runs)
    assert selection.protocol == "rolling"
    assert selection.left_out == (LeftOut("mixed", 1, "finished without test metrics"),)


def test_without_runs_nothing_is_selected():
    assert select("demo", []).methods == ()


def test_a_newest_run_that_does_not_say_its_settings_decides_nothing():
    runs = [stored("random", seed=0, minute=1), stored("random", seed=1, minute=2, fingerprint="")]
    tagged = [replace(run, tags={Tag.VERSION: "0.1.0"}) for run in runs]
    assert labels_and_seeds(tagged) == [("random", [0])]


def test_a_hit_rate_that_is_undefined_is_no_result():
    selection = select("demo", [stored("random", metrics={"test/all/hit_rate_at_10": math.nan})])
    assert selection.methods == ()
    assert selection.left_out == (LeftOut("random", 1, "finished without test metrics"),)
