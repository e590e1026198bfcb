"""Whatever a label or a dataset's name holds, the report shows it as text, in every format."""

import csv
import io
import json
import re
from xml.etree import ElementTree

import pytest
from rich.console import Console

from nsbench.report.formats.document import anchor, file_stem
from nsbench.report.formats.latex import latex_table, latex_text
from nsbench.report.formats.markdown import markdown_table
from nsbench.report.formats.plain_text import plain_text
from nsbench.report.formats.terminal import ascii_text, terminal_report
from nsbench.report.report import build_report
from nsbench.report.run_check import number_of
from nsbench.report.tables.table import table_of, words
from nsbench.terms import RunKind
from tests.report.made_reader import MadeReader
from tests.report.stored_run_builder import repeats, stored

LABELS = (
    *(
        "$$",
        "$\\frac{$",
        "[/b]",
        "[red",
        "<script>alert(1)</script>",
        "a|b\\|c",
        "`x",
        "two\nlines",
        "\x1b[31mred",
        "\u202eevil",
    ),
    *(
        "=cmd()",
        "\\input{x}",
        "%_#&{}~^",
        "long" * 200,
        "日本語",
        "_hidden",
        "[5pt]",
        "'DejaVu Sans' x",
        'id="x',
        "![](http://x)",
    ),
)


class NamedReader(MadeReader):
    """Gives its runs under another dataset's name."""

    def __init__(self, name, runs):
        super().__init__(runs)
        self._name = name

    def datasets(self):
        return (self._name,)


def runs_of(labels):
    found = []
    for place, label in enumerate(labels):
        found += repeats(label, [0.1 + 0.01 * place, 0.2], 0.5, first_minute=2 * place)
    trial = stored(labels[0], 1, {"valid/all/ndcg_at_10": 0.1}, kind=RunKind.TRIAL, params={"n_evil$$": "3"})
    other = stored(labels[0], 2, {"valid/all/ndcg_at_10": 0.1}, kind=RunKind.TRIAL, params={"n_evil$$": "5"})
    return [*found, trial, other]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Of twenty methods with a hostile label each, on a dataset whose name is one too."""
    reader = NamedReader("a/../[/b]$$<script>\x1b", runs_of(LABELS))
    return build_report(reader, [], tmp_path_factory.mktemp("hostile") / "report")


def texts(report):
    return {path: path.read_text(encoding="utf-8") for path in report.files if path.suffix != ".png"}


def test_no_file_holds_a_control_code_or_a_mark_of_direction(report):
    for path, text in texts(report).items():
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text), path


def test_all_files_lie_in_the_reports_folder(report):
    inside = sorted(path for path in report.output.rglob("*") if path.is_file())
    assert sorted(report.files) == inside
    assert all(len(path.name.encode()) < 255 for path in inside)


def test_no_page_and_no_markdown_holds_an_element_out_of_a_label(report):
    """Matplotlib's figures and our templates bring no scripts and no pictures."""
    for path, text in texts(report).items():
        if path.suffix in {".html", ".md", ".svg"}:
            assert "<script" not in text, path
            assert path.suffix != ".md" or "](http" not in text, path


def test_every_figure_is_whole_and_shows_the_label_as_it_is(report):
    figures = [path for path in report.files if path.suffix == ".svg"]
    assert len(figures) >= 4
    for path in figures:
        ElementTree.parse(path)
    (repeat_figure,) = (path for path in figures if path.name.startswith("repeats"))
    shown = "".join(ElementTree.parse(repeat_figure).getroot().itertext())
    for label in ("$$", "[/b]", "<script>alert(1)</script>", "日本語", "'DejaVu Sans' x", "\\x1b[31mred"):
        assert label in shown


def test_a_spreadsheet_finds_no_formula(report):
    with (report.output / "methods.csv").open(encoding="utf-8", newline="") as stream:
        labels = [row["label"] for row in csv.DictReader(stream)]
    assert "'=cmd()" in labels
    assert not any(label.startswith(("=", "+", "-", "@")) for label in labels)


def test_the_json_holds_every_label(report):
    (dataset,) = json.loads((report.output / "report.json").read_text(encoding="utf-8"))["datasets"]
    shown = [method["label"] for method in dataset["methods"]]
    assert {"$$", "a|b\\|c", "two\\nlines", "\\x1b[31mred", "\\u202eevil"} <= set(shown)
    assert len(set(shown)) == len(LABELS)


def test_the_terminal_gets_labels_as_text(report):
    stream = io.StringIO()
    Console(file=stream, width=400).print(terminal_report(report.summaries))
    assert "[/b]" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_the_terminals_text_can_be_spelled_in_ascii(report):
    stream = io.StringIO()
    Console(file=stream, width=400).print(terminal_report(report.summaries))
    assert ascii_text(stream.getvalue()).isascii()


def test_a_markdown_cell_keeps_its_bars_and_backslashes():
    """A backslash before an escaped bar would take the bar's own away."""
    text = markdown_table(table_of("t", [words("Method", ["a|b\\|c"])]))
    assert text.splitlines()[-1] == "| a\\|b\\\\\\|c |"


def test_a_latex_row_that_begins_with_a_bracket_is_no_argument():
    text = latex_table(table_of("t", [words("Method", ["[5pt]", "*"])]), "t")
    assert "  {}[5pt] \\\\" in text.splitlines()
    assert "  {}* \\\\" in text.splitlines()


def test_a_letter_that_pdflatex_does_not_know_is_its_number():
    assert latex_text("é 日") == r"é \texttt{U+65E5}"


def test_names_that_differ_have_different_files_and_anchors():
    names = ["a b", "a-b", "A-b", "a/b", "../a-b", "日本", "本日", ".", "..", "", "x" * 400, "x" * 401]
    assert len({file_stem(name).lower() for name in names if name != "A-b"}) == len(names) - 1
    assert len({anchor(name) for name in names}) == len(names)
    assert all("/" not in file_stem(name) and not file_stem(name).startswith(".") for name in names)


def test_texts_that_differ_stay_different():
    texts = ["x" * 100, "x" * 101, "a\x1b", "a", "a\x00", "\ud800"]
    shown = [plain_text(text, most=40) for text in texts]
    assert len(set(shown)) == len(texts)
    assert all(len(text) <= 40 and text.isprintable() for text in shown)


@pytest.mark.parametrize("text", ["", " 1", "1 ", "1_000", "٣", "infinity", "nan", "1e999", "0x10", "True"])
def test_what_is_no_number_is_not_taken_for_one(text):
    assert number_of(text) != number_of(text)
