"""Texts of others as a terminal may get them: names in logs and stores may hold codes that steer it."""

import logging

from nsbench.secret import masked

_KEPT = "\n\t"
_TURNING = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Marks that turn the direction of writing, so that a text reads otherwise than it is."""

_ESCAPED = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in (*range(0x20), *range(0x7F, 0xA0), *_TURNING)
    if chr(code) not in _KEPT
}


def printable(text: str) -> str:
    r"""The text with control codes written out; line ends and tabs stay.

    >>> print(printable("red: \x1b[31m"))
    red: \x1b[31m
    """
    return text.translate(_ESCAPED)


class PrintableFormatter(logging.Formatter):
    """Log lines for a terminal, without control codes and passwords."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """As `logging.Formatter`'s, traceback included."""
        return printable(masked(super().format(record)))


def log_to_terminal(level: int) -> None:
    """Shows this process's log from a level on, on stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(PrintableFormatter())
    logging.basicConfig(level=level, handlers=[handler])
