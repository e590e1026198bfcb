"""Logs as Parquet: columns of every type that labels, times and ratings come in."""

import io
import re
from collections.abc import Sequence
from decimal import Decimal

import pyarrow as pa
from hypothesis import strategies as st
from pyarrow import parquet

from tests.data.log_case import Case, Reading, unique
from tests.data.log_oracle import MISSING, iso_moment, reading_of
from tests.data.log_table import tables

Values = Sequence[str | None]

TEXTS = {
    "string": pa.string(),
    "large_string": pa.large_string(),
    "string_view": pa.string_view(),
    "binary": pa.binary(),
    "dictionary": pa.dictionary(pa.int32(), pa.string()),
    "small dictionary": pa.dictionary(pa.int8(), pa.large_string()),
}
WHOLE = {"int64": pa.int64(), "int32": pa.int32(), "int16": pa.int16(), "uint64": pa.uint64(), "uint32": pa.uint32()}
OTHER_NUMBERS = {"double": pa.float64(), "decimal": pa.decimal128(38, 7), "float": pa.float32()}
TIMESTAMPS = {
    f"timestamp[{unit}{zone and ' ' + zone}]": pa.timestamp(unit, zone or None)
    for unit in ("s", "ms", "us", "ns")
    for zone in ("", "UTC", "Europe/Berlin", "+05:30")
}
NO_TIMES = {
    "bool": pa.array([True]),
    "time32": pa.array([1], pa.time32("s")),
    "duration": pa.array([1], pa.duration("s")),
}


def fitting(values: Values) -> dict[str, pa.Array]:
    """The values in each type that can hold them without loss; what is missing is null."""
    present = [value for value in values if value is not None]
    found = {name: pa.array(values, pa.string()).cast(kind) for name, kind in TEXTS.items()}
    if all(re.fullmatch(r"-?(0|[1-9][0-9]*)", value) for value in present):
        numbers = [None if value is None else int(value) for value in values]
        for name, kind in WHOLE.items():
            try:
                found[name] = pa.array(numbers, kind)
            except (pa.ArrowInvalid, OverflowError):
                continue
    if all(re.fullmatch(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,7})?", value) for value in present):
        exact = [None if value is None else Decimal(value) for value in values]
        for name, kind in OTHER_NUMBERS.items():
            column = pa.array(
                [None if number is None else (float(number) if name != "decimal" else number) for number in exact], kind
            )
            back = [
                None if number is None else Decimal(repr(number)) if name == "double" else Decimal(number)
                for number in column.to_pylist()
            ]
            if back == exact:
                found[name] = column
    return found


def _times(values: Values) -> dict[str, pa.Array]:
    found = fitting(values)
    timestamps_us = [
        None if value is None else iso_moment(value) if not re.fullmatch(r"[0-9.]+", value) else None
        for value in values
    ]
    if [timestamp_us is None for timestamp_us in timestamps_us] != [value is None for value in values]:
        return found
    for name, kind in TIMESTAMPS.items():
        factor = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": None}[kind.unit]
        if factor is None:
            found[name] = pa.array([None if m is None else m * 1_000 + 999 for m in timestamps_us], pa.int64()).cast(
                kind
            )
        elif all(m is None or m % factor == 0 for m in timestamps_us):
            found[name] = pa.array([None if m is None else m // factor for m in timestamps_us], pa.int64()).cast(kind)
    day = 86_400 * 1_000_000
    if all(m is None or m % day == 0 for m in timestamps_us):
        days = pa.array([None if m is None else m // day for m in timestamps_us], pa.int32())
        found |= {"date32": days.cast(pa.date32()), "date64": days.cast(pa.date32()).cast(pa.date64())}
    return found


@st.composite
def parquet_cases(draw: st.DrawFn) -> Case:
    """A log as Parquet."""
    table = draw(tables(""))
    classes = ["Parquet", *table.classes]
    columns: dict[str, pa.Array] = {}
    roles = {name: role for role, name in table.plan.columns.items()}
    n_rows = len(table.rows)
    must_refuse = False
    for place, name in enumerate(table.columns):
        texts = [row[place] if place < len(row) else None for row in table.rows]
        role = roles.get(name)
        are_null = draw(st.booleans())
        values: Values = [
            None if value is not None and are_null and value.strip() in MISSING else value for value in texts
        ]
        kinds = _times(values) if role == "time" else fitting(values) if role else {"string": pa.array(values)}
        kind = draw(st.sampled_from(sorted(kinds)))
        columns[name] = kinds[kind]
        if role:
            classes.append(f"{role}s as {kind}")
            if kind == "double" and columns[name].null_count and draw(st.booleans()):
                columns[name] = pa.array([float("nan") if v is None else v for v in columns[name].to_pylist()])
                classes.append(f"NaN in {role}s")
    odd = draw(st.integers(0, 29))
    if odd == 0:
        name = table.plan.columns["time"]
        kind = draw(st.sampled_from(sorted(NO_TIMES)))
        columns[name] = pa.concat_arrays([NO_TIMES[kind]] * n_rows)
        classes.append(f"times as {kind}")
        must_refuse = True
    elif odd == 1:
        name = table.plan.columns[draw(st.sampled_from(("user", "item")))]
        columns[name] = pa.array([[1]] * n_rows) if draw(st.booleans()) else pa.array([{"id": 1}] * n_rows)
        classes.append("nested label")
        must_refuse = True
    elif odd == 2:
        columns["aside"] = pa.array([[{"a": None}]] * n_rows)
        classes.append("nested column beside")
    written = pa.table(columns)
    stream = io.BytesIO()
    parquet.write_table(
        written,
        stream,
        row_group_size=draw(st.sampled_from((n_rows, 3, 1))) if n_rows < 100 else n_rows,
        compression=draw(st.sampled_from(("none", "snappy", "zstd", "gzip"))),
        use_dictionary=draw(st.booleans()),
        version="2.6"
        if any(str(column.type).startswith("timestamp[ns") for column in columns.values())
        else draw(st.sampled_from(("1.0", "2.4", "2.6"))),
        store_schema=draw(st.booleans()),
    )
    content = stream.getvalue()
    readings: tuple[Reading, ...] = ()
    if not must_refuse:
        try:
            records = parquet.read_table(io.BytesIO(content)).to_pylist()
        except (pa.ArrowException, ValueError) as error:
            raise AssertionError(f"pyarrow can't read what it wrote: {classes}") from error
        readings = unique([reading_of(records, table.plan)])
    return Case(
        name="log.parquet",
        content=content,
        read=table.read,
        readings=readings,
        may_refuse=table.is_arguable or any(reading.left_out_is_bad for reading in readings),
        classes=tuple(classes),
        duplicates=table.duplicates,
        text=f"{written.schema}\n{written.to_pydict()}"[:3000],
    )
