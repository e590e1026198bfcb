"""How an assignment ends is what was settled with the study, whatever becomes of its worker afterwards."""

import pytest

from nsbench.study.workers.answer import PRUNED_REASON, Answer, Refusal, Verdict
from nsbench.study.workers.job import Ending
from nsbench.study.workers.message import Ended, Finishing, Started, Validated
from nsbench.study.workers.worker_session import Conversation

RESULT = {"valid/all/hit_rate_at_10": 0.5}
DIED = "its process was killed by signal 9"
LOST = Ending("lost", f"its worker was lost: {DIED}")


class Follower:
    """Answers as it is told, and notes how it ended."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.endings: list[Ending] = []

    def started(self, run_id: str | None) -> None:
        pass

    def validated(self, epoch: int, metrics: object) -> Answer:
        return self.answer

    def finishing(self, metrics: object) -> Answer:
        return self.answer

    def ended(self, ending: Ending) -> None:
        self.endings.append(ending)


class Assignment:
    """Runs that are followed."""

    job = None

    def __init__(self, *followers: Follower) -> None:
        self.followers = followers


class Scene:
    """A conversation about an assignment whose runs `r`, or `r`, `s`, ..., have been started."""

    def __init__(self, answer: Answer, run_ids: str = "r") -> None:
        self.sent: list[Answer] = []
        self.closed: list[tuple[str, Ending]] = []
        self.runs = [Follower(answer) for _ in run_ids]
        self.talk = Conversation(self.sent.append)
        self.talk.begin(Assignment(*self.runs))
        for number, run_id in enumerate(run_ids):
            self.hear(Started(number, run_id))

    def hear(self, report: object) -> None:
        self.talk.take(report, self.close)

    def close(self, run_id: str, ending: Ending) -> None:
        self.closed.append((run_id, ending))


@pytest.mark.parametrize(
    ("answer", "report", "ending"),
    [
        (Verdict.GO_ON, Finishing(0, RESULT), Ending("finished", metrics=RESULT)),
        (Verdict.PRUNE, Validated(0, 3, RESULT), Ending("pruned", PRUNED_REASON)),
        (Verdict.GO_ON, Validated(0, 3, RESULT), LOST),
        (Refusal("undefined"), Finishing(0, RESULT), LOST),
        (Verdict.STOP, Finishing(0, RESULT), LOST),
    ],
)
def test_a_worker_that_dies_after_an_answer_ends_as_the_answer_settled(answer, report, ending):
    scene = Scene(answer)
    scene.hear(report)
    scene.talk.broke_off(DIED, scene.close)
    assert scene.runs[0].endings == [ending]
    assert scene.closed == [("r", ending)]


def test_a_result_that_was_taken_stays_when_the_worker_then_reports_a_failure():
    """The worker could not mark the run as finished: the crew does it."""
    scene = Scene(Verdict.GO_ON)
    scene.hear(Finishing(0, RESULT))
    scene.hear(Ending("failed", "the store is out"))
    assert scene.runs[0].endings == [Ending("finished", metrics=RESULT)]
    assert scene.closed == [("r", Ending("finished", metrics=RESULT))]


def test_a_run_that_is_told_to_stop_settles_nothing_any_more():
    """It takes the stop for the answer, so a result that it reports meanwhile is not taken."""
    scene = Scene(Verdict.GO_ON)
    scene.talk.stop()
    scene.hear(Finishing(0, RESULT))
    scene.hear(Ending("interrupted", "interrupted"))
    assert scene.sent == [Verdict.GO_ON, Verdict.STOP]
    assert scene.runs[0].endings == [Ending("interrupted", "interrupted")]
    assert not scene.talk.is_busy


def test_of_runs_side_by_side_a_dead_worker_leaves_those_finished_whose_results_were_taken():
    scene = Scene(Verdict.GO_ON, "rs")
    scene.hear(Finishing(0, RESULT))
    scene.talk.broke_off(DIED, scene.close)
    finished = Ending("finished", metrics=RESULT)
    assert [run.endings for run in scene.runs] == [[finished], [LOST]]
    assert scene.closed == [("r", finished), ("s", LOST)]
    assert not scene.talk.is_busy


def test_a_worker_that_dies_when_it_was_told_to_stop_is_interrupted_and_not_lost():
    scene = Scene(Verdict.GO_ON)
    scene.talk.stop()
    scene.talk.broke_off(DIED, scene.close)
    assert scene.runs[0].endings == [Ending("interrupted", "interrupted")]


def test_runs_side_by_side_hear_of_a_stop_once_and_all_end():
    scene = Scene(Verdict.GO_ON, "rst")
    scene.hear(Finishing(0, RESULT))
    scene.talk.stop()
    scene.hear(Finishing(1, RESULT))
    scene.hear(Ending("interrupted", "interrupted"))
    assert scene.sent == [Verdict.GO_ON] * 4 + [Verdict.STOP]
    assert [run.endings[0].state for run in scene.runs] == ["finished", "interrupted", "interrupted"]
    assert scene.closed == [("r", Ending("finished", metrics=RESULT))]


def test_a_run_that_ends_before_the_others_is_told_at_once_and_only_once():
    """The loss of the second is no number, and the third is pruned; both are closed by their worker."""
    scene = Scene(Verdict.GO_ON, "rst")
    nan, pruned = Ending("failed", "the loss is nan"), Ending("pruned", PRUNED_REASON)
    scene.hear(Ended(1, nan))
    scene.runs[2].answer = Verdict.PRUNE
    scene.hear(Validated(2, 3, RESULT))
    scene.hear(Ended(2, pruned))
    assert [run.endings for run in scene.runs] == [[], [nan], [pruned]]
    scene.hear(Finishing(0, RESULT))
    scene.hear(Ending("finished"))
    assert [run.endings for run in scene.runs] == [[Ending("finished", metrics=RESULT)], [nan], [pruned]]
    assert scene.sent == [Verdict.GO_ON] * 4 + [Verdict.PRUNE] + [Verdict.GO_ON] * 2
    assert scene.closed == []
    assert not scene.talk.is_busy


def test_a_worker_that_dies_later_takes_no_run_along_that_had_ended():
    scene = Scene(Verdict.GO_ON, "rs")
    scene.hear(Ended(0, Ending("failed", "the loss is nan")))
    scene.talk.broke_off(DIED, scene.close)
    assert [len(run.endings) for run in scene.runs] == [1, 1]
    assert [run_id for run_id, _ in scene.closed] == ["s"]


def test_a_run_that_ends_when_it_was_told_to_stop_is_interrupted_like_the_others():
    """It takes the stop for the answer, and is tried again: that its loss was no number will be seen again."""
    scene = Scene(Verdict.GO_ON, "rs")
    scene.talk.stop()
    scene.hear(Ended(0, Ending("failed", "the loss is nan")))
    scene.hear(Ending("interrupted", "interrupted"))
    assert [run.endings[0].state for run in scene.runs] == ["interrupted", "interrupted"]
