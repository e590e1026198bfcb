"""Reads a Parquet file in batches, with Arrow: damage is an error there, and no name is taken for a pattern."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow as pa
from pyarrow import parquet

from nsbench.errors import LogError

BATCH_ROWS = 1 << 18
BYTES = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view)
"""Types that texts are stored in by writers that don't say what their bytes are."""

MOST_DIGITS = 38
"""Of decimal numbers that are read; a wider type is read where its values are as short."""


def parquet_names(path: Path) -> tuple[str, ...]:
    """The columns of a file.

    Raises:
        LogError: It can't be read.
    """
    with _reading(path), _opened(path) as file:
        return tuple(file.schema_arrow.names)


def read_parquet(path: Path, wanted: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Reads columns in their own types.

    Args:
        path: The file.
        wanted: Names of the columns.

    Yields:
        Frames with columns named by their place in `wanted`, in the file's order; texts are strings, whether they are
        stored as such, as categories or as bytes.

    Raises:
        LogError: The file can't be read to its end, or a column is of a type that has no reader.
    """
    n_rows = 0
    with _reading(path), _opened(path) as file:
        leaves = map(file.schema.column, range(len(file.schema)))
        uuids = {leaf.path for leaf in leaves if leaf.logical_type.type == "UUID"}
        for batch in file.iter_batches(BATCH_ROWS, columns=list(wanted)):
            n_rows += batch.num_rows
            yield pl.DataFrame(
                [
                    polars_series(path, name, str(place), batch, is_uuid=name in uuids)
                    for place, name in enumerate(wanted)
                ]
            )
        if n_rows != file.metadata.num_rows:
            raise LogError(
                f"{path} holds {n_rows:,} rows where its end says {file.metadata.num_rows:,}; write it again."
            )


def _opened(path: Path) -> parquet.ParquetFile:
    """With times of Spark, Hive and Impala (INT96) in microseconds: as nanoseconds they wrap around outside 1677 to 2262."""
    return parquet.ParquetFile(path, coerce_int96_timestamp_unit="us")


def polars_series(path: Path, name: str, place: str, batch: pa.RecordBatch, *, is_uuid: bool) -> pl.Series:
    """A column of a batch as it is read.

    Args:
        path: Where it stands, for messages.
        name: Its name there.
        place: What the series is called.
        batch: Holds it.
        is_uuid: Whether its bytes are UUIDs.

    Raises:
        LogError: Its type has no reader.
    """
    column = batch.column(batch.schema.get_field_index(name))
    try:
        return pl.Series(place, _uuid_texts(column) if is_uuid else _plain(column))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, TypeError, ValueError, pa.ArrowException) as error:
        raise LogError(f"Column {name!r} of {path} holds {column.type}, which isn't read ({error}).") from None


def _plain(column: pa.Array) -> pa.Array:
    """Texts as texts however they are stored, and instants in UTC: some files write time zones as `+05:30`."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        raise TypeError("a type of its own")
    if pa.types.is_decimal256(kind):
        return column.cast(pa.decimal128(MOST_DIGITS, kind.scale))
    if any(is_bytes(kind) for is_bytes in BYTES):
        return column.cast(pa.binary()).cast(pa.string())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        column.validate(full=True)  # Arrow reads bytes that are no text as text.
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return column.cast(pa.timestamp(kind.unit, "UTC"))
    return column


def _uuid_texts(column: pa.Array) -> pa.Array:
    """UUIDs as they are written everywhere else: 12345678-9abc-def0-1234-56789abcdef0.

    Older versions of Arrow give them as bytes, newer ones as a type of its own.
    """
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    return pa.array(
        [None if value is None else str(uuid.UUID(bytes=value)) for value in column.to_pylist()], pa.string()
    )


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Arrow's errors as what to do about them."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, LogError):
            raise
        reason = (str(error).splitlines() or [""])[0][:200]
        raise LogError(f"{path} starts like Parquet but can't be read ({reason}); fetch or write it again.") from None
