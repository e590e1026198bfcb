"""Reads text with a separator between fields: quickly where every line is one row, with Python's csv where it isn't.

Arrow's reader is some ten times as fast as Python's and agrees with it on every line that is a row by itself. Whether all
lines are is known by their number. Where it isn't so, `nsbench.data.log.formats.quoting` finds out how quotes are meant.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import polars as pl
import pyarrow as pa
from pyarrow import csv as arrow_csv

from nsbench.data.log.formats.quoting import Quoting, records
from nsbench.data.log.formats.text_file import TextFile

BLOCK_BYTES = 1 << 22
BATCH_ROWS = 1 << 16


class LinesAreNotRows(Exception):
    """The lines of a file are not its rows one by one, or may not be: the quotes must be looked at."""


def read_lines(path: Path, separator: str, n_columns: int, wanted: Sequence[int]) -> Iterator[pl.DataFrame]:
    """Reads a file of which every line is taken for a row.

    Args:
        path: The file.
        separator: One character.
        n_columns: Fields of each row.
        wanted: Places of the fields to read, from 0.

    Yields:
        Frames with columns of text named by `wanted`, in the file's order; a header is read as a row. Empty is null.

    Raises:
        LinesAreNotRows: A line has another number of fields, or fewer rows than lines came out. What was yielded before
            is worth nothing then.
        LogError: The file is no text or can't be unpacked.
    """
    names = [str(place) for place in range(n_columns)]
    kept = [names[place] for place in wanted]
    n_rows = 0
    with TextFile(path) as stream:
        try:
            reader = arrow_csv.open_csv(
                stream,
                read_options=arrow_csv.ReadOptions(block_size=BLOCK_BYTES, column_names=names),
                parse_options=arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    include_columns=kept,
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
            for batch in reader:
                n_rows += batch.num_rows
                frame = _frame(batch)
                # Where a blank separates, a line of blanks looks like a row of empty fields.
                if separator == " " and frame.select(pl.all_horizontal(pl.all().is_null())).to_series().any():
                    raise LinesAreNotRows("a row may be a line of blanks")
                yield frame
        except pa.ArrowInvalid as error:
            raise LinesAreNotRows(str(error)) from None
        if n_rows != stream.n_lines - stream.n_blank or stream.has_escaped_quote:
            raise LinesAreNotRows(f"{n_rows} rows in {stream.n_lines - stream.n_blank} lines")


def read_records(
    path: Path, separator: str, quoting: Quoting, n_columns: int, wanted: Sequence[int]
) -> Iterator[pl.DataFrame]:
    """Reads a file whose quotes are understood, as `read_lines` does, row by row.

    Fields that a row lacks are null.
    """
    rows = (record.fields for record in records(path, separator, quoting))
    while part := list(islice(rows, BATCH_ROWS)):
        padded = [row if len(row) == n_columns else [*row, *[""] * (n_columns - len(row))] for row in part]
        columns = {str(place): [row[place] or None for row in padded] for place in wanted}
        yield pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def _frame(batch: pa.RecordBatch) -> pl.DataFrame:
    frame = pl.from_arrow(batch)
    assert isinstance(frame, pl.DataFrame)
    return frame
