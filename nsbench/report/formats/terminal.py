"""The report in a terminal, as rich renderables; printing them is the command line's."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nsbench.report.answer.answer import answer
from nsbench.report.answer.cut_off import MARK, has_cut_off
from nsbench.report.protocols.protocol_table import protocol_tables
from nsbench.report.summary import DatasetSummary
from nsbench.report.tables.result import result_tables
from nsbench.report.tables.run_counts import run_count_tables
from nsbench.report.tables.table import Cell, Rank, ReportTable

_STYLES = {Rank.BEST: "bold green", Rank.SECOND: "underline", Rank.OTHER: ""}
_SPELLED = str.maketrans(
    {
        "•": "*",
        "±": "+-",
        "–": "-",
        "−": "-",
        "÷": "/",
        "×": "x",
        "≥": ">=",
        "≤": "<=",
        "≈": "~",
        "∞": "inf",
        "✓": "x",
        "†": "*",
    }
    | {"…": "...", "·": "."}
)

LEGEND = "Bold: best of its column, baselines aside; underlined: second best; ±: one standard deviation over repeats."
"""How to read the tables in a terminal."""

_LEGEND_OF_MARK = f"{MARK}: runs were cut off before they stopped getting better."


def terminal_report(summaries: Sequence[DatasetSummary]) -> RenderableType:
    """The answer and the tables of every dataset."""
    parts: list[RenderableType] = []
    for summary in summaries:
        parts.append(Text(f"\n{summary.dataset}", style="bold"))
        parts += [Padding(Text(f"• {sentence}"), (0, 0, 0, 2)) for sentence in answer(summary)]
        parts += [
            Group(Text(), terminal_table(table)) for table in (*result_tables(summary), *run_count_tables(summary))
        ]
    parts += [Group(Text(), terminal_table(table)) for table in protocol_tables(summaries)]
    is_marked = any(has_cut_off(summary.selection.methods) for summary in summaries)
    return Group(*parts, Text(f"\n{LEGEND}{f' {_LEGEND_OF_MARK}' if is_marked else ''}", style="dim"))


def ascii_text(text: str) -> str:
    r"""A text for a terminal or a file that takes only ASCII.

    >>> ascii_text("• 2.00 ±0.10 – ÷ é")
    '* 2.00 +-0.10 - / \\xe9'
    """
    return text.translate(_SPELLED).encode("ascii", "backslashreplace").decode()


def terminal_table(table: ReportTable) -> Table:
    """A table with words to the left and numbers to the right, and its note below."""
    drawn = Table(
        title=Text(table.title),
        title_justify="left",
        title_style="bold",
        header_style="dim",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        caption=Text(table.note) if table.note else None,
        caption_justify="left",
    )
    # Rows are found by their methods, so these are never broken; `Text`, since rich reads [red] in a string as markup.
    for name, style in table.styles.items():
        drawn.add_column(Text(name), justify="left" if style.is_words else "right", no_wrap=name == "Method")
    for row in table.rows:
        drawn.add_row(*(_text(cell) for cell in row))
    return drawn


def _text(cell: Cell) -> Text:
    return Text(cell.text, style=_STYLES[cell.rank])
