"""The console that all commands print by: what others wrote is shown as it stands, whatever the terminal can show.

Names of columns, files, datasets and runs may hold control codes, which are written out, and brackets, which are no markup
here: a style is given as `style` or by a `Text`.
"""

import codecs
import io
import os
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from typing import final

from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment

from nsbench.printable import printable

_ERRORS = "nsbench.plain"
_PLAIN = {
    "±": "+/-", "×": "x", "·": "*", "²": "^2", "–": "-", "—": "-", "−": "-", "…": "...", "≤": "<=", "≥": ">=", "μ": "u",
    "→": "->", "’": "'", "“": '"', "”": '"',
}  # fmt: skip


@final
class Console(RichConsole):
    """Rich's console without markup, emoji codes and control codes in what it is given."""

    def __init__(self, *, stderr: bool = False, width: int | None = None, highlight: bool = True) -> None:
        super().__init__(stderr=stderr, width=width, highlight=highlight, markup=False, emoji=False)

    @property
    def is_live(self) -> bool:
        """Whether what has been shown can be drawn anew: in a terminal, and in a notebook that has ipywidgets."""
        return self.is_terminal or (self.is_jupyter and find_spec("ipywidgets") is not None)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As rich's; cells of tables come through here too, before their widths are reckoned."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)


def prepare_streams() -> None:
    """Makes stdout and stderr take every text: a closed one swallows it, and what its encoding lacks is written otherwise."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # Else the next file to be opened would take its place, and what is printed would go into it.
            os.open(os.devnull, os.O_RDWR)
    codecs.register_error(_ERRORS, _written_otherwise)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)


def _written_otherwise(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(_PLAIN.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in missing), error.end
