"""Where head, mid and tail are cut: by shares of interactions, by shares of items, or by counts.

`nsbench.data.cohort` draws the borders that are named here.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, Self, cast, final, get_args

import numpy as np
from numpy.typing import NDArray

CutBy = Literal["interactions", "items", "counts"]
"""What the two numbers of a cut are of."""

_SIGNS = 12
"""Of a number: enough for any share or count, and few enough that products with counts of interactions are exact in int64."""

_MOST_PARTS = 100_000
"""A share is a whole number of these at the finest, so that counts times its denominator stay exact."""

FORMS = (
    "interactions:A,B or items:A,B with shares 0 < A < B < 1, such as interactions:1/3,2/3 (head holds the first third of the "
    "training interactions) or items:0.01,0.2 (head is the most popular 1 % of the items seen in training), or counts:H,M with "
    "whole numbers H > M > 1, such as counts:100,10 (head has 100 training interactions or more, mid 10 or more)"
)
"""What is accepted."""


@final
@dataclass(frozen=True)
class CohortCut:
    """The two borders between head, mid and tail.

    Attributes:
        by: What the borders are of. interactions: cumulative shares of the training interactions; items: shares of the items
            seen in training, from the most popular on; counts: an item's own training interactions.
        head: Head's border.
        mid: Mid's border; all beyond it that was seen in training is tail.
    """

    by: CutBy
    head: Fraction
    mid: Fraction

    @classmethod
    def read(cls, text: str) -> Self:
        """The cut that a text names.

        Raises:
            ValueError: It names none; the message says what does.

        >>> CohortCut.read("items: 1/100, .2").text
        'items:0.01,0.2'
        >>> CohortCut.read("counts:10,100")
        Traceback (most recent call last):
        ...
        ValueError: counts fall from head to mid; accepted is counts:H,M with whole numbers H > M > 1, such as counts:100,10
        """
        by, colon, rest = text.replace(" ", "").partition(":")
        numbers = [_number(part) for part in rest.split(",")]
        if by not in get_args(CutBy) or not colon or len(numbers) != 2 or None in numbers:
            raise ValueError(f"no cut of cohorts; accepted is {FORMS}")
        head, mid = cast(list[Fraction], numbers)
        if by == "counts":
            if head.denominator * mid.denominator != 1 or not head > mid > 1:
                what = "counts fall from head to mid" if head <= mid else "counts are whole numbers above 1"
                raise ValueError(f"{what}; accepted is counts:H,M with whole numbers H > M > 1, such as counts:100,10")
        elif not 0 < head < mid < 1:
            raise ValueError(
                f"shares rise from head to mid, above 0 and below 1; accepted is {by}:A,B with 0 < A < B < 1, "
                f"such as {by}:0.2,0.5"
            )
        elif max(head.denominator, mid.denominator) > _MOST_PARTS:
            raise ValueError(f"shares have a denominator of at most {_MOST_PARTS:,}, or five decimals; round them")
        return cls(cast(CutBy, by), head, mid)

    @property
    def text(self) -> str:
        """What names the cut; one text for equal cuts."""
        return f"{self.by}:{_text(self.head)},{_text(self.mid)}"

    @property
    def words(self) -> str:
        """What head, mid and tail are, for people.

        >>> print(CohortCut.read("counts:100,10").words)
        head has 100 training interactions or more, mid 10 or more, tail fewer
        >>> print(THIRDS.words)
        head holds the first 1/3 of the training interactions, mid goes up to 2/3, tail is the rest
        """
        head, mid = _text(self.head), _text(self.mid)
        if self.by == "counts":
            return f"head has {head} training interactions or more, mid {mid} or more, tail fewer"
        if self.by == "items":
            head, mid = (f"{100 * float(share):g} %" for share in (self.head, self.mid))
            return (
                f"head is the most popular {head} of the items seen in training, mid goes up to {mid}, tail is the rest"
            )
        return f"head holds the first {head} of the training interactions, mid goes up to {mid}, tail is the rest"


def ends_of(cut: CohortCut, counts: NDArray[np.int64], *, is_filled: bool) -> tuple[int, int]:
    """How many items are head, and how many head or mid.

    Args:
        cut: The borders.
        counts: int64[n_seen], training interactions of the items seen in training, falling.
        is_filled: Whether an item that crosses the border of an empty cohort fills it, as `nsbench.data.cohort.cohorts_of` says.
            Borders by counts are as they are named, whatever becomes empty.

    >>> falling = np.array([70, 10, 10, 5, 5])
    >>> [ends_of(CohortCut.read(cut), falling, is_filled=True) for cut in ("items:0.4,0.8", "counts:50,10", "counts:99,70")]
    [(2, 4), (1, 3), (0, 1)]
    >>> ends_of(THIRDS, falling, is_filled=True), ends_of(THIRDS, falling, is_filled=False)
    ((1, 2), (0, 0))
    """
    n_seen = len(counts)
    if n_seen == 0:
        return 0, 0
    if cut.by == "counts":
        return int(np.count_nonzero(counts >= int(cut.head))), int(np.count_nonzero(counts >= int(cut.mid)))
    if cut.by == "items":
        head_end, mid_end = int(cut.head * n_seen), int(cut.mid * n_seen)
    else:
        cumulative = np.cumsum(counts)
        head_end, mid_end = _below(cumulative, cut.head), _below(cumulative, cut.mid)
        if is_filled and mid_end == 0:
            # The head's one item crosses both borders: mid has of the rest what it would have beyond the head.
            rest = cumulative - cumulative[0]
            mid_end = max(_below(rest, (cut.mid - cut.head) / (1 - cut.head)), 1)
    if is_filled:
        head_end = max(head_end, 1)
        mid_end = max(mid_end, min(head_end + 1, n_seen))
    return head_end, mid_end


def _below(cumulative: NDArray[np.int64], share: Fraction) -> int:
    """How many cumulative counts are below a share of the last; in whole numbers, since c / total < 1 / 3 is not exact."""
    return int(np.searchsorted(share.denominator * cumulative, share.numerator * int(cumulative[-1]), side="left"))


def _number(text: str) -> Fraction | None:
    """A number as `1/3`, `0.2`, `.2` or `100`; None for anything else."""
    if len(text) > _SIGNS or not re.fullmatch(r"\d+(/0*[1-9]\d*)?|\d*\.\d+", text, re.ASCII):
        return None
    return Fraction(text)


def _text(number: Fraction) -> str:
    """As a decimal where that is exact within six places, else as a fraction."""
    decimal = f"{float(number):.6f}".rstrip("0").rstrip(".")
    return decimal if Fraction(decimal) == number else f"{number.numerator}/{number.denominator}"


THIRDS = CohortCut("interactions", Fraction(1, 3), Fraction(2, 3))
"""The default. Source: paper, section 4.3."""

DEFAULT_CUT = THIRDS.text
