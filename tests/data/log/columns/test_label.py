"""Labels as codes and back."""

import polars as pl
import pytest

from nsbench.data.log.columns.label import Coding, DictionaryCoding, NumberCoding, guess_coding


def coded(coding: Coding, labels: pl.Series) -> list[int | None]:
    column = pl.lit(labels)
    return pl.select(coding.encode(column, column)).to_series().to_list()


def test_plain_numbers_are_their_own_codes_and_nothing_else_is() -> None:
    labels = pl.Series(["7", "0", "007", "+7", "-7", "7.0", " 7", "bob", "", "4294967296", None])
    assert coded(NumberCoding(labels.dtype), labels) == [7, 0, *[None] * 9]
    assert coded(NumberCoding(pl.Float64()), pl.Series([3.0, 2.5, float("nan"), -1.0])) == [3, None, None, None]
    assert coded(NumberCoding(pl.Int64()), pl.Series([3, -1, 2**33])) == [3, None, None]


@pytest.mark.parametrize(
    ("labels", "back"),
    [
        (pl.Series(["b", "a"]), pl.Series("label", ["b", "a"])),
        (pl.Series(["12", "3"]), pl.Series("label", [12, 3])),
        (pl.Series(["12", "03"]), pl.Series("label", ["12", "03"])),
        (pl.Series([2**63 + 1, 5], dtype=pl.UInt64), pl.Series("label", [2**63 + 1, 5], dtype=pl.UInt64)),
        (pl.Series([1e12, -3.0]), pl.Series("label", [10**12, -3])),
        (pl.Series([1.5, 2.0]), pl.Series("label", ["1.5", "2.0"])),
        (pl.Series(["7", "8"], dtype=pl.Categorical), pl.Series("label", [7, 8])),
        (pl.Series(["7.0", "8"]), pl.Series("label", [7, 8])),
        (pl.Series(["-7.00", "0.0"]), pl.Series("label", [-7, 0])),
        (pl.Series(["7.0", "12345678901234567890"]), pl.Series("label", ["7", "12345678901234567890"])),
        (pl.Series(["7.0", "007"]), pl.Series("label", ["7.0", "007"])),
        (pl.Series(["7.0", "+7"]), pl.Series("label", ["7.0", "+7"])),
        (pl.Series(["7.0", "-0"]), pl.Series("label", ["7.0", "-0"])),
        (pl.Series(["7.0", "7.50"]), pl.Series("label", ["7.0", "7.50"])),
        (pl.Series(["7.0", "1e3"]), pl.Series("label", ["7.0", "1e3"])),
        (pl.Series(["7.0", "1.0.0"]), pl.Series("label", ["7.0", "1.0.0"])),
    ],
)
def test_a_dictionary_gives_the_labels_back(labels: pl.Series, back: pl.Series) -> None:
    """Integers where the column holds them or all are whole numbers, a category's names too; else text."""
    coding = DictionaryCoding(labels.dtype)
    assert coded(coding, labels) == [0, 1]
    given = pl.Series([0, 1], dtype=pl.UInt32).to_numpy()
    assert coding.labels(given).dtype == back.dtype
    assert coding.labels(given).to_list() == back.to_list()


def labels_of(values: list[str], caplog: pytest.LogCaptureFixture) -> tuple[list[str | int], str]:
    coding = DictionaryCoding(pl.String(), "user")
    codes = coded(coding, pl.Series(values))
    return coding.labels(pl.Series(codes, dtype=pl.UInt32).to_numpy()).to_list(), caplog.text


def test_two_ways_to_write_a_whole_number_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    labels, said = labels_of(["7", "7.0", "8.0"], caplog)
    assert labels == [7, 7, 8]
    assert (
        "The column of users holds whole numbers written as 7 and as 7.0: 2 labels with .0 are read without it" in said
    )


def test_whole_numbers_that_stay_apart_beside_other_labels_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    labels, said = labels_of(["7", "7.0", "bob"], caplog)
    assert labels == ["7", "7.0", "bob"]
    assert "users such as 7 are written with .0 and without, and stay apart" in said


@pytest.mark.parametrize("values", [["7", "8"], ["7.0", "8.0"], ["7.0", "bob"]])
def test_one_way_to_write_labels_is_not_warned_of(values: list[str], caplog: pytest.LogCaptureFixture) -> None:
    assert labels_of(values, caplog)[1] == ""


def test_two_dictionaries_do_not_share_their_labels() -> None:
    first, second = DictionaryCoding(pl.String()), DictionaryCoding(pl.String())
    assert coded(first, pl.Series(["a", "b"])) == [0, 1]
    assert coded(second, pl.Series(["b", "c"])) == [0, 1]


def test_the_way_to_code_is_guessed_from_the_first_labels() -> None:
    assert isinstance(guess_coding(pl.Series(["1", "2"])), NumberCoding)
    assert isinstance(guess_coding(pl.Series(["1", "02"])), DictionaryCoding)
    assert isinstance(guess_coding(pl.Series([1, 2**31])), DictionaryCoding)
    assert isinstance(guess_coding(pl.Series([True, False])), DictionaryCoding)


def test_a_32_bit_float_label_is_the_number_that_it_is() -> None:
    """2^31 is exact as a 32-bit float, whose shortest text is 2147483600.0."""
    coding = DictionaryCoding(pl.Float32(), "user")
    sample = pl.Series([2147483648.0, 1.0], dtype=pl.Float32)
    codes = pl.select(coding.encode(pl.lit(sample), pl.lit(sample))).to_series()
    assert coding.labels(codes.to_numpy()).to_list() == [2147483648, 1]
