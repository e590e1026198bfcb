"""Tables of text as logs hold them: columns in any order, with labels, times, ratings, events and titles of every kind."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from nsbench.data.log.columns.column import Columns
from nsbench.data.log.option_value import TimeUnit
from nsbench.data.log.read_options import ReadOptions
from tests.data.log_oracle import Plan
from tests.data.log_time import NO_TIMES, times_of
from tests.data.log_value import (
    EVENTS,
    MISSING_WORDS,
    MIXED_LABELS,
    NAMES,
    ODD_RATINGS,
    OTHER_NAMES,
    RATINGS,
    TITLE_NAMES,
    TITLES,
    chosen,
    label_kinds,
)


@dataclass(frozen=True)
class Table:
    """A log's text, field by field.

    Attributes:
        columns: Names; "1", "2", ... without a header.
        rows: Fields; a short row lacks the last ones, a long one has more than there are columns.
        has_header: Whether the first line names the columns.
        plan: What its columns are.
        read: The options that it is read with.
        titles: Columns that aren't read.
        classes: What it is an example of.
        is_arguable: Whether it may be refused.
        is_refused: Whether it must be.
        duplicates: What happens to a row with the user, item and time of an earlier one.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    has_header: bool
    plan: Plan
    read: ReadOptions
    titles: tuple[str, ...]
    classes: tuple[str, ...]
    is_arguable: bool
    is_refused: bool
    duplicates: str

    def names_of(self, row: Sequence[str]) -> tuple[str, ...]:
        """The columns of a row's fields; nothing for those that are too many."""
        return (*self.columns, *[""] * len(row))[: len(row)]

    def with_values(self, column: str, values: Sequence[str], separator: str) -> "Table":
        """The same with the values in a column, again and again; what would be cut at a separator is not put in."""
        place = self.columns.index(column)
        values = [value for value in values if separator not in value or value.startswith('"')] or ["plain"]
        rows = [
            (*row[:place], values[number % len(values)], *row[place + 1 :]) if place < len(row) else row
            for number, row in enumerate(self.rows)
        ]
        return replace(self, rows=tuple(rows))

    def has_odd_first_row(self) -> bool:
        """Whether a separator or a quote stands in a field of the first row, so that it tells little of the format."""
        first = self.rows[0] if self.rows else ()
        return any(sign in value for value in first for sign in ("\t", ",", ";", "|", '"', "\n", "\r", "::"))


@dataclass
class _Draft:
    """A table in the making: fields by what they are, and what is known of it."""

    cells: dict[str, list[str]]
    classes: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    events: tuple[str, ...] = ()
    min_rating: float | None = None
    unit: TimeUnit | None = None
    has_compact_dates: bool = False
    is_arguable: bool = False
    is_mixed: bool = False

    @property
    def n_rows(self) -> int:
        return len(self.cells["user"])


@st.composite
def tables(draw: st.DrawFn, separator: str) -> Table:
    """A table that can be written with the separator; none is needed for JSON and Parquet."""
    has_header = not separator or draw(st.integers(0, 9)) < 7
    draft = draw(_interactions(draw(st.integers(5, 16)), separator))
    if draw(st.integers(0, 2)) == 0:
        _add_choice(draw, draft, has_header=has_header)
    if draw(st.booleans()):
        _add_titles(draw, draft, separator)
    if draw(st.integers(0, 3)) == 0:
        _spoil(draw, draft)
    return _laid_out(draw, draft, separator, has_header=has_header)


@st.composite
def _interactions(draw: st.DrawFn, n: int, separator: str) -> _Draft:
    (user_kind, users), (item_kind, items) = (draw(label_kinds(quotes=separator != "::")) for _ in range(2))
    times = draw(times_of(n))
    draft = _Draft({}, [f"users {user_kind}", f"items {item_kind}", times.name])
    draft.unit, draft.has_compact_dates = times.unit, times.has_compact_dates
    draft.is_arguable, draft.is_mixed = times.is_arguable, times.is_mixed
    if draw(st.integers(0, 19)) == 0:
        items = MIXED_LABELS
        draft.classes.append("7 and 7.0")
    draft.cells["user"] = draw(chosen(n, users[: draw(st.integers(2, 6))]))
    draft.cells["item"] = draw(chosen(n, items))
    draft.cells["time"] = list(times.texts)
    return draft


def _add_choice(draw: st.DrawFn, draft: _Draft, *, has_header: bool) -> None:
    """Ratings, or events, by which rows may be chosen."""
    if not has_header or draw(st.booleans()):
        kind = draw(st.sampled_from(("ratings",) * 4 + ("ratings with a comma", "words for ratings")))
        draft.cells["rating"] = draw(chosen(draft.n_rows, ODD_RATINGS.get(kind, RATINGS)))
        if draw(st.booleans()):
            draft.min_rating = draw(st.sampled_from((4.0, 3.5, 1.0)))
            draft.classes.append(f"least of {kind}")
            draft.is_arguable |= kind in ODD_RATINGS
    else:
        draft.cells["event"] = draw(chosen(draft.n_rows, EVENTS[:3]))
        if draw(st.booleans()):
            draft.events = tuple(draw(st.lists(st.sampled_from(EVENTS), min_size=1, max_size=2, unique=True)))
            draft.classes.append("events")


