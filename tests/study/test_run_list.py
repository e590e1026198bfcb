"""What a list does with jobs of several runs: they are tried again in halves or as they were, and count once."""

import pytest

from nsbench.config import Settings
from nsbench.errors import TrainingError
from nsbench.runs.request import RunRequest
from nsbench.study.listed_run import PlannedJob
from nsbench.study.run_list import RunList
from nsbench.study.trials.trial_state import GIVEN_UP
from nsbench.study.workers.directive import STOP
from nsbench.study.workers.job import BaselineJob, Outcome, TrainJob
from nsbench.terms import RunKind

NO_MEMORY = Outcome("failed", "out of memory", may_do_apart=True)
NAN = Outcome("failed", "the loss is nan")
LOST = Outcome("orphaned", "its worker was lost: its process was killed by signal 9")


def list_of(*groups):
    """A list with a job a group of seeds."""
    settings = Settings.of("random")
    jobs = []
    for seeds in groups:
        requests = tuple(RunRequest(RunKind.REPEAT, seed) for seed in seeds)
        jobs.append(PlannedJob(tuple(f"seed {seed}" for seed in seeds), TrainJob("small", settings, requests)))
    return RunList("repeats", jobs, 0, "score")


def seeds_of(assignment):
    return [request.seed for request in assignment.job.requests]


def end(assignment, outcome):
    for run in assignment.observers:
        run.ended(outcome)


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
    end(second, Outcome("finished"))
    end(rest, Outcome("finished"))
    runs.poll()
    assert runs.is_done
    assert (runs.n_finished, runs.n_failed, runs.n_planned) == (4, 1, 5)
    assert [row.name for row in runs.rows()] == [f"seed {seed}" for seed in range(5)]


def test_a_list_with_runs_to_be_halved_is_not_done():
    runs = list_of([0, 1])
    end(runs.next_assignment(), NO_MEMORY)
    runs.poll()
    assert not runs.is_done


def test_a_run_that_has_finished_is_never_made_again():
    """The worker ran out of memory after the first result was taken."""
    runs = list_of([0, 1])
    job = runs.next_assignment()
    job.observers[0].ended(Outcome("finished"))
    job.observers[1].ended(NO_MEMORY)
    assert runs.next_assignment() is None
    assert (runs.n_finished, runs.n_failed) == (1, 1)


def test_runs_that_failed_together_count_as_one_failure():
    """Three failures in a row end a list: that is three jobs, not one job of three runs."""
    runs = list_of([0, 1, 2], [3, 4, 5], [6, 7, 8], [9])
    for _ in range(3):
        end(runs.next_assignment(), NAN)
    assert runs.n_failed == 9
    with pytest.raises(TrainingError, match="3 in a row"):
        runs.next_assignment()


def test_runs_whose_worker_died_are_tried_again_at_once_and_together_so_that_their_checkpoint_is_found():
    """Seeds 0 to 2, then 3: the first job is the second one too."""
    runs = list_of([0, 1, 2], [3])
    first = runs.next_assignment()
    end(first, LOST)
    runs.poll()
    assert not runs.is_done
    again = runs.next_assignment()
    assert again.job == first.job
    end(again, Outcome("finished"))
    end(runs.next_assignment(), Outcome("finished"))
    runs.poll()
    assert (runs.is_done, runs.n_finished, runs.n_failed, runs.failures.n_failed) == (True, 4, 0, 0)
    assert [row.name for row in runs.rows()] == [f"seed {seed}" for seed in range(4)]


def test_runs_that_kill_three_workers_have_failed_together_with_a_reason_that_says_so():
    runs = list_of([0, 1], [2])
    for _ in range(3):
        assert seeds_of(runs.next_assignment()) == [0, 1]
        assert runs.n_failed == 0
        end(runs._open[-1], LOST)
    assert seeds_of(runs.next_assignment()) == [2]
    assert (runs.n_failed, runs.failures.n_failed) == (2, 1)
    assert runs.failures.last_reason == LOST.reason + GIVEN_UP
    assert [(row.state, row.reason) for row in runs.rows()[:2]] == [("failed", LOST.reason + GIVEN_UP)] * 2


def test_of_runs_side_by_side_those_that_had_finished_are_not_lost_with_their_worker():
    runs = list_of([0, 1, 2])
    job = runs.next_assignment()
    job.observers[0].ended(Outcome("finished"))
    for run in job.observers[1:]:
        run.ended(LOST)
    again = runs.next_assignment()
    assert seeds_of(again) == [1, 2]
    end(again, Outcome("finished"))
    assert (runs.n_finished, runs.n_planned) == (3, 3)
    assert [row.name for row in runs.rows()] == ["seed 0", "seed 1", "seed 2"]


def test_a_baseline_whose_worker_died_is_tried_again():
    job = BaselineJob("small", "popularity", Settings.of("random").evaluation)
    runs = RunList("baselines", [PlannedJob(("PopRec",), job)], 0, "score")
    end(runs.next_assignment(), LOST)
    assert runs.next_assignment().job == job


class Elsewhere:
    """Claims of which some are in others' hands."""

    def __init__(self, **states):
        self.others = {name.replace("_", " "): state for name, state in states.items()}
        self.ended = {}
        self.was_let_go = False

    def take(self, names):
        return [name for name in names if self.others.get(name, "free") == "free"]

    def holds(self, name):
        return name not in self.others

    def end(self, name, state):
        self.ended[name] = state

    def states(self, names):
        return {name: self.others[name] for name in names}

    def poll(self):
        pass

    def let_go(self):
        self.was_let_go = True


def shared_list(claims, *groups):
    alone = list_of(*groups)
    return RunList("repeats", alone._waiting, 0, "score", claims)


def look(runs):
    runs._next_look = 0.0
    runs.poll()


def test_runs_that_others_make_are_left_to_them_and_counted_when_they_end():
    """Of seeds 0, 1 and 2 others have 0 and 2: one finishes there, one fails; the list is done when both have ended."""
    claims = Elsewhere(seed_0="running", seed_2="running")
    runs = shared_list(claims, [0, 1, 2])
    own = runs.next_assignment()
    assert seeds_of(own) == [1]
    assert runs.next_assignment() is None
    end(own, Outcome("finished"))
    runs.poll()
    assert claims.ended == {"seed 1": "finished"}
    assert not runs.is_done
    claims.others["seed 0"] = "finished"
    look(runs)
    assert (runs.is_done, runs.n_finished) == (False, 2)
    claims.others["seed 2"] = "failed"
    look(runs)
    assert (runs.is_done, runs.n_finished, runs.n_failed, runs.n_planned) == (True, 2, 1, 3)


def test_a_run_whose_maker_died_elsewhere_is_made_here():
    claims = Elsewhere(seed_0="running")
    runs = shared_list(claims, [0])
    assert runs.next_assignment() is None
    claims.others["seed 0"] = "free"
    look(runs)
    assert seeds_of(runs.next_assignment()) == [0]


def test_the_result_of_a_run_that_others_took_over_is_not_taken():
    claims = Elsewhere()
    runs = shared_list(claims, [0])
    (run,) = runs.next_assignment().observers
    claims.others["seed 0"] = "running"
    assert run.finishing({"score": 1.0}) == STOP


def test_what_is_cut_off_is_let_go_and_what_had_ended_is_said():
    claims = Elsewhere()
    runs = shared_list(claims, [0], [1])
    first, second = runs.next_assignment(), runs.next_assignment()
    end(first, Outcome("finished"))
    end(second, Outcome("interrupted", "interrupted"))
    runs.let_go()
    assert claims.ended == {"seed 0": "finished"}
    assert claims.was_let_go
