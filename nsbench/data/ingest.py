"""Reads a log into a staged file of users, items and moments, and refuses what can't be read, row by row.

One streaming pass over the log; only integers and labels are kept, the raw text never is in memory as a whole. The
staged file is Parquet with the columns `user`, `item` (labels), `moment` (int64 microseconds since 1970) and `row`.
"""

import logging
from pathlib import Path

import polars as pl
from pydantic import BaseModel, ConfigDict

from nsbench.data.bad_line import explain_unreadable
from nsbench.data.choice import TimeUnit
from nsbench.data.column import Columns, find_columns
from nsbench.data.source import ROW, LogSource, recognise
from nsbench.data.timestamp import Clock, find_clock
from nsbench.errors import LogError

SAMPLE_ROWS = 1_000
NULL_WORDS = ("", "nan", "NaN", "NAN", "null", "Null", "NULL", "none", "None", "NONE")
"""What stands for a missing value in text."""

logger = logging.getLogger(__name__)


class ReadOptions(BaseModel):
    """How a log file is read, and which of its rows are taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    columns: Columns = Columns()
    events: tuple[str, ...] = ()
    """Which events are taken; empty: all."""
    min_rating: float | None = None
    """Rows with a lower rating are left out."""
    time_unit: TimeUnit = "auto"
    skip_bad_rows: bool = False
    """Leave rows out that lack a user, an item or a time, rather than refuse the log."""


def stage_log(path: Path, options: ReadOptions, staged: Path) -> Columns:
    """Writes the staged file of a log.

    Args:
        path: The log, in any format that `nsbench.data.source` knows.
        options: How to read it.
        staged: Where the staged file goes.

    Returns:
        The columns that were read.

    Raises:
        LogError: The file can't be read, a column is missing, or rows are bad; nothing usable is staged then.
    """
    source = recognise(path)
    try:
        columns = find_columns(source, options.columns)
        _check_roles(source, columns, options)
        names = [name for name in dict.fromkeys(columns.model_dump().values()) if name is not None]
        sample = source.scan([str(columns.time)]).head(SAMPLE_ROWS).collect()
        if not len(sample):
            raise LogError(f"{source.path} is empty: it has columns but no row.")
        clock = find_clock(sample.select(_clean(sample.schema, str(columns.time))).to_series(), options.time_unit)
        frame = _taken(source.scan(names), columns, options)
        schema = frame.collect_schema()
        _check_labels(source, columns, schema)
        frame.select(
            _clean(schema, str(columns.user)).alias("user"),
            _clean(schema, str(columns.item)).alias("item"),
            clock.moment(_clean(schema, str(columns.time))).alias("moment"),
            pl.col(ROW).alias("row"),
        ).sink_parquet(staged, compression="lz4", engine="streaming")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise LogError(explain_unreadable(source, str(error))) from None
    _check_not_empty(source, columns, options, staged)
    _check_rows(source, columns, clock, staged, skip=options.skip_bad_rows)
    return columns


def _check_roles(source: LogSource, columns: Columns, options: ReadOptions) -> None:
    for role, name, option in (
        ("event", columns.event, "--events" if options.events else None),
        ("rating", columns.rating, "--min-rating" if options.min_rating is not None else None),
    ):
        if option is not None and name is None:
            raise LogError(
                f"{option} needs a column of {role}s and none of {source.path} is recognised: there are "
                f"{', '.join(map(repr, source.columns))}. Name it with --{role}-column."
            )


def _check_labels(source: LogSource, columns: Columns, schema: pl.Schema) -> None:
    for name in (str(columns.user), str(columns.item)):
        if schema[name].is_nested():
            raise LogError(f"Column {name!r} of {source.path} holds {schema[name]}; a label is a number or a text.")


def _clean(schema: pl.Schema, name: str) -> pl.Expr:
    """The column without surrounding blanks; words for a missing value are null."""
    column = pl.col(name)
    if schema[name] != pl.String:
        return column.fill_nan(None) if schema[name].is_float() else column
    stripped = column.str.strip_chars()
    return pl.when(~stripped.is_in(NULL_WORDS)).then(stripped).alias(name)


def _taken(frame: pl.LazyFrame, columns: Columns, options: ReadOptions) -> pl.LazyFrame:
    # A blank line is no row.
    frame = frame.filter(~pl.all_horizontal(pl.exclude(ROW).is_null()))
    if options.events:
        frame = frame.filter(pl.col(str(columns.event)).cast(pl.String).str.strip_chars().is_in(list(options.events)))
    if options.min_rating is not None:
        frame = frame.filter(pl.col(str(columns.rating)).cast(pl.Float64, strict=False) >= options.min_rating)
    return frame


def _check_not_empty(source: LogSource, columns: Columns, options: ReadOptions, staged: Path) -> None:
    if pl.scan_parquet(staged).select(pl.len()).collect().item() > 0:
        return
    if options.events:
        events = source.scan([str(columns.event)]).select(pl.col(str(columns.event)).value_counts(sort=True)).head(10)
        names = events.unnest(str(columns.event)).collect(engine="streaming")[str(columns.event)].to_list()
        raise LogError(
            f"{source.path} has no row left with the events {', '.join(options.events)}: column {columns.event!r} holds "
            f"{', '.join(map(repr, names)) or 'nothing'}."
        )
    if options.min_rating is not None:
        raise LogError(
            f"{source.path} has no row with a rating of at least {options.min_rating} in {columns.rating!r}."
        )
    raise LogError(f"{source.path} is empty: it has blank rows only.")


def _check_rows(source: LogSource, columns: Columns, clock: Clock, staged: Path, *, skip: bool) -> None:
    bad = pl.any_horizontal(pl.col("user", "item", "moment").is_null())
    found = (
        pl.scan_parquet(staged)
        .select(
            pl.col("user").null_count(),
            pl.col("item").null_count(),
            pl.col("moment").null_count(),
            pl.col("row").filter(bad).min(),
            bad.sum().alias("n_bad"),
            pl.len().alias("n"),
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )
    if not found["n_bad"]:
        return
    counts = [
        f"{found['user']:,} without a user in {columns.user!r}" if found["user"] else "",
        f"{found['item']:,} without an item in {columns.item!r}" if found["item"] else "",
        f"{found['moment']:,} whose {columns.time!r} is no time in {clock.label}" if found["moment"] else "",
    ]
    what = f"{found['n_bad']:,} of {found['n']:,} rows are bad: {', '.join(filter(None, counts))}"
    if skip and found["n_bad"] < found["n"]:
        logger.warning("%s: left out, %s", source.path, what)
        return
    row = source.scan([str(columns.user), str(columns.item), str(columns.time)]).filter(pl.col(ROW) == found["row"])
    values = row.drop(ROW).collect(engine="streaming").row(0, named=True)
    first = ", ".join(f"{name}={value!r}" for name, value in values.items())
    todo = "Correct them, or leave them out with --skip-bad-rows" if not skip else "No good row is left"
    raise LogError(f"{source.path}, {source.line_of(found['row'])}: {first}. {what}. {todo}.")
