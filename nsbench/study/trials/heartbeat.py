"""Whether somebody still works on a trial that seems to run, on whatever machine.

A coordinator of this machine is looked up among its processes. One of another machine renews a heartbeat in each of its
trials; when it stays the same for long enough, the coordinator counts as dead. No clocks are compared: each process
measures by its own how long it has seen the same heartbeat. Should a coordinator that was given up for dead come back, its
trial is no longer its own, and its result is not taken.

Why not optuna's own (5.0: `RDBStorage.record_heartbeat`, `optuna.storages.fail_stale_trials`). It compares the database's clock
with the last heartbeat, so after an outage of the database, or a night in which the machines slept, the first to come back
fails the trials of all the others; here time counts only while somebody could look. It fails a trial first and queues its
point in a callback: who dies in between loses the point, where `trial_failure.lose` queues it before, under the study's lock.
A trial that died before its first heartbeat is never stale, and a dead process of this machine is noticed after the grace
period only, not at once. Claims of repeats (`nsbench.study.claim`) have no trials, so `UnchangedHeartbeats` would stay; and
the storage that retries calls would have to pass on methods of optuna's that are private.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import final

from optuna.trial import FrozenTrial

from nsbench.study.workers.process_id import OWNER, is_dead, is_of_this_machine

HEARTBEAT = "nsbench.sign_of_life"
"""The attribute of a running trial that its coordinator renews: seconds since 1970, to be compared with nothing but itself."""

RENEW_EVERY_S = 15.0

GRACE_S = 120.0
"""How long a coordinator of another machine may go without a heartbeat."""

_UNOWNED_GRACE_S = 10.0
"""A trial without an owner began this moment, or its process died in that moment."""

_LONGEST_STEP_S = 10.0
"""Time between two looks that counts at most: while nobody could look, nobody could renew a heartbeat either."""


@dataclass(frozen=True)
class _Seen:
    """A heartbeat, when it was last looked at, and for how long it has been the same."""

    heartbeat: object
    looked: float
    same_s: float = 0.0


@final
class UnchangedHeartbeats:
    """Measures for how long heartbeats have been the same, by this process's clock.

    Args:
        clock: Seconds that only go up.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[object, _Seen] = {}

    def same_s(self, key: object, heartbeat: object) -> float:
        """Seconds for which a heartbeat has been the same at each look; ask every few seconds.

        Args:
            key: Whose it is.
            heartbeat: What is renewed.
        """
        now = self._clock()
        before = self._seen.get(key)
        if before is None or before.heartbeat != heartbeat:
            found = _Seen(heartbeat, now)
        else:
            found = replace(before, looked=now, same_s=before.same_s + min(now - before.looked, _LONGEST_STEP_S))
        self._seen[key] = found
        return found.same_s


@final
class Heartbeats:
    """Watches the running trials of a study.

    Args:
        grace_s: How long a coordinator of another machine may go without a heartbeat.
        clock: Seconds that only go up.
    """

    def __init__(self, grace_s: float = GRACE_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._grace_s = grace_s
        self._heartbeats = UnchangedHeartbeats(clock)

    def is_orphaned(self, trial: FrozenTrial) -> bool:
        """Whether the coordinator of a running trial is dead; ask every few seconds."""
        process_id = trial.user_attrs.get(OWNER)
        if process_id is not None and is_of_this_machine(process_id):
            return is_dead(process_id)
        same_s = self._heartbeats.same_s(trial.number, (process_id, trial.user_attrs.get(HEARTBEAT)))
        return same_s > (_UNOWNED_GRACE_S if process_id is None else self._grace_s)
