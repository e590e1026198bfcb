"""A coordinator of another machine is dead when its heartbeat stays the same for long enough."""

from optuna.trial import TrialState

from nsbench.study.trials.heartbeat import HEARTBEAT, Heartbeats
from nsbench.study.workers.process_id import OWNER
from tests.study.study_builder import trial_of

ELSEWHERE = "elsewhere:1:1"


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def lost_after(seconds: list[float], signs: list[object], owner: str | None = ELSEWHERE) -> list[bool]:
    """Whether a trial counts as lost at each look, with a grace of 60 s."""
    clock = Clock()
    watched = Heartbeats(grace_s=60, clock=clock)
    answers = []
    for now, sign in zip(seconds, signs, strict=True):
        clock.now = now
        attributes = {HEARTBEAT: sign} | ({OWNER: owner} if owner else {})
        answers.append(watched.is_orphaned(trial_of(0, TrialState.RUNNING, attributes)))
    return answers


def test_the_same_sign_for_longer_than_the_grace_is_a_dead_coordinator():
    """Looks every 10 s at the same sign: after 60 s it isn't longer than 60 s yet, after 70 s it is."""
    seconds = [float(second) for second in range(0, 80, 10)]
    assert lost_after(seconds, [1] * 8) == [False] * 7 + [True]


def test_a_new_sign_begins_the_grace_anew():
    """The sign changes at 50 s: 60 s later it has been the same for 60 s, 70 s later for longer."""
    seconds = [float(second) for second in range(0, 130, 10)]
    assert lost_after(seconds, [1] * 5 + [2] * 8) == [False] * 12 + [True]


def test_time_in_which_nobody_could_look_does_not_count():
    """The database was out for an hour: of it 10 s count, so the coordinator has time to show itself."""
    assert lost_after([0.0, 3600.0, 3605.0], [1, 1, 2]) == [False] * 3


def test_a_trial_that_nobody_owns_is_lost_after_ten_seconds():
    assert lost_after([0.0, 5.0, 10.0, 11.0], [None] * 4, owner=None) == [False, False, False, True]
