"""Rows chosen by their rating, and those left out counted by reason."""

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from nsbench.data.log.ingest import stage_log
from nsbench.data.log.read_options import ReadOptions
from nsbench.errors import LogError
from tests.data.interaction import START


def kept(folder: Path, ratings: list[str], least: float, *, skip: bool = False) -> list[int]:
    """The rows that stay of a log with these ratings."""
    lines = [f"{k % 3};{k % 4};{START + k};{rating}" for k, rating in enumerate(ratings)]
    path = folder / "log.csv"
    path.write_text("\n".join(["user;item;time;rating", *lines]) + "\n")
    return _rows(path, least, skip=skip)


def kept_of(folder: Path, ratings: pl.Series, least: float) -> list[int]:
    """The same of a Parquet file."""
    path = folder / "log.parquet"
    numbers = list(range(len(ratings)))
    times = [START + k for k in numbers]
    frame = pl.DataFrame({"user": [k % 3 for k in numbers], "item": [k % 4 for k in numbers], "time": times})
    frame.with_columns(ratings.alias("rating")).write_parquet(path)
    return _rows(path, least)


def _rows(path: Path, least: float, *, skip: bool = False) -> list[int]:
    staged_path = path.parent / "staged.arrow"
    staged = stage_log(path, ReadOptions(min_rating=least, skip_bad_rows=skip), staged_path).staged
    return [int(row) for rows in staged.batches(1_000) for row in rows.row]


def test_a_row_without_a_rating_is_left_out_and_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ratings = ["5", "nan", "NA", "", "3.5", "4", "null", "NaN", "4.0"]
    assert kept(tmp_path, ratings, 4) == [0, 5, 8]
    assert "1 with a lower rating, 5 without a rating" in caplog.text


def test_blanks_around_a_rating_are_no_part_of_it(tmp_path: Path) -> None:
    assert kept(tmp_path, [" 5", "4 ", "\u00a04.5", " 3"], 4) == [0, 1, 2]


def test_a_decimal_comma_is_one_where_no_rating_has_a_point(tmp_path: Path) -> None:
    assert kept(tmp_path, ["4,5", "3,5", "5", "3", "4,0", "nan"], 4) == [0, 2, 4]


@pytest.mark.parametrize(
    ("ratings", "message"),
    [
        (["5", "4.5", "4,5"], "line 4: the rating rating='4,5' is not a number; 1 rows have such a one"),
        (["5", "1,234", "2,000"], "line 3: the rating rating='1,234' is not a number; 2 rows"),
        (["5", "4", "4 stars", "good"], "line 4: the rating rating='4 stars' is not a number; 2 rows.*--skip-bad-rows"),
        (["5", "inf", "-Infinity"], "line 3: the rating rating='inf' is not a number; 2 rows"),
        (["5", "4", "1.234,5"], "line 4: the rating rating='1.234,5' is not a number"),
        (["5", "4", "5/5"], "'5/5' is not a number"),
    ],
)
def test_a_rating_that_is_no_number_is_refused_with_its_line(tmp_path: Path, ratings: list[str], message: str) -> None:
    with pytest.raises(LogError, match=message):
        kept(tmp_path, ratings, 4)


def test_ratings_that_are_no_numbers_can_be_left_out_and_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With 4.5 in the column, 4,5 isn't sure to be four and a half."""
    assert kept(tmp_path, ["5", "4,5", "good", "4.5", "1", "5"], 4, skip=True) == [0, 3, 5]
    assert "1 with a lower rating, 2 whose rating is not a number" in caplog.text


@pytest.mark.parametrize(
    "ratings",
    [
        pl.Series([4.1, float("nan"), None, 4.0]),
        pl.Series([4.1, float("nan"), None, 4.0], dtype=pl.Float32),
        pl.Series([Decimal("4.10"), None, None, Decimal("4.00")]),
        pl.Series(["4.1", "nan", None, "4"], dtype=pl.Categorical),
        pl.Series([b"4.1", b" ", None, b"4"]),
    ],
)
def test_every_type_of_rating_is_compared_as_the_number_it_stands_for(tmp_path: Path, ratings: pl.Series) -> None:
    """4.1 as a 32-bit float is a bit less than 4.1 as a 64-bit one."""
    assert kept_of(tmp_path, ratings, 4.1) == [0]


def test_an_infinite_rating_of_any_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="row 2: the rating rating=inf is not a number"):
        kept_of(tmp_path, pl.Series([4.0, float("inf")]), 4)


def test_lists_and_dates_are_no_ratings(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="'rating' of .* holds List.* and no ratings: accepted are numbers"):
        kept_of(tmp_path, pl.Series([[4], [5]]), 4)
