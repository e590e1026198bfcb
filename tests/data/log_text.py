"""Separated logs: CSV, TSV, `;`, `|` and `::`, with and without a header, in every way to quote, blank and end lines."""

import csv
import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from tests.data.log_case import Case, Reading, unique
from tests.data.log_oracle import reading_of
from tests.data.log_record import AFTER_BLANKS, ESCAPED, ESCAPED_OR_DOUBLED, QUOTED, UNQUOTED, text_reading
from tests.data.log_table import Table, tables
from tests.data.log_value import STRAY_TITLES

STYLES = (QUOTED, UNQUOTED, ESCAPED, ESCAPED_OR_DOUBLED, AFTER_BLANKS)
SEPARATORS = {",": "csv", "\t": "tsv", ";": "semicolons", "|": "bars", "::": "double colons", " ": "blanks"}
QUOTINGS = {
    "none": csv.QUOTE_NONE,
    "minimal": csv.QUOTE_MINIMAL,
    "all": csv.QUOTE_ALL,
    "nonnumeric": csv.QUOTE_NONNUMERIC,
}


@dataclass(frozen=True)
class Layout:
    """How the text of a table is laid out.

    Attributes:
        separator: Between fields.
        quoting: One of QUOTINGS.
        end: Of a line.
        blanks: Before and after each field that isn't quoted.
        blank_lines: What stands before each place of the rows, the header's included.
        has_last_end: Whether the last line is ended.
        has_mark: Whether there is a byte order mark.
        is_packed: Whether it is gzipped.
    """

    separator: str
    quoting: str
    end: str
    blanks: tuple[str, str]
    blank_lines: Mapping[int, str]
    has_last_end: bool
    has_mark: bool
    is_packed: bool


