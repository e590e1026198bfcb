"""Turns the labels of users and items into 32-bit codes while a log streams by, and codes back into labels.

Two ways: small whole numbers stand for themselves, which costs nothing; anything else gets its place in a dictionary that
grows as the log is read. Which way a column can go is guessed from its first values and known only at the end.

What a label is, in every format alike: text without surrounding blanks. Where all labels of a column are whole numbers,
written as 7 or, as pandas writes a column with gaps, as 7.0, they are numbers, and 7 and 7.0 are one label. Any other way
to write a number (007, +7, -0, 7.50, 1e3) is a text of its own, and with one of them in a column all its labels are texts
as they stand: 7 and 7.0 are two then, and a warning says so.
"""

import logging
import uuid
from abc import ABC, abstractmethod
from typing import final

import numpy as np
import polars as pl
from numpy.typing import NDArray

LARGEST_SPAN = 1 << 27
"""Numbers further apart than this go through a dictionary: a table over all of them would take a gigabyte."""

WHOLE = r"^(?:0|-?[1-9][0-9]*)$"
POINT_ZERO = r"^(0|-?[1-9][0-9]*)\.0+$"

logger = logging.getLogger(__name__)


class Coding(ABC):
    """How a column of labels is written as uint32 codes."""

    @abstractmethod
    def encode(self, column: pl.Expr, clean: pl.Expr) -> pl.Expr:
        """uint32 codes; null where there is no label, or where this coding can't hold it.

        Args:
            column: The labels as they stand in the log.
            clean: The same without blanks and words for a missing value.
        """

    @abstractmethod
    def labels(self, codes: NDArray[np.integer]) -> pl.Series:
        """The labels of codes that this coding has given; a label may stand at several of them."""


@final
class NumberCoding(Coding):
    """Whole numbers below 2^32 that are written plainly are their own codes: 7, not 007, +7 or 7.5.

    Attributes:
        kind: The column's type in the log.
    """

    def __init__(self, kind: pl.DataType) -> None:
        self.kind = kind

    def encode(self, column: pl.Expr, clean: pl.Expr) -> pl.Expr:
        """What cleaning would change is no plain number, so it can be left out."""
        number = column.cast(pl.UInt32, strict=False)
        if self.kind.is_integer():
            return number
        if self.kind.is_float():
            return pl.when(number == column).then(number)
        # Everything else that is read as a number but not written as one: text it must stay, or 7 and 007 fall together.
        padded = column.str.starts_with("0") | column.str.starts_with("+")
        return pl.when(~padded | (column == "0")).then(number)

    def labels(self, codes: NDArray[np.integer]) -> pl.Series:
        """Numbers of the column's integer type; int64 where it held text or floats."""
        return pl.Series("label", codes).cast(self.kind if self.kind.is_integer() else pl.Int64)


@final
class DictionaryCoding(Coding):
    """A label's code is its place in a dictionary of all labels met so far.

    Attributes:
        kind: The column's type in the log.
        role: What the labels are of, for messages: user, item.
    """

    def __init__(self, kind: pl.DataType, role: str = "") -> None:
        self.kind = kind
        self.role = role
        # Dictionaries of one name are one: this one is the column's own, and gone with it.
        self._entries = pl.Categorical(pl.Categories("label", namespace=uuid.uuid4().hex))
        # polars drops a dictionary that no column uses.
        self._in_use = pl.Series([], dtype=self._entries)

    def encode(self, column: pl.Expr, clean: pl.Expr) -> pl.Expr:
        """The places of the cleaned labels, written as text."""
        # The shortest text of a 32-bit float is that of another number: 2147483600.0 for 2147483648.
        written = clean.cast(pl.Float64) if self.kind == pl.Float32 else clean
        return written.cast(pl.String).cast(self._entries).to_physical()

    def labels(self, codes: NDArray[np.integer]) -> pl.Series:
        """Integers where the column held them, or where all labels are whole numbers, also as 7.0; else text."""
        texts = pl.Series("label", codes, dtype=pl.UInt32).cat.to(self._entries).cast(pl.String)
        if self.kind.is_integer():
            return texts.cast(self.kind)
        if self.kind.is_float():
            floats = texts.cast(pl.Float64)
            numbers = floats.cast(pl.Int64, strict=False)
            return numbers if (numbers.cast(pl.Float64) == floats).all(ignore_nulls=False) else texts
        return self._without_point_zero(texts)

    def _without_point_zero(self, texts: pl.Series) -> pl.Series:
        """Whole numbers, where the labels are; texts as they stand where they are not."""
        if texts.str.contains(WHOLE).all():
            numbers = texts.cast(pl.Int64, strict=False)
            return texts if numbers.null_count() else numbers
        plain = texts.str.replace(POINT_ZERO, "${1}")
        n_changed = int((plain != texts).sum())
        if not plain.str.contains(WHOLE).all():
            n_twice = int(plain.is_duplicated().sum()) if n_changed else 0
            if n_twice:
                logger.warning(
                    "Labels of the column of %ss such as %s are written with .0 and without, and stay apart, since other "
                    "labels of the column are no whole numbers",
                    self.role,
                    texts.filter(plain.is_duplicated())[0],
                )
            return texts
        if n_changed < len(texts):
            logger.warning(
                "The column of %ss holds whole numbers written as 7 and as 7.0: %s labels with .0 are read without it",
                self.role,
                f"{n_changed:,}",
            )
        numbers = plain.cast(pl.Int64, strict=False)
        return plain if numbers.null_count() else numbers


def guess_coding(sample: pl.Series) -> Coding:
    """The coding that a column's first values, as they stand in the log, can have."""
    kind = sample.dtype
    if kind == pl.String or kind.is_integer() or kind.is_float():
        numbers = NumberCoding(kind)
        codes = pl.select(numbers.encode(pl.lit(sample), pl.lit(sample))).to_series()
        if not codes.null_count() and len(codes) and int(codes.max()) - int(codes.min()) <= LARGEST_SPAN:  # type: ignore[arg-type]
            return numbers
    return DictionaryCoding(kind, sample.name)
