"""A generated log with what may come of reading it, and the comparison with what did.

Neither here nor in the modules beside it is a line of nsbench's own reading: `log_text`, `log_json`, `log_parquet` and
`log_damage` make logs up; what they say is found out by Python's csv, json and datetime in `log_record` and `log_oracle`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nsbench.data.log.read_options import ReadOptions

Row = tuple[str | None, str | None, int | None]
"""User, item, microseconds since 1970; None where there is none."""

Sequences = dict[str, list[tuple[str, int]]]
"""Each user's items with the second of each, in the order of time and row."""

DUPLICATES_REFUSED = 0.01
"""The share of duplicates from which a log is refused, unless they are dropped or kept by name."""

SHOWN = 5_000
"""Characters of a log that a failure shows."""

FEWEST_ROWS = 3
"""Training, validation and test hold one interaction each at least."""


@dataclass(frozen=True)
class BadRows:
    """Rows that were left out, out of how many, and what they lack; all 0 where none was."""

    n_rows: int = 0
    n_bad: int = 0
    without_user: int = 0
    without_item: int = 0
    without_time: int = 0


@dataclass(frozen=True)
class Reading:
    """One way in which a log can be read.

    Attributes:
        rows: The rows that the filters take, in the file's order.
        left_out_is_bad: Whether a row that the filters leave out lacks a user, an item or a time.
    """

    rows: tuple[Row, ...]
    left_out_is_bad: bool = False

    @property
    def bad(self) -> BadRows:
        """How many rows lack a user, an item or a time."""
        bad = [row for row in self.rows if None in row]
        if not bad:
            return BadRows()
        return BadRows(len(self.rows), len(bad), *(sum(row[place] is None for row in bad) for place in range(3)))


@dataclass(frozen=True)
class Result:
    """What a dataset holds, and what was left out of it; or what it should hold."""

    sequences: Sequences
    bad: BadRows


@dataclass(frozen=True, repr=False)
class Case:
    """A log and what is right for it.

    Attributes:
        name: The file's name.
        content: The file.
        read: The options that it is read with.
        readings: Every way to read it that is right; none where it must be refused.
        may_refuse: Whether it may be refused although there is a way to read it.
        classes: What it is an example of, for counting.
        duplicates: What happens to a row with the user, item and time of an earlier one.
        text: What the file holds, to be shown.
    """

    name: str
    content: bytes
    read: ReadOptions
    readings: tuple[Reading, ...]
    may_refuse: bool
    classes: tuple[str, ...]
    duplicates: str
    text: str

    def __repr__(self) -> str:
        text = self.text if len(self.text) <= SHOWN else f"{self.text[:SHOWN]}..."
        return f"{text!r}\n{self.read!r}\nduplicates={self.duplicates}\n{self.classes}"


def result_of(reading: Reading, *, skip_bad_rows: bool, duplicates: str) -> Result | None:
    """The dataset of a log that is read so; None where it is to be refused."""
    if reading.bad.n_bad and not skip_bad_rows:
        return None
    good = [(place, *row) for place, row in enumerate(reading.rows) if None not in row]
    users, items = (as_numbers([row[role] for row in good]) for role in (1, 2))
    rows = sorted(
        (timestamp_us, place, user, item)
        for (place, _, _, timestamp_us), user, item in zip(good, users, items, strict=True)
    )
    once = list(
        {
            (user, item, timestamp_us): (timestamp_us, place, user, item)
            for timestamp_us, place, user, item in reversed(rows)
        }.values()
    )
    if duplicates == "auto" and len(rows) - len(once) >= max(DUPLICATES_REFUSED * len(rows), 1):
        return None
    kept = sorted(once) if duplicates == "drop" else rows
    if len(kept) < FEWEST_ROWS or len({row[2] for row in kept}) < 2 or len({row[3] for row in kept}) < 2:
        return None
    sequences: Sequences = {}
    for timestamp_us, _, user, item in kept:
        sequences.setdefault(user, []).append((item, timestamp_us // 1_000_000))
    return Result(sequences, reading.bad)


def as_numbers(labels: Sequence[str]) -> list[str]:
    """The labels of a column: 7.0 is 7 where all of them are whole numbers."""
    whole = [re.fullmatch(r"(-?(?:0|[1-9][0-9]*))(?:\.0+)?", label) for label in labels]
    return [found[1] if found else "" for found in whole] if all(whole) else list(labels)


def unique(readings: Sequence[Reading | None]) -> tuple[Reading, ...]:
    """The readings that there are, each once."""
    return tuple(dict.fromkeys(reading for reading in readings if reading is not None))
