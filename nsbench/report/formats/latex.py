r"""The report's tables as LaTeX (booktabs), a file a table, to be taken into a paper with \input."""

from collections.abc import Sequence

from nsbench.report.tables.table import TEXT_COLUMNS, Cell, ReportTable, Standing

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

    Args:
        table: The table.
        label: Goes after `tab:` for references.
    """
    header = " & ".join(map(latex_text, table.columns))
    note = f"\n\n\\smallskip\n{{\\footnotesize {latex_text(table.note)}\\par}}" if table.note else ""
    rows = "\n".join(f"  {_unstarred(' & '.join(map(_cell, row)))} \\\\" for row in table.rows)
    return rf"""\begin{{table}}
\centering
\caption{{{latex_text(table.title)}}}
\label{{tab:{label}}}
\resizebox{{\ifdim\width>\linewidth\linewidth\else\width\fi}}{{!}}{{%
\begin{{tabular}}{{{_alignment(table.columns)}}}
  \toprule
  {header} \\
  \midrule
{rows}
  \bottomrule
\end{{tabular}}}}{note}
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


def _unstarred(row: str) -> str:
    r"""A row that the end of the one before it does not take for its argument: `\\` and `\midrule` look for a `[` or a `*`."""
    return f"{{}}{row}" if row.startswith(("[", "*")) else row


def _alignment(columns: Sequence[str]) -> str:
    return "".join(
        rf"p{{{_WORDY_COLUMNS[column]}\linewidth}}"
        if column in _WORDY_COLUMNS
        else "l"
        if column in TEXT_COLUMNS
        else "r"
        for column in columns
    )


def _cell(cell: Cell) -> str:
    text = latex_text(cell.text)
    match cell.standing:
        case Standing.BEST:
            return rf"\textbf{{{text}}}"
        case Standing.SECOND:
            return rf"\underline{{{text}}}"
        case Standing.OTHER:
            return text
