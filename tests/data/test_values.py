"""The values of whole logs: what stands in the file, and what is in the staged rows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from nsbench.data.log.ingest import stage_log
from nsbench.data.log.prepare import prepare_log
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.log.read_options import ReadOptions
from nsbench.data.store import read_item_labels, read_user_labels
from nsbench.errors import LogError
from nsbench.files.home import Home
from tests.data.interaction import START, rows_of


def written(folder: Path, rows: list[str], header: str = "user,item,time") -> Path:
    path = folder / "log.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def moments_in(path: Path, **options: str | float) -> list[int]:
    """Microseconds of the good rows, in the log's order."""
    staged = stage_log(path, ReadOptions.model_validate(options), path.parent / "staged.arrow").staged
    return [int(timestamp_us) for rows in staged.batches(1_000) for timestamp_us in rows.timestamp_us]


def users_of(path: Path, folder: Path) -> list[str | int]:
    home = Home(folder / "home")
    prepare_log(path, ReadOptions(), PrepareOptions(duplicates="keep"), "log", home, replace=True)
    assert sorted(read_item_labels("log", home).to_list()) == [10, 11, 12, 13, 14]
    return read_user_labels("log", home)["label"].to_list()


def test_an_offset_after_the_first_thousand_rows_is_read(tmp_path: Path) -> None:
    """1,050 rows in Z, then 50 that are the same minutes two hours further east, and one 3 s later in unix seconds."""
    first = datetime(2020, 9, 14, 12, 0, tzinfo=UTC)
    times = [f"{first + timedelta(minutes=k):%Y-%m-%dT%H:%M:%SZ}" for k in range(1_050)]
    times += [f"{first + timedelta(minutes=k, hours=2):%Y-%m-%dT%H:%M:%S+02:00}" for k in range(50)]
    times += [str(int(first.timestamp()) + 3)]
    path = written(tmp_path, [f"{k % 7},{k % 5},{time}" for k, time in enumerate(times)])
    start = int(first.timestamp()) * 10**6
    expected = [start + 60 * 10**6 * k for k in [*range(1_050), *range(50)]] + [start + 3 * 10**6]
    assert moments_in(path) == expected


def test_times_are_found_below_a_thousand_rows_without(tmp_path: Path) -> None:
    rows = [f"1,{k},NA" for k in range(1_001)] + [f"2,1,{START}"]
    assert moments_in(written(tmp_path, rows), skip_bad_rows=True) == [START * 10**6]


def test_times_in_categories_are_read(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    times = pl.Series(["2020-09-14", " 2020-09-15T00:00:01Z "], dtype=pl.Categorical)
    pl.DataFrame({"user": [1, 2], "item": [1, 2], "time": times}).write_parquet(path)
    assert moments_in(path) == [1_600_041_600 * 10**6, 1_600_128_001 * 10**6]


def test_times_before_1990_and_after_tomorrow_are_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    times = [START, 0, START, 86_400, 4_102_444_800, START]
    path = written(tmp_path, [f"{k},{k},{time}" for k, time in enumerate(times)])
    assert moments_in(path) == [time * 10**6 for time in times]
    assert "2 of 6 times in 'time' are before 1990; the first is in line 3: '0', read as 1970-01-01" in caplog.text
    assert "1 of 6 times in 'time' are later than tomorrow; the first is in line 6: '4102444800'" in caplog.text
    assert "read as 2100-01-01" in caplog.text


def test_times_of_our_days_are_not_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """MovieLens begins in January 1995, at 789,652,004."""
    moments_in(written(tmp_path, ["1,2,789652004", f"2,1,{int(datetime.now(UTC).timestamp())}"]))
    assert caplog.text == ""


def test_a_column_named_like_a_pattern_is_read_as_any_other(tmp_path: Path) -> None:
    path = written(tmp_path, [f"1,2,{START},4,2020-09-14", "2,3,0,5,2020-09-15"], "user,item,^time$,^rating$,^date$")
    assert moments_in(path, min_rating=4, time_unit="auto") == [START * 10**6, 0]


def test_steps_are_read_where_their_unit_is_named_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path, ["1,2,1", "1,3,2", "2,2,1"])
    with pytest.raises(LogError, match="holds no unix times.*as small as 1, .*--time-unit order.*--time-unit min"):
        moments_in(path)
    assert moments_in(path, time_unit="seconds") == [10**6, 2 * 10**6, 10**6]
    assert "3 of 3 times in 'time' are before 1990; the first is in line 2: '1'" in caplog.text


