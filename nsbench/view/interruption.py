"""Ctrl-C, SIGTERM and SIGHUP: once, what goes on ends at its next good moment; twice, at once."""

import os
import signal
import stat
import threading
from contextlib import suppress
from types import FrameType
from typing import ClassVar, Self, final

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""From the keyboard, from who ends processes (kill, batch systems, containers), and from a terminal that was closed."""


class Interrupted(KeyboardInterrupt):
    """A command is to end; for all that goes on it is a Ctrl-C.

    Attributes:
        number: The signal.
        last: The last one of this process: typer makes an exit of every interruption, with the code of a Ctrl-C.
    """

    last: ClassVar["Interrupted | None"] = None

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
        Interrupted.last = self

    @property
    def exit_code(self) -> int:
        """128 + the signal's number, as shells have it."""
        return 128 + self.number


def raise_on_signals() -> None:
    """Has SIGTERM and SIGHUP end this process as Ctrl-C does; a signal that `nohup` or a shell has it ignore stays ignored."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _raise)


def _raise(number: int, frame: FrameType | None) -> None:
    if number == signal.SIGHUP:
        _leave_terminal()
    raise Interrupted(number)


def _leave_terminal() -> None:
    """Writes no more to a terminal that is gone: each write would fail, and with it what is still to be put right."""
    for descriptor in (1, 2):
        with suppress(OSError):
            # One that is gone is a device still, and no terminal any more.
            if stat.S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor):
                os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


@final
class Interruption:
    """Listens for these signals while it is a context; the handlers before are back afterwards.

    The first signal is only noted. The second one raises wherever the program is. Outside the main thread, which alone may
    handle signals, it listens for none.
    """

    def __init__(self) -> None:
        self._wanted: int | None = None
        self._before = {number: signal.getsignal(number) for number in SIGNALS}

    def __enter__(self) -> Self:
        if threading.current_thread() is not threading.main_thread():
            self._before = {}
        for number, handler in self._before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Call it where the program can end well.

        Raises:
            Interrupted: A signal has come since.
        """
        if self._wanted is not None:
            raise Interrupted(self._wanted)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            _leave_terminal()
        if self._wanted is not None:
            raise Interrupted(number)
        self._wanted = number
