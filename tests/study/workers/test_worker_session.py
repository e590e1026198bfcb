"""How an assignment ends is what was settled with the study, whatever becomes of its worker afterwards."""

import pytest

from nsbench.study.workers.directive import CONTINUE, PRUNE, PRUNED_REASON, STOP, Directive
from nsbench.study.workers.job import Outcome
from nsbench.study.workers.report import RunEnded, RunFinishing, RunStarted, RunValidated
from nsbench.study.workers.worker_session import WorkerSession

RESULT = {"valid/all/hit_rate_at_10": 0.5}
DIED = "its process was killed by signal 9"
LOST = Outcome("orphaned", f"its worker was lost: {DIED}")


class RunObserver:
    """Answers as it is told, and notes how it ended."""

    def __init__(self, answer: Directive) -> None:
        self.answer = answer
        self.outcomes: list[Outcome] = []

    def started(self, run_id: str | None) -> None:
        pass

    def validated(self, epoch: int, metrics: object) -> Directive:
        return self.answer

    def finishing(self, metrics: object) -> Directive:
        return self.answer

    def ended(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


class Assignment:
    """Runs that are followed."""

    job = None

    def __init__(self, *observers: RunObserver) -> None:
        self.observers = observers


class Scene:
    """A worker session for an assignment whose runs `r`, or `r`, `s`, ..., have been started."""

    def __init__(self, answer: Directive, run_ids: str = "r") -> None:
        self.sent: list[Directive] = []
        self.closed: list[tuple[str, Outcome]] = []
        self.runs = [RunObserver(answer) for _ in run_ids]
        self.session = WorkerSession(self.sent.append)
        self.session.begin(Assignment(*self.runs))
        for number, run_id in enumerate(run_ids):
            self.hear(RunStarted(number, run_id))

    def hear(self, report: object) -> None:
        self.session.take(report, self.close)

    def close(self, run_id: str, outcome: Outcome) -> None:
        self.closed.append((run_id, outcome))


@pytest.mark.parametrize(
    ("answer", "report", "outcome"),
    [
        (CONTINUE, RunFinishing(0, RESULT), Outcome("finished", metrics=RESULT)),
        (PRUNE, RunValidated(0, 3, RESULT), Outcome("pruned", PRUNED_REASON)),
        (CONTINUE, RunValidated(0, 3, RESULT), LOST),
        (Directive("reject", "undefined"), RunFinishing(0, RESULT), LOST),
        (STOP, RunFinishing(0, RESULT), LOST),
    ],
)
def test_a_worker_that_dies_after_an_answer_ends_as_the_answer_settled(answer, report, outcome):
    scene = Scene(answer)
    scene.hear(report)
    scene.session.broke_off(DIED, scene.close)
    assert scene.runs[0].outcomes == [outcome]
    assert scene.closed == [("r", outcome)]


def test_a_result_that_was_taken_stays_when_the_worker_then_reports_a_failure():
    """The worker could not mark the run as finished: the pool does it."""
    scene = Scene(CONTINUE)
    scene.hear(RunFinishing(0, RESULT))
    scene.hear(Outcome("failed", "the store is out"))
    assert scene.runs[0].outcomes == [Outcome("finished", metrics=RESULT)]
    assert scene.closed == [("r", Outcome("finished", metrics=RESULT))]


def test_a_run_that_is_told_to_stop_settles_nothing_any_more():
    """It takes the stop for the answer, so a result that it reports meanwhile is not taken."""
    scene = Scene(CONTINUE)
    scene.session.stop()
    scene.hear(RunFinishing(0, RESULT))
    scene.hear(Outcome("interrupted", "interrupted"))
    assert scene.sent == [CONTINUE, STOP]
    assert scene.runs[0].outcomes == [Outcome("interrupted", "interrupted")]
    assert not scene.session.is_busy


def test_of_runs_side_by_side_a_dead_worker_leaves_those_finished_whose_results_were_taken():
    scene = Scene(CONTINUE, "rs")
    scene.hear(RunFinishing(0, RESULT))
    scene.session.broke_off(DIED, scene.close)
    finished = Outcome("finished", metrics=RESULT)
    assert [run.outcomes for run in scene.runs] == [[finished], [LOST]]
    assert scene.closed == [("r", finished), ("s", LOST)]
    assert not scene.session.is_busy


def test_a_worker_that_dies_when_it_was_told_to_stop_is_interrupted_and_not_lost():
    scene = Scene(CONTINUE)
    scene.session.stop()
    scene.session.broke_off(DIED, scene.close)
    assert scene.runs[0].outcomes == [Outcome("interrupted", "interrupted")]


def test_runs_side_by_side_hear_of_a_stop_once_and_all_end():
    scene = Scene(CONTINUE, "rst")
    scene.hear(RunFinishing(0, RESULT))
    scene.session.stop()
    scene.hear(RunFinishing(1, RESULT))
    scene.hear(Outcome("interrupted", "interrupted"))
    assert scene.sent == [CONTINUE] * 4 + [STOP]
    assert [run.outcomes[0].state for run in scene.runs] == ["finished", "interrupted", "interrupted"]
    assert scene.closed == [("r", Outcome("finished", metrics=RESULT))]


def test_a_run_that_ends_before_the_others_is_told_at_once_and_only_once():
    """The loss of the second is not a number, and the third is pruned; both are closed by their worker."""
    scene = Scene(CONTINUE, "rst")
    nan, pruned = Outcome("failed", "the loss is nan"), Outcome("pruned", PRUNED_REASON)
    scene.hear(RunEnded(1, nan))
    scene.runs[2].answer = PRUNE
    scene.hear(RunValidated(2, 3, RESULT))
    scene.hear(RunEnded(2, pruned))
    assert [run.outcomes for run in scene.runs] == [[], [nan], [pruned]]
    scene.hear(RunFinishing(0, RESULT))
    scene.hear(Outcome("finished"))
    assert [run.outcomes for run in scene.runs] == [[Outcome("finished", metrics=RESULT)], [nan], [pruned]]
    assert scene.sent == [CONTINUE] * 4 + [PRUNE] + [CONTINUE] * 2
    assert scene.closed == []
    assert not scene.session.is_busy


def test_a_worker_that_dies_later_takes_no_run_along_that_had_ended():
    scene = Scene(CONTINUE, "rs")
    scene.hear(RunEnded(0, Outcome("failed", "the loss is nan")))
    scene.session.broke_off(DIED, scene.close)
    assert [len(run.outcomes) for run in scene.runs] == [1, 1]
    assert [run_id for run_id, _ in scene.closed] == ["s"]


def test_a_run_that_ends_when_it_was_told_to_stop_is_interrupted_like_the_others():
    """It takes the stop for the answer, and is tried again: that its loss was no number will be seen again."""
    scene = Scene(CONTINUE, "rs")
    scene.session.stop()
    scene.hear(RunEnded(0, Outcome("failed", "the loss is nan")))
    scene.hear(Outcome("interrupted", "interrupted"))
    assert [run.outcomes[0].state for run in scene.runs] == ["interrupted", "interrupted"]