def test_32_bit_floats_of_seconds_are_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "log.parquet"
    times = pl.Series([START, START + 1], dtype=pl.Float32)
    pl.DataFrame({"user": [1, 2], "item": [1, 2], "time": times}).write_parquet(path)
    moments_in(path)
    assert "are 32-bit floats" in caplog.text


@pytest.mark.parametrize("word", ["NA", "N/A", "\\N", "<NA>", "#N/A", "(null)", "undefined", "None", "nan", "NaT"])
def test_a_word_for_a_missing_user_is_named_in_the_refusal(tmp_path: Path, word: str) -> None:
    path = written(tmp_path, [f"bob,1,{START}", f"{word},2,{START}", f" {word},3,{START}"])
    with pytest.raises(LogError) as refused:
        moments_in(path)
    said = str(refused.value)
    assert f"line 3: user={word!r}, item='2'" in said
    assert "2 of 3 rows are bad: 2 without a user in 'user' (" in said
    assert f"{word!r}, " in said or f", {word!r}: read as missing" in said
    assert "must be written in another way" in said
    assert moments_in(path, skip_bad_rows=True) == [START * 10**6]


@pytest.mark.parametrize("kind", [pl.Categorical, pl.Enum(["1", " 2", "2 ", "nan", "", " NA"]), pl.Binary])
def test_labels_in_every_text_type_of_parquet_are_cleaned(tmp_path: Path, kind: pl.DataType) -> None:
    """Users 1 and 2, the second with blanks; the three others are none."""
    texts = ["1", " 2", "2 ", "nan", "", " NA"]
    path = tmp_path / "log.parquet"
    users = pl.Series(texts).cast(kind)
    pl.DataFrame({"user": users, "item": [1] * 6, "time": [START] * 6}).write_parquet(path)
    with pytest.raises(LogError, match="3 of 6 rows are bad: 3 without a user in 'user'.*'nan'"):
        moments_in(path)
    staged = stage_log(path, ReadOptions(skip_bad_rows=True), tmp_path / "staged.arrow").staged
    assert [code for rows in staged.batches(9) for code in rows.user.tolist()] in ([0, 1, 1], [1, 2, 2])


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["1", "2", "3", "4"], [1, 2, 3, 4]),
        (["1.0", "2.0", "3.0", "4.0"], [1, 2, 3, 4]),
        (["1", "2.0", "3", "4.00"], [1, 2, 3, 4]),
        (["1.0", "2", " 3 ", "10.0"], [1, 2, 3, 10]),
        (["1.0", "2.0", "x", "4.0"], ["1.0", "2.0", "4.0", "x"]),
        (["1.5", "2.0", "3.0", "4.0"], ["1.5", "2.0", "3.0", "4.0"]),
    ],
)
def test_whole_numbers_are_one_label_however_they_are_written(
    tmp_path: Path, labels: list[str], expected: list[str | int]
) -> None:
    """The same labels in CSV and as text, categories and, where they are numbers, floats of Parquet."""
    rows = rows_of()
    named = [labels[user - 1] for user, _, _ in rows]
    lines = [f"{name},{item},{START + time}" for name, (_, item, time) in zip(named, rows, strict=True)]
    assert users_of(written(tmp_path, lines), tmp_path) == expected
    kinds: list[pl.DataType] = [pl.String(), pl.Categorical(), pl.Binary()]
    for kind in [*kinds, *([] if "x" in labels else [pl.Float64()])]:
        column = pl.Series(named).str.strip_chars() if kind.is_float() else pl.Series(named)
        frame = pl.DataFrame({"user": column.cast(kind), "item": [row[1] for row in rows]})
        frame.with_columns(time=pl.Series([START + row[2] for row in rows])).write_parquet(tmp_path / "log.parquet")
        assert users_of(tmp_path / "log.parquet", tmp_path) == expected


