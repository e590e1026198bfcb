"""Reads a log into a staged file of users, items and times, and refuses what can't be read, row by row.

One streaming pass over the log; only integers and labels are kept, the raw text never is in memory as a whole.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import NoReturn

import polars as pl

from nsbench.data.log.beside.negative_rows import divided
from nsbench.data.log.columns.column import Columns, find_columns
from nsbench.data.log.columns.missing import clean
from nsbench.data.log.columns.rating import find_rating_rule
from nsbench.data.log.columns.timestamp import MICROSECONDS, Clock, find_clock, kind_name
from nsbench.data.log.filter_count import FilterCount, counts_text
from nsbench.data.log.formats.excerpt import listing
from nsbench.data.log.formats.log import ROW, Log
from nsbench.data.log.formats.log_format import recognise
from nsbench.data.log.formats.separated import LinesAreNotRows
from nsbench.data.log.option_value import NO_TIME
from nsbench.data.log.read_options import ReadOptions
from nsbench.data.log.row_check import check_rows, warn_of_odd_times
from nsbench.data.log.staging import SAMPLE_ROWS, Staged, stage
from nsbench.errors import LogError

LABEL_TYPES = (pl.String, pl.Categorical, pl.Enum, pl.Date, pl.Datetime, pl.Null)
"""What labels can be beside numbers; the words of text formats are strings."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StagedLog:
    """What was read of a log.

    Attributes:
        columns: The columns that were read.
        staged: The rows; some are bad only if they are to be skipped.
        filters: What the options about rows left out.
        clock: How the times are written; None where there are none, or where that is unknown.
        file_rows: The rows of each file of the log; empty where that is unknown.
        negatives: The rows that are explicit negatives; None where none are asked for.
    """

    columns: Columns
    staged: Staged
    filters: tuple[FilterCount, ...]
    clock: Clock | None = None
    file_rows: tuple[int, ...] = ()
    negatives: Staged | None = None


LogReader = Callable[[Path, ReadOptions, Path], StagedLog]
"""Writes the staged file of a log, as `stage_log` does for the formats that are known."""


def stage_log(path: Path, options: ReadOptions, staged_path: Path) -> StagedLog:
    """Writes the staged file of a log.

    Args:
        path: The log, in any format that `nsbench.data.log.formats.log_format` knows.
        options: How to read it.
        staged_path: Where the staged file goes.

    Raises:
        LogError: The file can't be read, a column is missing, or rows are bad; nothing usable is staged then.
    """
    return stage_recognised(recognise(path, has_time=options.columns.time != NO_TIME), options, staged_path)


def stage_recognised(log: Log, options: ReadOptions, staged_path: Path) -> StagedLog:
    """`stage_log` of a log that is recognised already."""
    try:
        return _stage_divided(log, options, staged_path)
    except LinesAreNotRows:
        return _stage_divided(log.with_quoting(), options, staged_path)


def _stage_divided(log: Log, options: ReadOptions, staged_path: Path) -> StagedLog:
    """Stages the interactions, and the explicit negatives by themselves."""
    columns = find_columns(log, options.columns)
    _check_roles(log, columns, options)
    if not options.has_negatives:
        return _stage(log, log, columns, options, staged_path)
    interactions, negatives = divided(log, columns, options)
    own_path = staged_path.with_name(f"negative-{staged_path.name}")
    staged = _stage(interactions, log, columns, options, staged_path)
    return replace(staged, negatives=_stage(negatives, log, columns, options.of_negatives, own_path).staged)


def _stage(log: Log, whole: Log, columns: Columns, options: ReadOptions, staged_path: Path) -> StagedLog:
    """Stages the rows of a log whose times are written as in the whole one."""
    roles = {role: name for role, name in columns if name is not None}
    sample = log.head(roles, SAMPLE_ROWS)
    if not len(sample):
        raise LogError(f"{log.path} is empty: it has columns but no row.")
    _check_labels(log, columns, sample.schema, options)
    clock = None
    if columns.time is not None:
        times = sample["time"] if whole is log else whole.head({"time": columns.time}, SAMPLE_ROWS)["time"]
        clock = find_clock(_first_times(whole, columns.time, times), options.time_unit, columns.time)
    # Without times the rows' numbers stand for them, as a column of them would be read.
    timestamp_us = (
        (pl.col(ROW).cast(pl.Int64) + 1) * MICROSECONDS if clock is None else clock.timestamp_us(pl.col("time"))
    )
    is_rated = _rating_rule(log, columns, options)

    n_rows, file_rows = Counter[str](), Counter[int]()

    def rows() -> Iterator[pl.LazyFrame]:
        n_rows.clear()
        file_rows.clear()
        for number, frame in log.frames_by_file(roles):
            file_rows[number] += len(frame)
            taken = _with_events(frame, options)
            n_rows.update(all=len(frame), other_events=len(frame) - len(taken))
            yield taken.lazy().filter(is_rated).select("user", "item", timestamp_us=timestamp_us, row=ROW)

    staged = stage(rows, sample.select("user", "item"), staged_path, clean)
    filters = _filters(options, n_rows["all"], n_rows["all"] - n_rows["other_events"], staged.n_rows)
    if not staged.n_rows:
        _refuse_empty(log, columns, options, filters)
    if n_rows["other_events"]:
        logger.warning("%s: left out %s rows of other events", log.path, f"{n_rows['other_events']:,}")
    n_bad = check_rows(log, columns, clock, staged, skip=options.skip_bad_rows)
    if options.skip_bad_rows:
        filters.append(FilterCount("--skip-bad-rows", staged.n_rows, staged.n_rows - n_bad))
    if clock is not None:
        warn_of_odd_times(log, str(columns.time), sample.schema["time"], clock, staged)
    n_files = max(file_rows, default=-1) + 1
    return StagedLog(columns, staged, tuple(filters), clock, tuple(file_rows[number] for number in range(n_files)))


