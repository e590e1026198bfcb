"""Good logs with damaged bytes: some put in, taken out, doubled, moved or cut off."""

import gzip
import random
import re
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st

from nsbench.data.log.columns.column import Columns
from tests.data.log_case import Case, Reading, unique
from tests.data.log_json import json_cases
from tests.data.log_record import json_reading, text_reading
from tests.data.log_table import Table, tables
from tests.data.log_text import SEPARATORS, STYLES, Layout, layouts, text_of

INTRUDERS = (
    b'"',
    b",",
    b"\n",
    b"\r",
    b"\t",
    b";",
    b"|",
    b"::",
    b"\\",
    b"'",
    b" ",
    b"0",
    b"9",
    b"-",
    b"a",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xef\xbb\xbf",
    b"\xe2\x80\xa8",
    b"{",
    b"}",
    b"[",
    b'""',
    b'\\"',
)


def damaged(content: bytes, changes: Sequence[tuple[str, int, int]]) -> bytes:
    """The content with changes: what, where, and how much or with what."""
    for what, anywhere, size in changes:
        place = anywhere % (len(content) + 1)
        piece = content[place : place + (1, 1, 1, 2, 3, 7, 20, 40)[size % 8]]
        match what:
            case "put in":
                content = content[:place] + INTRUDERS[size % len(INTRUDERS)] + content[place:]
            case "taken out":
                content = content[:place] + content[place + len(piece) :]
            case "doubled":
                content = content[:place] + piece + content[place:]
            case "moved":
                other = size * 7919 % (len(content) + 1)
                content = content[:other] + piece + content[other:]
            case "cut off":
                content = content[:place]
    return content


changes = st.lists(
    st.tuples(
        st.sampled_from(("put in",) * 5 + ("taken out", "taken out", "doubled", "doubled", "moved", "cut off")),
        st.integers(0, 2_000),
        st.integers(0, 1_000),
    ),
    min_size=1,
    max_size=2,
)


@st.composite
def damaged_text(draw: st.DrawFn) -> Case:
    """A separated log with damage."""
    separator = draw(st.sampled_from(tuple(SEPARATORS)))
    table = draw(tables(separator))
    layout = draw(layouts(separator, len(table.rows) + table.has_header))
    content = damaged(text_of(table, layout, ()).encode(), draw(changes))
    try:
        text = _decoded(content)
    except UnicodeDecodeError:
        return _case(table, content, (), layout)
    return _case(table, content, _text_readings(text, table, separator), layout)


def _decoded(content: bytes) -> str:
    """The text, without the byte order marks that begin lines."""
    return re.sub(r"(?<![^\r\n])\ufeff+", "", content.decode())


def _text_readings(text: str, table: Table, separator: str) -> tuple[Reading, ...]:
    return unique([text_reading(text, separator, table.plan, style, has_header=table.has_header) for style in STYLES])


def _case(table: Table, content: bytes, readings: tuple[Reading, ...], layout: Layout) -> Case:
    return Case(
        name="log.csv",
        content=gzip.compress(content, 1, mtime=0) if layout.is_packed else content,
        read=table.read.model_copy(update={"columns": Columns(**table.plan.columns), "skip_bad_rows": False}),
        readings=readings,
        may_refuse=True,
        classes=(f"damaged {SEPARATORS[layout.separator]}",),
        duplicates=table.duplicates,
        text=repr(content),
    )


@st.composite
def damaged_json(draw: st.DrawFn) -> Case:
    """JSON lines with damage."""
    table = draw(tables(""))
    case, plan = draw(json_cases(table)), table.plan
    content = gzip.decompress(case.content) if case.content.startswith(b"\x1f\x8b") else case.content
    content = damaged(content, draw(changes))
    try:
        readings = unique([json_reading(_decoded(content), plan)])
    except UnicodeDecodeError:
        readings = ()
    read = case.read.model_copy(update={"columns": Columns(**plan.columns), "skip_bad_rows": False})
    return replace(
        case,
        content=content,
        readings=readings,
        read=read,
        may_refuse=True,
        classes=("damaged JSON lines",),
        text=repr(content),
    )


@st.composite
def damaged_gzip(draw: st.DrawFn) -> Case:
    """A packed log with damage to the packed bytes: what is unpacked is the log itself, or nothing."""
    table = draw(tables(","))
    plain = replace(draw(layouts(",", len(table.rows))), is_packed=True, blanks=("", ""), has_mark=False)
    text = text_of(table, plain, ())
    content = damaged(gzip.compress(text.encode(), mtime=0), draw(changes))
    try:
        text = _decoded(gzip.decompress(content))
    except Exception:
        readings: tuple[Reading, ...] = ()
    else:
        readings = _text_readings(text, table, ",")
    case = _case(table, b"", readings, plain)
    return replace(case, content=content, classes=("damaged gzip",), text=f"{content!r} of {text!r}")


def damaged_parquet(content: bytes, number: int) -> bytes:
    """Parquet with some bytes other than they were, gone or doubled."""
    generator = random.Random(number)
    damaged_bytes = bytearray(content)
    for _ in range(generator.choice((1, 1, 2, 5, 40))):
        place = generator.randrange(len(damaged_bytes))
        # The end of the file says where everything is.
        if generator.random() < 0.5:
            place = max(len(damaged_bytes) - 1 - generator.randrange(600), 0)
        match generator.randrange(5):
            case 0 | 1 | 2:
                damaged_bytes[place] = generator.randrange(256)
            case 3:
                del damaged_bytes[place : place + generator.randrange(1, 30)]
            case 4:
                damaged_bytes[place:place] = damaged_bytes[place : place + generator.randrange(1, 30)]
    return bytes(damaged_bytes)