@st.composite
def layouts(draw: st.DrawFn, separator: str, n_lines: int) -> Layout:
    """A way to lay text out."""
    places = draw(st.lists(st.sampled_from((0, 1, n_lines // 2, n_lines)), max_size=2)) if draw(st.booleans()) else []
    return Layout(
        separator=separator,
        quoting="none" if separator == "::" else draw(st.sampled_from(sorted(QUOTINGS))),
        end=draw(st.sampled_from(("\n",) * 12 + ("\r\n",) * 7 + ("\r",) * (separator != "::"))),
        blanks=draw(st.sampled_from((("", ""),) * 8 + ((" ", ""), ("", " "), ("  ", " "), ("\u00a0", ""))))
        if separator != " "
        else ("", ""),
        blank_lines=dict.fromkeys(places, draw(st.sampled_from(("", "", "  ")))),
        has_last_end=draw(st.booleans()),
        has_mark=draw(st.integers(0, 3)) == 0,
        is_packed=draw(st.integers(0, 3)) == 0,
    )


def needs_quotes(value: str, separator: str) -> bool:
    """Whether a field can't stand as it is."""
    return separator in value or "\n" in value or "\r" in value or value.startswith('"') or separator + value == " "


def field_of(value: str, layout: Layout) -> str:
    """A field as it is written."""
    quoting = QUOTINGS[layout.quoting]
    must = needs_quotes(value, layout.separator)
    wants = quoting == csv.QUOTE_ALL or (quoting == csv.QUOTE_NONNUMERIC and not value.lstrip("-").isdecimal())
    if must or wants or (quoting == csv.QUOTE_MINIMAL and '"' in value):
        return '"' + value.replace('"', '""') + '"'
    before, after = layout.blanks
    return f"{before}{value}{after}"


def text_of(table: Table, layout: Layout, raw: Sequence[str]) -> str:
    """The file, decoded.

    Args:
        table: What it says.
        layout: How.
        raw: Columns whose fields are written as they are, whatever they hold.
    """
    lines = [table.columns] if table.has_header else []
    written = [layout.separator.join(field_of(name, layout) for name in line) for line in lines]
    for row in table.rows:
        fields = [
            value if name in raw else field_of(value, layout)
            for name, value in zip(table.names_of(row), row, strict=True)
        ]
        written.append(layout.separator.join(fields))
    for place in sorted(layout.blank_lines, reverse=True):
        written.insert(place, layout.blank_lines[place])
    return layout.end.join(written) + layout.end * layout.has_last_end


def packed(text: str, layout: Layout) -> bytes:
    """The file."""
    content = text.encode("utf-8-sig" if layout.has_mark else "utf-8")
    return gzip.compress(content, 1, mtime=0) if layout.is_packed else content


@st.composite
def text_cases(draw: st.DrawFn, separators: Sequence[str] = ",,,\t;|") -> Case:
    """A log with one of the separators."""
    separator = draw(st.sampled_from(separators))
    table = draw(tables(separator))
    layout = draw(layouts(separator, len(table.rows) + table.has_header))
    raw: tuple[str, ...] = ()
    classes = [SEPARATORS[separator], "header" if table.has_header else "no header", *table.classes]
    has_ends = "line ends in titles" in classes
    if table.titles and separator != "::" and not has_ends and draw(st.integers(0, 3)) == 0:
        kind = draw(st.sampled_from(sorted(STRAY_TITLES)))
        title = draw(st.sampled_from(table.titles))
        table = table.with_values(
            title, draw(st.lists(st.sampled_from(STRAY_TITLES[kind]), min_size=1, max_size=4)), separator
        )
        raw = (title,)
        classes.append(kind)
    text = text_of(table, layout, raw)
    classes += layout_classes(layout)
    case = case_of(table, layout, text, tuple(classes), raw)
    return draw(_encoded(case, layout)) if draw(st.integers(0, 29)) == 29 else case


@st.composite
def _encoded(draw: st.DrawFn, case: Case, layout: Layout) -> Case:
    """The log in another encoding than UTF-8: refused, or read if nothing that is read looks different in it."""
    encoding = draw(st.sampled_from(("utf-16", "utf-16-le", "latin-1", "cp1252")))
    try:
        content = case.text.encode(encoding)
    except UnicodeEncodeError:
        return case
    if content == case.text.encode():
        return case
    readings = () if encoding.startswith("utf-16") else case.readings
    packed = gzip.compress(content, 1, mtime=0) if layout.is_packed else content
    return replace(case, content=packed, readings=readings, may_refuse=True, classes=(*case.classes, encoding))


def layout_classes(layout: Layout) -> list[str]:
    """What a layout is an example of."""
    found = {
        f"quoting {layout.quoting}": True,
        "byte order mark": layout.has_mark,
        "gzip": layout.is_packed,
        r"\r\n": layout.end == "\r\n",
        r"\r": layout.end == "\r",
        "no last line end": not layout.has_last_end,
        "blank lines": bool(layout.blank_lines),
        "leading blank lines": 0 in layout.blank_lines,
        "blanks around fields": layout.blanks != ("", ""),
    }
    return [name for name, holds in found.items() if holds]


def case_of(table: Table, layout: Layout, text: str, classes: tuple[str, ...], raw: Sequence[str]) -> Case:
    """The log with every right way to read it."""
    plan, separator = table.plan, layout.separator
    as_meant = reading_of([dict(zip(table.columns, row, strict=False)) for row in table.rows], plan)
    is_plain = not raw
    by_csv = text_reading(text, separator, plan, has_header=table.has_header, may_swallow=is_plain)
    arguable = table.is_arguable
    readings: tuple[Reading, ...]
    if table.is_refused:
        readings = ()
    elif is_plain:
        if by_csv != as_meant and layout.blanks == ("", ""):
            raise AssertionError(f"the log doesn't say what it should: {text!r}: {by_csv} is not {as_meant}")
        readings = unique([by_csv, as_meant])
        arguable |= text_reading(text, separator, plan, has_header=table.has_header) is None
        arguable |= has_quotes_after_blanks(text, layout)
    else:
        styles = STYLES if is_arguable_raw(text, table, raw) else (QUOTED,)
        readings = unique([text_reading(text, separator, plan, style, has_header=table.has_header) for style in styles])
        arguable |= len(styles) > 1
    arguable |= layout.end == "\r" or separator == " "
    arguable |= any(reading.left_out_is_bad for reading in readings)
    if not table.has_header:
        arguable |= table.has_odd_first_row()
    return Case(
        name="log.csv",
        content=packed(text, layout),
        read=table.read,
        readings=readings,
        may_refuse=arguable,
        classes=classes,
        duplicates=table.duplicates,
        text=text,
    )


def has_quotes_after_blanks(text: str, layout: Layout) -> bool:
    """Whether blanks stand beside quoted fields."""
    return layout.blanks != ("", "") and '"' in text


def is_arguable_raw(text: str, table: Table, raw: Sequence[str]) -> bool:
    """Whether a field that is written as it is begins with a quote or holds a backslash."""
    places = [table.columns.index(name) for name in raw]
    values = [row[place] for row in table.rows for place in places if place < len(row)]
    return any(value.lstrip().startswith('"') or "\\" in value for value in values) or "\\" in text
