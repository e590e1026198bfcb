"""A small log in every format, and tables made in memory, so that a test states its interactions in a line."""

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from nsbench.data.log.columns.timestamp import MICROSECONDS
from nsbench.data.log.table import Table

START = 1_400_000_000
Row = tuple[int, int, int]
"""User, item, seconds after START."""


def rows_of(n: int = 40) -> list[Row]:
    """N interactions of users 1 to 4 with items 10 to 14, a minute apart, none twice at one time."""
    return [(1 + k % 4, 10 + (k * k + k // 4) % 5, 60 * k) for k in range(n)]


def write_csv(path: Path, rows: Sequence[Row] | None = None, header: str = "user_id,item_id,timestamp") -> Path:
    lines = [f"{user},{item},{START + time}" for user, item, time in (rows_of() if rows is None else rows)]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def table_of(rows: Sequence[Row]) -> Table:
    """A table of the rows, numbered in their order; users and items are codes from 0."""
    user, item, time = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    order = np.lexsort((np.arange(len(rows)), time, user))
    return Table(
        user=user[order].astype(np.int32),
        item=item[order].astype(np.int32),
        timestamp_us=time[order] * MICROSECONDS,
        row=order.astype(np.uint32),
        n_users=int(user.max()) + 1,
        n_items=int(item.max()) + 1,
    )


def contents(table: Table) -> list[Row]:
    """The table's rows, in its order."""
    seconds = table.timestamp_us // MICROSECONDS
    return list(zip(table.user.tolist(), table.item.tolist(), seconds.tolist(), strict=True))


def _text(separator: str, header: Sequence[str] | None, rating: str | None = None) -> Callable[[Path, list[Row]], None]:
    def write(path: Path, rows: list[Row]) -> None:
        lines = [[str(user), str(item), *([rating] if rating else []), str(START + time)] for user, item, time in rows]
        text = "".join(separator.join(fields) + "\n" for fields in ([header] if header else []) + lines)
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())

    return write


def _json_lines(path: Path, rows: list[Row]) -> None:
    lines = [json.dumps({"reviewerID": u, "asin": i, "unixReviewTime": START + t, "votes": [1, 2]}) for u, i, t in rows]
    text = "\n".join(lines) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


def _parquet(path: Path, rows: list[Row]) -> None:
    columns = {"user_id": [r[0] for r in rows], "item_id": [r[1] for r in rows]}
    frame = pl.DataFrame(columns | {"timestamp": [START + r[2] for r in rows]})
    frame.with_columns(pl.from_epoch("timestamp")).write_parquet(path)


def _retailrocket(path: Path, rows: list[Row]) -> None:
    lines = [f"{(START + time) * 1000},{user},view,{item}," for user, item, time in rows]
    path.write_text("\n".join(["timestamp,visitorid,event,itemid,transactionid", *lines]) + "\n")


def _yoochoose(path: Path, rows: list[Row]) -> None:
    frame = pl.DataFrame({"SessionId": [r[0] for r in rows], "Time": [START + r[2] for r in rows]})
    times = frame.select(pl.from_epoch("Time").dt.strftime("%Y-%m-%dT%H:%M:%S.000Z"))["Time"].to_list()
    lines = [f"{user},{when},{item}" for (user, item, _), when in zip(rows, times, strict=True)]
    path.write_text("\n".join(["SessionId,Time,ItemId", *lines]) + "\n")


FORMATS: dict[str, Callable[[Path, list[Row]], None]] = {
    "named.csv": _text(",", ["user_id", "item_id", "timestamp"]),
    "named.csv.gz": _text(",", ["user_id", "item_id", "timestamp"]),
    "recbole.inter": _text("\t", ["user_id:token", "item_id:token", "timestamp:float"]),
    "named.tsv.gz": _text("\t", ["userId", "movieId", "timestamp"]),
    "semicolon.csv": _text(";", ["session_id", "product_id", "date"]),
    "bare.csv": _text(",", None),
    "amazon.csv": _text(",", None, rating="5.0"),
    "u.data": _text("\t", None, rating="3"),
    "ratings.dat": _text("::", None, rating="4"),
    "ratings.dat.gz": _text("::", None, rating="4"),
    "named.dat": _text("::", ["UserID", "MovieID", "Rating", "Timestamp"], rating="4"),
    "reviews.json": _json_lines,
    "reviews.json.gz": _json_lines,
    "log.parquet": _parquet,
    "events.csv": _retailrocket,
    "clicks.csv": _yoochoose,
    "no-suffix": _text(",", ["user_id", "item_id", "timestamp"]),
}
"""Writers of the same interactions in every format that public logs come in, by file name."""