def test_7_and_7_0_are_one_user_with_all_its_interactions(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """2,000 rows of users 0 to 9, whose last 100 are written with .0, as pandas writes what follows a gap."""
    rows = [f"{k % 10},{10 + k % 7},{START + k}" for k in range(1_900)]
    rows += [f"{k % 10}.0,{10 + k % 7},{START + k}" for k in range(1_900, 2_000)]
    home = Home(tmp_path / "home")
    card = prepare_log(written(tmp_path, rows), ReadOptions(), PrepareOptions(), "log", home)
    assert (card.n_users, card.n_interactions) == (10, 2_000)
    assert read_user_labels("log", home)["label"].to_list() == list(range(10))
    assert "10 labels with .0 are read without it" in caplog.text
    plain = prepare_log(
        written(tmp_path, [row.replace(".0", "") for row in rows]), ReadOptions(), PrepareOptions(), "plain", home
    )
    assert plain.content_hash == card.content_hash


@pytest.mark.parametrize("values", [[True, False], [[1], [2]], [{"a": 1}, {"a": 2}]])
def test_a_column_of_no_labels_is_refused_by_its_type(tmp_path: Path, values: list[object]) -> None:
    path = tmp_path / "log.parquet"
    pl.DataFrame({"user": values, "item": [1, 2], "time": [START, START]}).write_parquet(path)
    with pytest.raises(LogError, match="'user' of .* holds .*; a label is a number or a text"):
        moments_in(path)


@pytest.mark.parametrize(
    "odd",
    [
        pa.array([1, 2], pa.duration("s")),
        pa.array([1, 2], pa.time64("us")),
        pa.array([[1], [2]]),
        pa.array([[("a", 1)], [("b", 2)]], pa.map_(pa.string(), pa.int64())),
        pa.array([{"a": 1}, {"a": 2}]),
    ],
    ids=lambda column: str(column.type),
)
@pytest.mark.parametrize("role", ["user", "item", "event"])
def test_columns_of_types_that_are_no_labels_are_refused(tmp_path: Path, role: str, odd: pa.Array) -> None:
    columns = {"user": pa.array([1, 2]), "item": pa.array([1, 2]), "time": pa.array([START] * 2), role: odd}
    parquet.write_table(pa.table(columns), tmp_path / "log.parquet")
    with pytest.raises(LogError, match=f"Column '{role}' of .*; an? (label|event) is a number or a text"):
        moments_in(tmp_path / "log.parquet", events=("view",) if role == "event" else ())


@pytest.mark.parametrize("kind", [pa.string(), pa.int64(), pa.bool_()], ids=str)
def test_events_of_every_simple_type_are_chosen(tmp_path: Path, kind: pa.DataType) -> None:
    """Of the values 1 and 0, the second row's is not taken."""
    events = pa.array([1, 0]).cast(kind)
    columns = {"user": pa.array([1, 2]), "item": pa.array([1, 2]), "time": pa.array([START, 9]), "event": events}
    parquet.write_table(pa.table(columns), tmp_path / "log.parquet")
    assert moments_in(tmp_path / "log.parquet", events=("1", "true")) == [START * 10**6]


@pytest.mark.parametrize("names", [("user", "item", "time"), ("user", "item", "time", "date")])
def test_parquet_without_rows_is_empty(tmp_path: Path, names: tuple[str, ...]) -> None:
    """With two columns of times, their values are looked at before anything else."""
    parquet.write_table(pa.table({name: pa.array([], pa.int64()) for name in names}), tmp_path / "log.parquet")
    with pytest.raises(LogError, match="is empty: it has columns but no row"):
        moments_in(tmp_path / "log.parquet")


@pytest.mark.parametrize("kind", [pa.uint64(), pa.decimal256(40, 0)], ids=str)
def test_numbers_too_large_for_a_time_are_refused(tmp_path: Path, kind: pa.DataType) -> None:
    columns = {"user": pa.array([1, 2]), "item": pa.array([1, 2]), "time": pa.array([2**63, 2**63 + 1], kind)}
    parquet.write_table(pa.table(columns), tmp_path / "log.parquet")
    with pytest.raises(LogError, match="Column 'time' holds no times|isn't read|rows are bad"):
        moments_in(tmp_path / "log.parquet")


@pytest.mark.parametrize("separator", [",", "::"])
def test_files_with_a_byte_order_mark_each_can_be_joined(tmp_path: Path, separator: str) -> None:
    """Users 0 and 1 twice: two codes, not three."""
    part = "".join(f"{user}::{user + 5}::{START}\n" for user in (0, 1)).replace("::", separator).encode("utf-8-sig")
    (tmp_path / "log").write_bytes(part + part)
    staged = stage_log(tmp_path / "log", ReadOptions(), tmp_path / "staged.arrow").staged
    assert [code for rows in staged.batches(9) for code in rows.user.tolist()] == [0, 1, 0, 1]
