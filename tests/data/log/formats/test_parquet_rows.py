"""Parquet's many ways to store the same column."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from nsbench.data.log.formats.parquet_rows import parquet_names, read_parquet
from nsbench.errors import LogError


def read(folder: Path, column: pa.Array, name: str = "x") -> list[object]:
    path = folder / "log[1].parquet"
    parquet.write_table(pa.table({name: column, "other": pa.array([1] * len(column))}), path, row_group_size=2)
    assert parquet_names(path) == (name, "other")
    return [value for frame in read_parquet(path, [name]) for value in frame["0"]]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["a", None, "b"]),
        pa.array(["a", None, "b"], pa.large_string()),
        pa.array(["a", None, "b"]).dictionary_encode(),
        pa.array([b"a", None, b"b"]),
        pa.array([b"a", None, b"b"], pa.binary(1)),
        pa.array([b"a", None, b"b"], pa.binary_view()),
        pa.array([b"a", None, b"b"]).dictionary_encode(),
    ],
    ids=lambda column: str(column.type),
)
def test_texts_are_texts_however_they_are_stored(tmp_path: Path, column: pa.Array) -> None:
    assert read(tmp_path, column) == ["a", None, "b"]


@pytest.mark.parametrize("zone", ["UTC", "+05:30", "-03:00", "Europe/Berlin"])
def test_an_instant_is_the_same_in_every_time_zone(tmp_path: Path, zone: str) -> None:
    timestamp_us = datetime(2020, 10, 2, 16, 8, 38, tzinfo=UTC)
    column = pa.array([timestamp_us], pa.timestamp("us", "UTC")).cast(pa.timestamp("us", zone))
    assert read(tmp_path, column) == [timestamp_us]


def test_a_name_with_a_dot_or_like_a_pattern_is_a_name(tmp_path: Path) -> None:
    assert read(tmp_path, pa.array([1, 2, 3]), "user.id") == [1, 2, 3]
    assert read(tmp_path, pa.array([1, 2, 3]), "^x$") == [1, 2, 3]


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="Column 'x' of .* holds binary, which isn't read"):
        read(tmp_path, pa.array([b"\xff"]))


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_a_text_column_of_bytes_that_are_no_text_is_refused(tmp_path: Path, kind: pa.DataType) -> None:
    """As writers leave it that don't check what they put there."""
    width = 4 if kind == pa.string() else 8
    offsets = b"".join(number.to_bytes(width, "little") for number in (0, 2, 4))
    column = pa.Array.from_buffers(kind, 2, [None, pa.py_buffer(offsets), pa.py_buffer(b"u1\xff1")])
    with pytest.raises(LogError, match="Column 'x' of .* isn't read"):
        read(tmp_path, column)


@pytest.mark.parametrize("stores_schema", [True, False], ids=["Arrow's schema", "Parquet's schema"])
def test_uuids_are_texts_whatever_their_bytes(tmp_path: Path, stores_schema: bool) -> None:
    """The first has bytes below 0x80 only, which could be read as text."""
    texts = ["12345678-1234-1234-1234-123456781234", "ffeeddcc-0000-4000-8000-0000000000ff"]
    storage = pa.array([uuid.UUID(text).bytes for text in texts] + [None], pa.binary(16))
    table = pa.table({"x": pa.ExtensionArray.from_storage(pa.uuid(), storage)})
    parquet.write_table(table, tmp_path / "log", store_schema=stores_schema)
    assert [value for frame in read_parquet(tmp_path / "log", ["x"]) for value in frame["0"]] == [*texts, None]


@pytest.mark.parametrize("kind", [pa.json_(), pa.bool8(), pa.opaque(pa.int64(), "a", "b")], ids=str)
def test_types_that_stand_for_something_else_are_refused(tmp_path: Path, kind: pa.DataType) -> None:
    column = pa.ExtensionArray.from_storage(kind, pa.nulls(3, kind.storage_type))
    with pytest.raises(LogError, match="Column 'x' of .* holds extension.*, which isn't read"):
        read(tmp_path, column)


def test_wide_decimals_are_read_where_their_values_are_short(tmp_path: Path) -> None:
    assert read(tmp_path, pa.array([Decimal("7.25"), None], pa.decimal256(60, 2))) == [Decimal("7.25"), None]
    for value, kind in ((10**50, pa.decimal256(60, 2)), (10**8, pa.decimal256(70, 50))):
        with pytest.raises(LogError, match="Column 'x' of .* holds decimal256.*, which isn't read"):
            read(tmp_path, pa.array([Decimal(value)], kind))


@pytest.mark.parametrize("year", [1, 1500, 1969, 2020, 2262, 2263, 2605, 9999])
def test_times_of_spark_and_hive_are_right_in_every_year(tmp_path: Path, year: int) -> None:
    """They are stored as INT96: a day, and the nanoseconds of the day."""
    timestamp_us = datetime(year, 12, 31, 23, 59, 58, 123_456)
    table = pa.table({"x": pa.array([timestamp_us], pa.timestamp("us"))})
    parquet.write_table(table, tmp_path / "log", use_deprecated_int96_timestamps=True)
    assert parquet.ParquetFile(tmp_path / "log").schema.column(0).physical_type == "INT96"
    assert next(read_parquet(tmp_path / "log", ["x"]))["0"].to_list() == [timestamp_us]
