"""Ctrl-C and SIGTERM: once, what goes on ends at its next good moment; twice, at once."""

import signal
from types import FrameType
from typing import Self, final

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@final
class Interruption:
    """Listens for Ctrl-C and SIGTERM while it is a context; the handlers before are back afterwards.

    The first signal is only noted. The second one raises KeyboardInterrupt wherever the program is.
    """

    def __init__(self) -> None:
        self._wanted = False
        self._before = {number: signal.getsignal(number) for number in _SIGNALS}

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            signal.signal(number, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Call it where the program can end well.

        Raises:
            KeyboardInterrupt: A signal has come since.
        """
        if self._wanted:
            raise KeyboardInterrupt

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._wanted:
            raise KeyboardInterrupt
        self._wanted = True
