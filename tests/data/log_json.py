"""Logs as JSON lines: members in any order, missing, null, as numbers or text, with escapes and nested values beside them."""

import gzip
import json
import re

from hypothesis import strategies as st

from tests.data.log_case import Case, unique
from tests.data.log_record import json_reading
from tests.data.log_table import Table, tables

ASIDE = (
    '"a\\u2028b"',
    '"a\u2028b\u0085c"',
    '{"a": [1, {"b": null}], "user_id": 9}',
    "[]",
    '[[1, 2], "x"]',
    "1e400",
    "-0.0",
    "true",
    '"\\"quoted\\" \\\\ \\/ \\n \\t"',
    '"🎉 \\ud83c\\udf89"',
    '"' + "long " * 15_000 + '"',
    "[" * 40 + "]" * 40,
    "12345678901234567890123",
    '""',
)
"""Values of members that aren't read."""

HALF = '"\\ud800"'
"""Half a character: Python's json takes it, Unicode doesn't."""

NO_OBJECTS = (
    "[1, 2, 3]",
    '"text"',
    "17",
    "null",
    '{"user_id": 1,',
    '{"user_id": 1,}',
    "{'user_id': 1}",
    '{"user_id": 1} {"user_id": 2}',
    '{"user_id": 1}]',
    "garbage",
    "[" * 100_000,
    '{"user_id": "a',
    "{user_id: 1}",
    '{"a": 01}',
    '{"a": "\t"}',
    "// {}",
)
"""Lines that are no JSON object."""


@st.composite
def json_cases(draw: st.DrawFn, table: Table | None = None) -> Case:
    """A log as JSON lines, of a table where one is given."""
    table = table or draw(tables(""))
    classes = ["JSON lines", *table.classes]
    written = {name: draw(st.sampled_from(("text", "numbers", "either"))) for name in table.columns}
    aside = draw(st.lists(st.sampled_from(ASIDE), max_size=2))
    if draw(st.integers(0, 19)) == 0:
        aside.append(HALF)
        classes.append("half a character")
    shuffles = draw(st.booleans())
    spaces = draw(st.sampled_from(((", ", ": "), (",", ":"), (" , ", " : "))))
    is_ascii = draw(st.booleans())
    lines = []
    for number, row in enumerate(table.rows):
        members = [
            (name, _value(text, written[name], number, is_ascii))
            for name, text in zip(table.columns, row, strict=False)
        ]
        members = [(name, value) for name, value in members if value is not None]
        members += [(f"aside {place}", value) for place, value in enumerate(aside) if number % 3 == place]
        if shuffles and number % 2:
            members.reverse()
        lines.append("{" + spaces[0].join(json.dumps(name) + spaces[1] + value for name, value in members) + "}")
    may_refuse, must_refuse = HALF in aside or table.is_arguable, table.is_refused
    odd = draw(st.integers(0, 24))
    place = draw(st.integers(0, len(lines)))
    if odd == 0:
        lines.insert(place, draw(st.sampled_from(NO_OBJECTS)))
        classes.append("line that is no object")
    elif odd in (1, 2):
        name = draw(st.sampled_from([table.plan.columns[role] for role in ("user", "item", "time")]))
        value, kind = draw(
            st.sampled_from(
                (('{"id": 7}', "nested label"), ("[7]", "nested label"), ("NaN", "NaN"), ('"x"', "member twice"))
            )
        )
        place = min(place, len(lines) - 1)
        if kind == "member twice" or f'"{name}"' not in lines[place]:
            extra = json.dumps(name) + ": " + value
            lines[place] = "{" + extra + (", " if lines[place] != "{}" else "") + lines[place][1:]
        else:
            lines[place] = re.sub(
                re.escape(json.dumps(name)) + r'( ?: ?)("(?:[^"\\]|\\.)*"|[^,} ]+)',
                lambda m: json.dumps(name) + m[1] + value,
                lines[place],
            )
        classes.append(kind)
        may_refuse |= kind != "nested label" or name == table.plan.columns["time"]
    for blank in (
        draw(st.lists(st.sampled_from((0, 1, len(lines))), max_size=2)) if draw(st.integers(0, 3)) == 0 else []
    ):
        lines.insert(blank, draw(st.sampled_from(("", " ", "\t"))))
        classes.append("blank lines")
    end = draw(st.sampled_from(("\n", "\n", "\r\n")))
    text = end.join(lines) + end * draw(st.booleans())
    has_mark, is_packed = draw(st.integers(0, 3)) == 0, draw(st.integers(0, 3)) == 0
    classes += (
        ["byte order mark"] * has_mark
        + ["gzip"] * is_packed
        + [r"\r\n"] * (end == "\r\n")
        + [f"{kind} in JSON" for kind in sorted(set(written.values()))]
    )
    content = text.encode("utf-8-sig" if has_mark else "utf-8")
    readings = () if must_refuse else unique([json_reading(text, table.plan)])
    return Case(
        name="log.json",
        content=gzip.compress(content, 1, mtime=0) if is_packed else content,
        read=table.read,
        readings=readings,
        may_refuse=may_refuse or any(reading.left_out_is_bad for reading in readings),
        classes=tuple(classes),
        duplicates=table.duplicates,
        text=text,
    )


def _value(text: str, written: str, number: int, is_ascii: bool) -> str | None:
    """A field as JSON; None where the member is left out."""
    if written == "either":
        written = ("text", "numbers")[number % 2]
    if text == "" and written == "numbers":
        return (None, "null")[number // 2 % 2]
    if written == "numbers" and re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", text):
        return text
    return json.dumps(text, ensure_ascii=is_ascii)
