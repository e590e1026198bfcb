"""Chooses the rows whose rating is high enough, and counts the others by reason."""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from nsbench.data.log.columns.missing import clean
from nsbench.data.log.columns.timestamp import kind_name
from nsbench.data.log.formats.excerpt import excerpt
from nsbench.data.log.formats.log import ROW, Log
from nsbench.data.log.row_check import values_at
from nsbench.errors import LogError

COMMA = r"^[+-]?[0-9]*,[0-9]+$"
THOUSANDS = r"^[+-]?[1-9][0-9]{0,2},[0-9]{3}$"
"""1,234 could be a thousand and more, or a bit more than one."""

ACCEPTED = "accepted are numbers such as 4 or 4.5, or 4,5 in a column without points"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Ratings:
    """The column `rating` as expressions over a log's rows.

    Attributes:
        number: float64, a comma read as a decimal one; null where there is no rating or it is not a number.
        missing: Whether there is none.
        comma: Whether it is written with a comma.
        point: Whether it is written with a point.
        thousands: Whether its comma could be one between thousands.
    """

    number: pl.Expr
    missing: pl.Expr
    comma: pl.Expr
    point: pl.Expr
    thousands: pl.Expr


def find_rating_rule(log: Log, column: str, rows: Iterable[pl.LazyFrame], least: float, *, skip: bool) -> pl.Expr:
    """Whether a row's `rating` is at least `least`; how many are left out for a lower one or none is logged.

    Args:
        log: The log.
        column: The ratings' column, for messages.
        rows: All rows that are to be chosen from, with `ROW` and `rating`.
        least: The lowest rating that stays.
        skip: Whether rows whose rating is not a number are left out rather than refused.

    Raises:
        LogError: A rating is not a number.
    """
    kind, counts, first = _count(log, column, rows, least)
    n_bad, n_lower = counts["bad"], counts["lower"]
    ratings = _read(kind)
    is_kept = ratings.number >= _as_stored(least, kind)
    if counts["comma"] and (counts["point"] or counts["thousands"] == counts["comma"]):
        n_bad, n_lower = n_bad + counts["comma"], n_lower - counts["lower_comma"]
        first["bad"] = min(first.get("bad", first["comma"]), first["comma"])
        is_kept &= ~ratings.comma
    if n_bad and not skip:
        value = excerpt(values_at(log, [column], first["bad"])[0])
        raise LogError(
            f"{log.path}, {log.line_of(first['bad'])}: the rating {column}={value} is not a number; {n_bad:,} rows have "
            f"such a one: {ACCEPTED}. Correct them, or leave them out with --skip-bad-rows."
        )
    reasons = {
        "with a lower rating": n_lower,
        "without a rating": counts["missing"],
        "whose rating is not a number": n_bad,
    }
    said = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items() if count)
    if said:
        logger.warning("%s: left out for not having at least %g in %r: rows %s", log.path, least, column, said)
    return is_kept


def _count(
    log: Log, column: str, rows: Iterable[pl.LazyFrame], least: float
) -> tuple[pl.DataType, Counter[str], dict[str, int]]:
    """The column's type, how many ratings are of which kind, and the first row of some kinds."""
    kind: pl.DataType = pl.Null()
    counts, first = Counter[str](), dict[str, int]()
    for part in rows:
        kind = part.collect_schema()["rating"]
        if not (kind.is_numeric() or kind in (pl.String, pl.Boolean, pl.Null)):
            raise LogError(f"Column {column!r} of {log.path} holds {kind_name(kind)} and no ratings: {ACCEPTED}.")
        ratings = _read(kind)
        lower = ratings.number < _as_stored(least, kind)
        of_kind = {
            "missing": ratings.missing,
            "bad": ~ratings.missing & ratings.number.is_null(),
            "lower": lower,
            "lower_comma": lower & ratings.comma,
            "comma": ratings.comma,
            "point": ratings.point,
            "thousands": ratings.thousands,
        }
        counts.update(
            part.select(chosen.sum().alias(name) for name, chosen in of_kind.items()).collect().row(0, named=True)
        )
        firsts = part.select(pl.col(ROW).filter(of_kind[name]).min().alias(name) for name in ("bad", "comma"))
        found = firsts.collect().row(0, named=True)
        first |= {name: row for name, row in found.items() if row is not None and name not in first}
    return kind, counts, first


def low_rating(column: str, kind: pl.DataType, most: float) -> tuple[pl.Expr, pl.Expr]:
    """Whether a row's rating is at most `most`, null where there is none; and whether it is there and not a number.

    Raises:
        LogError: The column holds no ratings.
    """
    if not (kind.is_numeric() or kind in (pl.String, pl.Boolean, pl.Null)):
        raise LogError(f"The column of ratings holds {kind_name(kind)} and no ratings: {ACCEPTED}.")
    ratings = _read(kind, column)
    return ratings.number <= _as_stored(most, kind), ~ratings.missing & ratings.number.is_null()


def _as_stored(least: float, kind: pl.DataType) -> float:
    """4.1 as a 32-bit float is a bit less than 4.1: it is compared with its like."""
    return float(np.float32(least)) if kind == pl.Float32 else least


def _read(kind: pl.DataType, column: str = "rating") -> _Ratings:
    never = pl.lit(value=False)
    value = pl.col(column)
    if kind != pl.String:
        number = value.cast(pl.Float64)
        missing = value.is_null() | number.is_nan().fill_null(value=False)
        return _Ratings(pl.when(number.is_finite()).then(number), missing, never, never, never)
    text = clean(kind, value)
    comma = text.str.contains(COMMA).fill_null(value=False)
    plain = text.cast(pl.Float64, strict=False)
    number = (
        pl.when(comma).then(text.str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)).otherwise(plain)
    )
    return _Ratings(
        number=pl.when(number.is_finite()).then(number),
        missing=text.is_null(),
        comma=comma,
        point=text.str.contains(".", literal=True) & plain.is_not_null(),
        thousands=text.str.contains(THOUSANDS),
    )
