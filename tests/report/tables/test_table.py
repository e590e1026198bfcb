"""A table holds values, and shows them as text."""

import io
import json

from rich.console import Console

from nsbench.report.formats.export import report_json, table_csv
from nsbench.report.formats.latex import latex_table
from nsbench.report.formats.markdown import markdown_table
from nsbench.report.formats.terminal import terminal_table
from nsbench.report.tables.number_text import count, percent
from nsbench.report.tables.table import Cell, Rank, numbers, table_of, words

TABLE = table_of(
    "T",
    [
        words("Method", ["a", "b"]),
        numbers("Total", [0.25, float("nan")], percent, [Rank.BEST, Rank.OTHER]),
        numbers("Planned", [3, None], count),
    ],
)


def test_a_table_keeps_the_values_behind_its_text():
    assert TABLE.frame["Total"].dtype == "float64"
    assert TABLE.frame["Total"][0] == 0.25
    assert TABLE.frame["Planned"].tolist() == [3, None]


def test_cells_are_the_values_as_each_column_writes_them():
    assert TABLE.rows == (
        (Cell("a"), Cell("25.00", Rank.BEST), Cell("3")),
        (Cell("b"), Cell("–"), Cell("")),
    )
    assert table_csv(TABLE) == "Method,Total,Planned\na,25.00,3\nb,–,\n"


def test_a_table_without_rows_still_has_its_columns():
    empty = table_of("T", [words("Method", []), numbers("Total", [], percent)])
    assert (empty.columns, empty.rows) == (("Method", "Total"), ())


def test_half_a_surrogate_pair_is_text_like_any_other():
    """A file's name can bring one in."""
    assert table_of("T", [words("Method", ["\ud800"])]).rows == ((Cell("\ud800"),),)


def test_a_note_stands_below_the_table_in_every_format():
    table = table_of("T", [words("Method", ["a_b"])], "a_b | x.")
    assert markdown_table(table).endswith("| a_b |\n\na_b | x.")
    assert "\\end{tabular}}\n\n\\smallskip\n{\\footnotesize a\\_b | x.\\par}\n\\end{table}" in latex_table(table, "t")
    assert json.loads(report_json([], [table]))["tables"][0]["note"] == "a_b | x."
    stream = io.StringIO()
    Console(file=stream, width=80).print(terminal_table(table))
    assert stream.getvalue().rstrip().endswith("a_b | x.")
    without = table_of("T", [words("Method", ["a_b"])])
    assert markdown_table(without).endswith("| a_b |")
    assert "smallskip" not in latex_table(without, "t")
