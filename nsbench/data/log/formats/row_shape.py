"""What a line of a separated file looks like that is a row by itself: so a quote that takes in rows is told from quoted text.

Text rarely holds as many separators as a row, and hardly ever a time in a time's place besides.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from nsbench.data.log.formats.text_file import open_lines

N_ROWS = 1_000
FEWEST_ROWS = 3
USUAL_SHARE = 0.9
"""What a row looks like is taken from so many rows: a place has a usual shape where this share of them look alike."""

DATE, LONG_NUMBER = "date", "long number"
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?!\d)|\d{8}[T ]\d")
_LONG_NUMBER = re.compile(r"[+-]?\d{8,}(?:\.\d*)?")


@dataclass(frozen=True)
class TakenIn:
    """What the lines after a row's first one may be, as places in the row's lines; None: there is none such.

    Attributes:
        row: The first line that is a row by itself.
        lookalike: The first one that has as many fields as a row and else nothing of one.
    """

    row: int | None
    lookalike: int | None


class RowShape:
    """What a line looks like that is a row by itself.

    Attributes:
        separator: One character.
        n_columns: Fields of a row.
    """

    def __init__(self, path: Path, separator: str, n_columns: int, rows: Sequence[Sequence[str]]) -> None:
        """Finds out what rows mostly look like.

        Args:
            path: The file.
            separator: One character.
            n_columns: Fields of a row.
            rows: Rows that are likely to be ones; of too few, lines with as many fields are taken instead.
        """
        self.separator = separator
        self.n_columns = n_columns
        mark = re.escape(separator)
        # A field in quotes that ends before the next separator, or whatever stands up to it.
        self._field = re.compile(rf'(?:^|{mark})("(?:[^"]|"")*"(?={mark}|$)|[^{mark}]*)')
        self._closed = re.compile(r'"(?:[^"]|"")*"', re.DOTALL)
        if len(rows) < FEWEST_ROWS:
            with open_lines(path) as lines:
                # The first line may be a header, which looks like no row.
                rows = list(map(self._fields_of, islice(filter(str.strip, lines), 1, N_ROWS)))
        shapes = [list(map(_shape, fields)) for fields in rows if len(fields) == n_columns]
        usual = [Counter(column).most_common(1)[0] for column in zip(*shapes, strict=True)]
        telling = {place: shape for place, (shape, n) in enumerate(usual) if n >= USUAL_SHARE * len(shapes)}
        telling = {place: shape for place, shape in telling.items() if shape != "text"}
        times = {place: shape for place, shape in telling.items() if shape in {DATE, LONG_NUMBER}}
        self._has_times = bool(times)
        self._telling = times or telling

    def is_like_row(self, line: str) -> bool:
        """Whether a line has a row's number of fields, and a time in a time's place or other fields as rows mostly have them."""
        fields = self._fields_of(line)
        return len(fields) == self.n_columns and self._is_alike(self._alike(fields))

    def find_taken_in(self, lines: Sequence[str]) -> TakenIn:
        """Looks for rows within the quotes of a row.

        Args:
            lines: All lines of the row.
        """
        first = self._fields_of(lines[0])
        opened = next(
            (n for n, field in enumerate(first) if field.startswith('"') and not self._closed.fullmatch(field)),
            self.n_columns,
        )
        lookalike = None
        for number, line in enumerate(lines[1:], start=1):
            fields = self._fields_of(line)
            if len(fields) != self.n_columns:
                continue
            if self._is_row(fields, first, opened, is_within='"' not in line):
                return TakenIn(number, lookalike)
            if lookalike is None and ('"' not in line or len(first) >= self.n_columns):
                lookalike = number
        return TakenIn(None, lookalike)

    def _is_row(self, fields: Sequence[str], first: Sequence[str], opened: int, *, is_within: bool) -> bool:
        """Whether a line with as many fields as a row is one, and not the end of the row that `first` begins.

        Args:
            fields: The line's.
            first: Those of the line with the quote.
            opened: Which of them opens the quote; what the row has after it may stand at the quoted text's end.
            is_within: Whether the line has no quote and so can't be the end.
        """
        if not self._telling:
            return len(first) == self.n_columns
        alike = self._alike(fields)
        if not self._is_alike(alike) or not (self._has_times or len(first) >= self.n_columns):
            return False
        last = first[-self.n_columns :] if len(first) >= self.n_columns else None
        return is_within or any(
            place <= opened or (last is not None and _shape(last[place]) == self._telling[place]) for place in alike
        )

    def _alike(self, fields: Sequence[str]) -> list[int]:
        return [place for place, shape in self._telling.items() if _shape(fields[place]) == shape]

    def _is_alike(self, alike: Sequence[int]) -> bool:
        return bool(alike) if self._has_times else 2 * len(alike) >= len(self._telling)

    def _fields_of(self, line: str) -> list[str]:
        return self._field.findall(line.rstrip("\r\n"))


def unwrapped(field: str) -> str:
    """A field without a pair of quotes around it.

    >>> unwrapped('"7"" single"'), unwrapped('7" single')
    ('7" single', '7" single')
    """
    if len(field) > 1 and field[0] == field[-1] == '"':
        return field[1:-1].replace('""', '"')
    return field


def _shape(field: str) -> str:
    """What a field looks like, its digits aside; text is text.

    >>> _shape("2015-04-07 10:51"), _shape("1428403869.5"), _shape("i24"), _shape("24 inch"), _shape("")
    ('date', 'long number', 'i0', 'text', 'text')
    """
    field = unwrapped(field).strip()
    if _DATE.match(field):
        return DATE
    if _LONG_NUMBER.fullmatch(field):
        return LONG_NUMBER
    shape = re.sub(r"\d+", "0", field)
    return shape if "0" in shape and len(re.sub(r"[^a-zA-Z]", "", shape)) < 3 else "text"