def _add_titles(draw: st.DrawFn, draft: _Draft, separator: str) -> None:
    for name in draw(st.lists(st.sampled_from(TITLE_NAMES), min_size=1, max_size=2, unique=True)):
        kind = draw(st.sampled_from(sorted(TITLES)))
        if separator == "::" and kind in ("line ends in titles", "signs in titles"):
            kind = "plain titles"
        draft.cells[name] = draw(chosen(draft.n_rows, TITLES[kind]))
        draft.titles.append(name)
        draft.classes.append(kind)


def _spoil(draw: st.DrawFn, draft: _Draft) -> None:
    """Takes values out of some rows, never the first."""
    role = draw(st.sampled_from([role for role in ("user", "item", "time", "rating") if role in draft.cells]))
    words = NO_TIMES if role == "time" and draw(st.booleans()) else MISSING_WORDS
    for place in draw(st.lists(st.integers(1, draft.n_rows - 1), min_size=1, max_size=3)):
        draft.cells[role][place] = draw(st.sampled_from(words))
    draft.classes.append(f"{role}s missing" if words is MISSING_WORDS else "text that is no time")


def _laid_out(draw: st.DrawFn, draft: _Draft, separator: str, *, has_header: bool) -> Table:
    order = list(draw(st.permutations(list(draft.cells))))
    has_twice = False
    if has_header:
        by_role, named = _named(draw, draft)
        columns = tuple(by_role.get(name, name) for name in order)
        has_twice = bool(separator and draft.titles) and draw(st.integers(0, 29)) == 29
        if has_twice:
            columns = tuple(by_role["item"] if name == draft.titles[0] else name for name in columns)
            draft.classes.append("two columns of one name")
    else:
        by_place = draw(st.booleans()) and not draft.titles
        if by_place:
            order = [role for role in ("user", "item", "rating", "time") if role in draft.cells]
            draft.classes.append("columns by place")
            # A rating of another kind than 5, and a time that looks like one, leave it open which is which.
            draft.is_arguable |= "rating" in draft.cells or "small whole numbers" in draft.classes
            if len(order) == 3 and draw(st.integers(0, 4)) == 0:
                order, draft.is_arguable = ["user", "time", "item"], True
                draft.classes.append("the time in the second place")
        columns = tuple(str(place) for place in range(1, len(order) + 1))
        by_role = {role: columns[order.index(role)] for role in order if role not in draft.titles}
        named = {} if by_place else by_role
    rows = list(zip(*(draft.cells[name] for name in order), strict=True))
    is_refused = _bend(draw, draft, rows, order, separator) or has_twice
    # Which of two ways to write times is the usual one, and which the bad, is not for the oracle to say.
    skips = draw(st.integers(0, 3)) > 0 and not draft.is_mixed
    duplicates = draw(
        st.sampled_from(("keep", "drop") if len(rows) > 1_000 else ("keep", "keep", "keep", "drop", "drop", "auto"))
    )
    return Table(
        columns=columns,
        rows=tuple(rows),
        has_header=has_header,
        plan=Plan(by_role, draft.events, draft.min_rating, draft.unit, draft.has_compact_dates),
        read=ReadOptions(
            columns=Columns(**named),
            events=draft.events,
            min_rating=draft.min_rating,
            time_unit=draft.unit or "auto",
            skip_bad_rows=skips,
        ),
        titles=tuple(columns[order.index(title)] for title in draft.titles),
        classes=(*draft.classes, "bad rows skipped" if skips else "bad rows refused", f"duplicates {duplicates}"),
        is_arguable=draft.is_arguable,
        is_refused=is_refused,
        duplicates=duplicates,
    )


def _named(draw: st.DrawFn, draft: _Draft) -> tuple[dict[str, str], dict[str, str]]:
    """The names of the columns by role, and those of them that must be given as options."""
    by_role, named = {}, {}
    for role in (role for role in NAMES if role in draft.cells):
        if role in OTHER_NAMES and draw(st.integers(0, 5)) == 0:
            named[role] = draw(st.sampled_from(OTHER_NAMES[role]))
        by_role[role] = named.get(role) or draw(st.sampled_from(NAMES[role]))
    if named:
        draft.classes.append("named columns")
    return by_role, named


def _bend(draw: st.DrawFn, draft: _Draft, rows: list[tuple[str, ...]], order: Sequence[str], separator: str) -> bool:
    """Makes a row empty, short or long, or lets all rows come late; gives whether the log must be refused."""
    shape = draw(st.integers(0, 19))
    if draw(st.integers(0, 59)) == 59:
        rows[:0] = _plain_rows(rows, order.index("user"))
        draft.classes.append("oddities after 1,000 rows")
    place = len(rows) - draw(st.integers(1, draft.n_rows - 1))
    if shape == 17:
        rows.insert(place, ("",) * len(order))
        draft.classes.append("empty rows")
    elif shape == 18:
        rows[place] = rows[place][: draw(st.integers(2, len(order)))]
        draft.classes.append("short rows")
    elif shape == 19 and separator:
        rows[place] += (draw(st.sampled_from(("", "x", "1"))),)
        draft.classes.append("long rows")
        return True
    return False


def _plain_rows(rows: Sequence[tuple[str, ...]], user: int) -> list[tuple[str, ...]]:
    """A thousand rows as the first, of two users."""
    first = rows[0]
    others = [row[user] for row in rows if row[user].strip() not in MISSING_WORDS and row[user] != first[user]]
    return [first, (*first[:user], (others or first[user : user + 1])[0], *first[user + 1 :])] * 505
