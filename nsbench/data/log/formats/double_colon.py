"""Reads text with `::` between fields, as MovieLens' ratings.dat: no quotes, every line a row."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import polars as pl

from nsbench.data.log.formats.text_file import LONE_RETURN, byte_lines
from nsbench.errors import LogError

DOUBLE_COLON = "::"
BATCH_ROWS = 1 << 16


def read_double_colon(path: Path, n_columns: int, wanted: Sequence[int]) -> Iterator[pl.DataFrame]:
    """Reads the fields of every line that isn't blank; a header is read as a row.

    Args:
        path: The file.
        n_columns: Fields of a row.
        wanted: Places of the fields to read, from 0.

    Yields:
        Frames with columns of text named by `wanted`, in the file's order; missing fields are null.

    Raises:
        LogError: A line has more fields than there are columns.
    """
    lines = byte_lines(path, LONE_RETURN)
    while part := list(islice(lines, BATCH_ROWS)):
        text = pl.Series("line", [line.rstrip(b"\r\n").decode() for _, line in part], dtype=pl.String)
        # One field more than there should be takes in all that is too much.
        fields = text.str.split_exact(DOUBLE_COLON, n_columns).struct.unnest()
        too_long = fields.to_series(n_columns).is_not_null()
        if too_long.any():
            number, line = part[int(too_long.arg_max() or 0)]
            n_fields = line.count(DOUBLE_COLON.encode()) + 1
            raise LogError(
                f"{path}, line {number:,} has {n_fields} fields where there are {n_columns} columns: "
                f"{line[:80].decode(errors='replace')!r}. Correct the line."
            )
        yield fields.select(pl.nth(*wanted).replace("", None)).rename(
            {fields.columns[place]: str(place) for place in wanted}
        )
