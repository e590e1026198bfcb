"""What a list does with jobs of several runs: they are tried again in halves where that may help, and count once."""

import pytest

from nsbench.config import Settings
from nsbench.errors import TrainingError
from nsbench.study.job import Ending, TrainJob
from nsbench.study.run_list import PlannedJob, RunList
from nsbench.terms import RunKind
from nsbench.watcher import RunOrder

NO_MEMORY = Ending("failed", "out of memory", may_do_apart=True)
KILLED = Ending("failed", "its process was killed by signal 9")


def list_of(*groups):
    """A list with a job a group of seeds."""
    settings = Settings.of("random")
    jobs = []
    for seeds in groups:
        orders = tuple(RunOrder(RunKind.REPEAT, seed) for seed in seeds)
        jobs.append(PlannedJob(tuple(f"seed {seed}" for seed in seeds), TrainJob("small", settings, orders)))
    return RunList("repeats", jobs, 0, "score")


def seeds_of(assignment):
    return [order.seed for order in assignment.job.orders]


def end(assignment, ending):
    for run in assignment.followers:
        run.ended(ending)


def test_runs_that_failed_together_for_memory_are_tried_again_in_halves_down_to_one():
    """Five at once fail, then two at once, then one alone, which is the only failure."""
    runs = list_of(range(5))
    end(runs.next_assignment(), NO_MEMORY)
    pair = runs.next_assignment()
    assert seeds_of(pair) == [0, 1]
    end(pair, NO_MEMORY)
    first, second, rest = (runs.next_assignment() for _ in range(3))
    assert [seeds_of(one) for one in (first, second, rest)] == [[0], [1], [2, 3, 4]]
    end(first, NO_MEMORY)
    end(second, Ending("finished"))
    end(rest, Ending("finished"))
    runs.keep_up()
    assert runs.is_done
    assert (runs.n_finished, runs.n_failed, runs.n_planned) == (4, 1, 5)
    assert [row.name for row in runs.rows()] == [f"seed {seed}" for seed in range(5)]


def test_a_list_with_runs_to_be_halved_is_not_done():
    runs = list_of([0, 1])
    end(runs.next_assignment(), NO_MEMORY)
    runs.keep_up()
    assert not runs.is_done


def test_a_run_that_has_finished_is_never_made_again():
    """The worker ran out of memory after the first result was taken."""
    runs = list_of([0, 1])
    job = runs.next_assignment()
    job.followers[0].ended(Ending("finished"))
    job.followers[1].ended(NO_MEMORY)
    assert runs.next_assignment() is None
    assert (runs.n_finished, runs.n_failed) == (1, 1)


def test_runs_that_failed_together_count_as_one_failure():
    """Three failures in a row end a list: that is three jobs, not one job of three runs."""
    runs = list_of([0, 1, 2], [3, 4, 5], [6, 7, 8], [9])
    for _ in range(3):
        end(runs.next_assignment(), KILLED)
    assert runs.n_failed == 9
    with pytest.raises(TrainingError, match="3 in a row"):
        runs.next_assignment()
