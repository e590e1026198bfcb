r"""The report's tables as LaTeX (booktabs), one file per table, to be included in a paper with \input."""

from collections.abc import Sequence
from textwrap import indent

import pandas as pd

from nsbench.report.tables.table import Cell, Rank, ReportTable

_REPLACED = {
    "\\": r"\textbackslash{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"$<$",
    ">": r"$>$",
    "±": r"$\pm$",
    "−": r"$-$",
    "–": "--",
    "÷": r"$\div$",
    "×": r"$\times$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "≈": r"$\approx$",
    "∞": r"$\infty$",
    "✓": r"$\checkmark$",
    "†": r"\dag{}",
    "…": r"\ldots{}",
    "·": r"$\cdot$",
}

# The T1 fonts have these letters; other scripts have none in pdflatex.
_LAST_LATIN = "\u017f"
_QUOTES = "‘’“”—"

_WORDY_COLUMNS = {"Claim": "0.28", "Evidence": "0.5", "Why": "0.5", "Command": "0.8"}
"""Columns whose cells run over several lines, with their share of the line's width."""

PREVIEW_HEAD = r"""\documentclass{article}
\usepackage[a4paper,landscape,margin=15mm]{geometry}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{amssymb,array,booktabs,graphicx}
\begin{document}
"""
"""What the tables need; the preview of all of them begins with it."""


def latex_table(table: ReportTable, label: str) -> str:
    """A table as a float; the best of a column is bold, the second best underlined; a note stands below.

    It needs the packages booktabs, array, graphicx and amssymb. A table that is wider than the line is scaled down to it.
    pandas writes the tabular alone: its float can neither be scaled nor hold a note, and its escaping leaves letters that
    pdflatex does not know.

    Args:
        table: The table.
        label: Goes after `tab:` for references.
    """
    note = f"\n\n\\smallskip\n{{\\footnotesize {latex_text(table.note)}\\par}}" if table.note else ""
    return rf"""\begin{{table}}
\centering
\caption{{{latex_text(table.title)}}}
\label{{tab:{label}}}
\resizebox{{\ifdim\width>\linewidth\linewidth\else\width\fi}}{{!}}{{%
{_tabular(table)}}}{note}
\end{{table}}
"""


def latex_preview(labels: Sequence[str]) -> str:
    """A document that shows all tables, by their files' names without an ending."""
    inputs = "\n".join(rf"\input{{{label}}}\clearpage" for label in labels)
    return f"{PREVIEW_HEAD}{inputs}\n\\end{{document}}\n"


def latex_text(text: str) -> str:
    r"""A text with all that means something to LaTeX escaped.

    >>> latex_text("ml_1m & 5 % ±0.1")
    'ml\\_1m \\& 5 \\% $\\pm$0.1'
    """
    return "".join(_REPLACED.get(character) or _letter(character) for character in text)


def _letter(character: str) -> str:
    """A letter that pdflatex knows, or its number: a table with another one would not compile."""
    is_known = character <= _LAST_LATIN or character in _QUOTES
    return character if is_known else rf"\texttt{{U+{ord(character):04X}}}"


def _tabular(table: ReportTable) -> str:
    cells = [[_cell(cell) for cell in row] for row in table.rows]
    for row in cells:
        # The ends of lines and the rules look for a `[` or a `*` behind them, and would take the row's for theirs.
        row[0] = f"{{}}{row[0]}" if row[0].startswith(("[", "*")) else row[0]
    frame = pd.DataFrame(cells, columns=[*map(latex_text, table.columns)], dtype=object)
    text = frame.to_latex(index=False, escape=False, column_format=_alignment(table)).rstrip("\n")
    return indent(text, "  ", lambda line: not line.startswith(("\\begin", "\\end")))


def _alignment(table: ReportTable) -> str:
    return "".join(
        rf"p{{{_WORDY_COLUMNS[name]}\linewidth}}" if name in _WORDY_COLUMNS else "l" if style.is_words else "r"
        for name, style in table.styles.items()
    )


def _cell(cell: Cell) -> str:
    text = latex_text(cell.text)
    match cell.rank:
        case Rank.BEST:
            return rf"\textbf{{{text}}}"
        case Rank.SECOND:
            return rf"\underline{{{text}}}"
        case Rank.OTHER:
            return text
