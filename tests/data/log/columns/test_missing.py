"""Words for a missing value."""

import polars as pl

from nsbench.data.log.columns.missing import clean

WORDS = (
    *("", " ", "NA", "na", "N/A", "n/a", "\\N", "<NA>", "#N/A", "(null)", "undefined", "NaT", "nan", "NaN", "-nan"),
    *("None", "none", "NONE", "null", "Null", "NULL", " NA ", "\tnull", "nil", "Undefined", "[null]"),
)
LABELS = ("bob", " bob ", "0", "Nathan", "NAN1", "nullable", "N", "-", "7.0", "Nora")
KEPT = ["bob", "bob", "0", "Nathan", "NAN1", "nullable", "N", "-", "7.0", "Nora"]


def cleaned(values: pl.Series) -> list[object]:
    return pl.select(clean(values.dtype, pl.lit(values))).to_series().to_list()


def test_missing_words_are_null_and_labels_lose_their_blanks() -> None:
    assert cleaned(pl.Series([*WORDS, *LABELS])) == [*[None] * len(WORDS), *KEPT]


def test_floats_that_are_no_numbers_are_missing_and_whole_numbers_stay() -> None:
    assert cleaned(pl.Series([1.5, float("nan"), float("inf"), None])) == [1.5, None, None, None]
    assert cleaned(pl.Series([0, -1, None])) == [0, -1, None]
