"""How the bench's tables, paragraphs and numbers look."""

from rich import box
from rich.table import Table
from rich.text import Text

_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def table_of(title: str, first: str, *others: str) -> Table:
    """A table with one column of words and others of numbers."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE, padding=0, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def text_of(words: str, style: str = "") -> Text:
    """A paragraph."""
    return Text(words + "\n", style)


def ratio(value: float | None) -> str:
    """A ratio; a dash where it wasn't measured."""
    return "-" if value is None else f"{value:.2f}"


def number(value: float) -> str:
    """Three digits and a letter for the thousands, such as 105k."""
    for size, letter in _UNITS:
        if abs(value) >= size:
            return f"{float(f'{value / size:.3g}'):g}{letter}"
    return f"{value:.3g}"
