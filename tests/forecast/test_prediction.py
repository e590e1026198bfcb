"""Seconds of runs, and of all runs on some workers."""

import pytest

from nsbench.files.home import Home
from nsbench.forecast.epochs import Epochs
from nsbench.forecast.plan_file import plan_path, read_prediction, write_prediction
from nsbench.forecast.prediction import COMMAND_S, RUN_S, makespan
from tests.forecast.builder import part, prediction


def test_a_run_takes_its_epochs_its_looks_and_its_test():
    """Five epochs with a look every second and at the end: 2 + 5 * 10 + 3 * 3, and 5 more for a repeat."""
    assert part("trials").run_s(5) == 61
    assert part("repeats").run_s(5) == 66


def test_workers_take_the_next_run_when_they_are_free():
    """On two: 4 and 1 begin, 2 follows at 1, 3 at 3, which ends at 6."""
    assert makespan([4, 1, 2, 3], 2) == 6


def test_more_workers_than_runs_take_as_long_as_the_longest_run():
    assert makespan([4, 1], 64) == 4


def test_repeats_begin_when_the_trials_are_done():
    """Most: a trial 2 + 100 + 15 + 1 = 118 s, three on two workers 236 s; then a repeat of 123 s."""
    assert RUN_S == 1
    found = prediction(part("trials", 3), part("repeats", 1))
    assert found.most_s == pytest.approx(COMMAND_S + 236 + 123)


def test_without_recorded_runs_the_likely_time_is_the_most():
    """Least: 2 + 60 + 9 + 1 = 72 s."""
    found = prediction(part("trials", 1))
    assert not found.is_expected
    assert found.likely_s == found.most_s == pytest.approx(COMMAND_S + 118)
    assert found.least_s == pytest.approx(COMMAND_S + 72)


def test_recorded_runs_say_how_many_epochs_are_likely():
    """Eight epochs: 2 + 80 + 12 + 1 = 95 s."""
    found = prediction(part("trials", 1, Epochs(least=6, most=10, typical=10, expected=8, n_runs=3)))
    assert found.is_expected
    assert found.likely_s == pytest.approx(COMMAND_S + 95)


def test_a_kept_prediction_is_read_back(tmp_path):
    path = plan_path(Home(tmp_path), "mine", "0" * 12, "my bench/x2")
    assert path.parent == tmp_path / "plans"
    assert read_prediction(path) is None
    write_prediction(prediction(part()), path)
    assert read_prediction(path) == prediction(part())
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_what_another_version_wrote_otherwise_is_no_prediction(tmp_path):
    path = tmp_path / "old.json"
    path.write_text('{"profile": "mine"}')
    assert read_prediction(path) is None


def beside(stage="repeats", n_runs=5, **changes):
    """Runs of which a worker takes three side by side, whose epoch then takes 16 s where one alone takes 10."""
    return part(stage, n_runs).model_copy(update={"n_together": 3, "together_epoch_s": 16.0, **changes})


def test_runs_side_by_side_share_their_steps_and_not_their_looks():
    """Five epochs of three: 2 + 5 * 16 + 3 * (3 * 3 + 5) = 124; a run's share is a third of it."""
    assert beside().job_s(3, 5) == 124
    assert beside().run_s(5) == pytest.approx(124 / 3)


def test_the_last_job_has_the_runs_that_are_left():
    """Three and two; an epoch of two is half-way between 10 and 16 s: 2 + 5 * 13 + 2 * (3 * 3 + 5) = 95."""
    assert beside().jobs == [3, 2]
    assert beside().job_s(2, 5) == 95
    assert beside(n_runs=3).jobs == [3]
    assert part(n_runs=2).jobs == [1, 1]


def test_workers_take_jobs_and_each_run_is_recorded():
    """Ten epochs, on two workers: 3 + 2 + 160 + 3 * (15 + 5) = 225 and 2 + 2 + 130 + 2 * (15 + 5) = 174."""
    assert prediction(beside()).most_s == pytest.approx(COMMAND_S + 225)
    assert prediction(beside(), n_at_once=1).most_s == pytest.approx(COMMAND_S + 225 + 174)


def test_models_take_one_of_each_methods_repeats_or_all_of_them():
    """Two methods of four repeats, whose models take 1,000 and 500 bytes; trials keep none."""
    repeats = [
        part("repeats", 4, sampler=name).model_copy(update={"model_bytes": n_bytes})
        for name, n_bytes in (("random", 1_000), ("mixed", 500))
    ]
    made = prediction(part("trials", 9), *repeats)
    assert [made.models_bytes(keep) for keep in ("best", "all", "none")] == [1_500, 6_000, 0]
