"""Holds interruptions back while something is done that must not be cut in two."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_Handler = Callable[[int, FrameType | None], object]


@contextmanager
def undivided() -> Iterator[None]:
    """Lets the first signal wait to the end of the context, where it does what it would have done; a second one does it at once.

    Signals that nobody in this program handles, and those of other threads, are left as they are.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    noted: list[tuple[_Handler, int]] = []
    before: dict[int, _Handler] = {}

    def note(number: int, frame: FrameType | None) -> None:
        if noted:
            before[number](number, frame)
        noted.append((before[number], number))

    for one in _SIGNALS:
        handler = signal.getsignal(one)
        if callable(handler):
            before[one] = handler
            signal.signal(one, note)
    try:
        yield
    finally:
        for number, own in before.items():
            signal.signal(number, own)
    for wanted, number in noted:
        wanted(number, None)