def _filters(options: ReadOptions, n_rows: int, n_of_events: int, n_rated: int) -> list[FilterCount]:
    """What the filters did that work while the log is read."""
    filters = []
    if options.events:
        filters.append(FilterCount(f"--events {','.join(options.events)}", n_rows, n_of_events))
    if options.min_rating is not None:
        filters.append(FilterCount(f"--min-rating {options.min_rating:g}", n_of_events, n_rated))
    return filters


def _rating_rule(log: Log, columns: Columns, options: ReadOptions) -> pl.Expr:
    """Whether a row is to stay for its rating."""
    if options.min_rating is None:
        return pl.lit(value=True)
    roles = {"rating": str(columns.rating)} | ({"event": str(columns.event)} if options.events else {})
    rows = (_with_events(frame, options).lazy() for frame in log.frames(roles))
    return find_rating_rule(log, roles["rating"], rows, options.min_rating, skip=options.skip_bad_rows)


def _check_roles(log: Log, columns: Columns, options: ReadOptions) -> None:
    for role, name, option in (
        ("event", columns.event, "--events" if options.events else None),
        ("event", columns.event, "--negative-events" if options.negative_events else None),
        ("rating", columns.rating, "--min-rating" if options.min_rating is not None else None),
        ("rating", columns.rating, "--negative-max-rating" if options.negative_max_rating is not None else None),
    ):
        if option is not None and name is None:
            raise LogError(
                f"{option} needs a column of {role}s and none of {log.path} is recognised: there are "
                f"{listing(log.columns)}. Name it with --{role}-column."
            )


def _check_labels(log: Log, columns: Columns, schema: pl.Schema, options: ReadOptions) -> None:
    for role, name in (("user", columns.user), ("item", columns.item), ("event", columns.event)):
        kind = schema.get(role)
        if kind is None or (role == "event" and (not options.events or kind == pl.Boolean)):
            continue
        # Dates are odd labels, but each has one text; times of day lose their fraction on the way to it.
        is_label = kind.is_numeric() or kind in LABEL_TYPES
        if not is_label:
            what = "an event" if role == "event" else "a label"
            raise LogError(f"Column {name!r} of {log.path} holds {kind_name(kind)}; {what} is a number or a text.")


def _first_times(log: Log, column: str, sample: pl.Series) -> pl.Series:
    """Times without blanks from the log's head; from further down where the head has none."""
    for part in chain([sample], (frame["time"] for frame in log.frames({"time": column}))):
        times = pl.select(clean(part.dtype, pl.lit(part))).to_series().drop_nulls()
        if len(times):
            break
    return times.head(SAMPLE_ROWS)


def _with_events(frame: pl.DataFrame, options: ReadOptions) -> pl.DataFrame:
    if not options.events:
        return frame
    return frame.filter(pl.col("event").cast(pl.String).str.strip_chars().is_in(list(options.events)))


def _refuse_empty(log: Log, columns: Columns, options: ReadOptions, filters: Sequence[FilterCount]) -> NoReturn:
    if options.events and not filters[0].n_after:
        events = Counter[object]()
        for frame in log.frames({"event": str(columns.event)}):
            events.update(frame["event"].to_list())
        names = [event for event, _ in events.most_common(10)]
        raise LogError(
            f"{log.path} has no row left with the events {', '.join(options.events)}: column {columns.event!r} holds "
            f"{listing(names) or 'nothing'}.{counts_text(filters)} Name other events with --events, or leave it out."
        )
    if options.min_rating is not None:
        raise LogError(
            f"{log.path} has no row{' of these events' if options.events else ''} with a rating of at least "
            f"{options.min_rating:g} in {columns.rating!r}.{counts_text(filters)} Use a lower --min-rating, or leave it out."
        )
    raise LogError(f"{log.path} is empty: it has columns but no row.")
