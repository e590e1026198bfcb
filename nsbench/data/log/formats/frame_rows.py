"""Reads a DataFrame as a Parquet file of the same rows would be read: the same types, the same refusals."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from nsbench.data.log.formats.parquet_rows import BATCH_ROWS, polars_series
from nsbench.errors import LogError

if TYPE_CHECKING:
    import pandas as pd

FRAME = Path("the DataFrame")
"""What messages call it, where they would name a file."""


def table_of(frame: "pd.DataFrame | pl.DataFrame | pl.LazyFrame") -> pa.Table:
    """The columns of a frame as Arrow's; levels of a pandas index that have a name are columns too.

    Raises:
        LogError: It is no DataFrame, has two columns of one name, or one whose values are not all of one type.
    """
    if isinstance(frame, pl.DataFrame | pl.LazyFrame):
        return frame.lazy().collect().to_arrow()
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise LogError(
            "a log is the path of a file, the paths of several, or a DataFrame of pandas or polars, not a "
            f"{type(frame).__name__}; accepted files: CSV, TSV, ::-separated, JSON lines and Parquet"
        )
    named = [level for level in frame.index.names if level is not None]
    flat = frame.reset_index(level=named) if named else frame
    flat = flat.rename(columns=str)
    twice = next((name for name in flat.columns if list(flat.columns).count(name) > 1), None)
    if twice is not None:
        raise LogError(f"{FRAME} has two columns of one name: {twice!r}. Rename one.")
    return pa.table({name: _column(name, flat[[name]]) for name in flat.columns})


def read_frame(table: pa.Table, wanted: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Reads columns in their own types.

    Args:
        table: Of `table_of`.
        wanted: Names of the columns.

    Yields:
        Frames with columns named by their place in `wanted`, in the table's order.

    Raises:
        LogError: A column is of a type that has no reader.
    """
    for batch in table.select(list(wanted)).to_batches(BATCH_ROWS):
        yield pl.DataFrame(
            [polars_series(FRAME, name, str(place), batch, is_uuid=False) for place, name in enumerate(wanted)]
        )


def _column(name: str, frame: "pd.DataFrame") -> pa.ChunkedArray:
    import pandas as pd

    if isinstance(frame[name].dtype, pd.DatetimeTZDtype):
        # Instants in UTC are what is read; Arrow would get at them by a way that pandas is about to change.
        frame = frame.assign(**{name: frame[name].dt.tz_convert(None)})
    try:
        column: pa.ChunkedArray = pa.Table.from_pandas(frame, preserve_index=False).column(0)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        reason = str(error).splitlines()[0]
        raise LogError(
            f"Column {name!r} of {FRAME} holds values that are not all of one type ({reason}); convert it, as with "
            f"frame[{name!r}].astype(str)"
        ) from None
    return column
