"""Waiting for a store that doesn't answer: a database that is restarted, a server that is down for a minute."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar, final

from nsbench.errors import TrackingError
from nsbench.secret import masked

OPENING_WAIT_S = 30.0
"""How long a command that starts waits for a server that doesn't answer: it may be starting too."""

_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 5.0
_HURRY_S = 2.0

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")


@final
class RetryPolicy:
    """Makes calls to a store again, with growing pauses, while it is out.

    Args:
        store: What messages call the store; without a password.
        limit_s: How long a call waits for an answer.
        is_outage: Whether an error may pass by itself; every other one is raised at once.
        pause: Waits for the seconds that it is given; may raise to end the wait.
    """

    def __init__(
        self,
        store: str,
        limit_s: float,
        is_outage: Callable[[Exception], bool],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._sleep = pause
        self._limit_s = limit_s
        self._is_outage = is_outage

    def call(self, function: Callable[[], _Result]) -> _Result:
        """The result of a function, which is called again until the store answers.

        An interruption while it waits is passed on, and from then on nothing waits long: who stops wants to leave.

        Raises:
            TrackingError: There was no answer in time.
        """
        pause_s = _FIRST_PAUSE_S
        began: float | None = None
        while True:
            try:
                result = function()
            except Exception as error:
                if not self._is_outage(error):
                    raise
                now = time.monotonic()
                if began is None:
                    began = now
                    _log.warning("%s doesn't answer (%s); trying again", self._store, first_line(error))
                if now - began >= self._limit_s:
                    raise TrackingError(
                        f"{self._store} has not answered for {now - began:.0f} s: {first_line(error)}; what has finished "
                        "is kept; when it answers again, the same command goes on"
                    ) from error
                self._pause(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                continue
            if began is not None:
                _log.warning("%s answers again, after %.0f s", self._store, time.monotonic() - began)
            return result

    def _pause(self, seconds: float) -> None:
        try:
            self._sleep(seconds)
        except BaseException:
            self._limit_s = min(self._limit_s, _HURRY_S)
            raise


def first_line(error: BaseException) -> str:
    """What an error says, in a line, without the passwords of the addresses that this process's environment names."""
    lines = masked(str(error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__
