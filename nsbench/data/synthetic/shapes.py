"""What makes a synthetic log like one of the paper's datasets: its popularity curve, lengths, repeats and pauses.

Numbers only; `nsbench.data.synthetic.markov_chain` turns them into probabilities and `nsbench.data.synthetic.generate` into a
log.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nsbench.errors import SettingsError

Likeness = Literal["demo", "ml-10m", "amazon-beauty", "retailrocket"]
"""What a synthetic log can be like; "demo" is the built-in log: MovieLens' shape at a size that trains in seconds."""

DAY_S = 86_400


@dataclass(frozen=True)
class Shape:
    """The shape of a log, and the size it has when none is asked for.

    Attributes:
        curve_exponent: a of the popularity curve (x + b)^-a, where x in (0, 1] is an item's place by popularity.
        curve_shift: b of the popularity curve. Both are solved so that the curve's head and mid hold the same share of
            the catalogue as in the dataset.
        shortest: Fewest interactions of a user.
        length_spread: Sigma of the log-normal number of interactions beyond the shortest.
        copy_probability: Chance that a user goes back to an item of the history; 0: no item twice.
        pause_probability: Chance that the next interaction comes after a pause of days rather than seconds.
        pause_days: Mean length of such a pause.
        span_days: Time from the first interaction of the log to about the last one.
        n_users: Users when none are asked for.
        n_items: Items when none are asked for.
        n_interactions: Interactions when none are asked for.
    """

    curve_exponent: float
    curve_shift: float
    shortest: int
    length_spread: float
    copy_probability: float
    pause_probability: float
    pause_days: float
    span_days: int
    n_users: int
    n_items: int
    n_interactions: int

    @property
    def repeats(self) -> bool:
        """Whether users come back to items they had."""
        return self.copy_probability > 0

    def popularity(self, n_items: int, skew: float) -> NDArray[np.float64]:
        """How popular each item should be, most popular first.

        Args:
            n_items: Length of the curve.
            skew: Power that the dataset's curve is raised to: 1 as the dataset, 0 all alike, 2 steeper.

        Returns:
            float64[n_items], falling, sum 1.
        """
        place = (np.arange(n_items) + 0.5) / n_items
        weights: NDArray[np.float64] = (place + self.curve_shift) ** (-self.curve_exponent * skew)
        weights /= weights.sum()
        return weights


_MOVIELENS_CURVE = {"curve_exponent": 1.7536, "curve_shift": 0.0360}

SHAPES: dict[Likeness, Shape] = {
    "demo": Shape(
        **_MOVIELENS_CURVE,
        shortest=10,
        length_spread=1.0,
        copy_probability=0.0,
        pause_probability=0.15,
        pause_days=15.0,
        span_days=365,
        n_users=3_000,
        n_items=1_200,
        n_interactions=120_000,
    ),
    "ml-10m": Shape(
        **_MOVIELENS_CURVE,
        shortest=20,
        length_spread=1.35,
        copy_probability=0.0,
        pause_probability=0.05,
        pause_days=30.0,
        span_days=5_000,
        n_users=69_878,
        n_items=10_200,
        n_interactions=10_000_000,
    ),
    "amazon-beauty": Shape(
        curve_exponent=0.9845,
        curve_shift=0.0141,
        shortest=5,
        length_spread=1.3,
        copy_probability=0.0,
        pause_probability=0.8,
        pause_days=60.0,
        span_days=3_650,
        n_users=22_363,
        n_items=12_101,
        n_interactions=198_502,
    ),
    "retailrocket": Shape(
        curve_exponent=1.0480,
        curve_shift=0.0318,
        shortest=3,
        length_spread=1.3,
        copy_probability=0.55,
        pause_probability=0.0,
        pause_days=0.0,
        span_days=137,
        n_users=130_943,
        n_items=36_968,
        n_interactions=710_666,
    ),
}
"""Head and mid as shares of the catalogue: MovieLens-10M 2.3 % and 6.9 %, Amazon Beauty 4.7 % and 19.1 %, RetailRocket
6.3 % and 20.8 %.

Source: paper, figure 3 (MovieLens, Beauty), and the released runs' item counts (RetailRocket). Lengths follow the
public logs: MovieLens-10M has a median of 69 and at least 20, Beauty's 5-core a median of 6, RetailRocket's sessions of at
least 3 views a median of 4.
"""


def likeness_of(text: str) -> Likeness:
    """The likeness of that name.

    Raises:
        SettingsError: There is none.
    """
    for likeness in SHAPES:
        if likeness == text:
            return likeness
    raise SettingsError(f"No synthetic log is like {text!r}. Accepted: {', '.join(SHAPES)}.")
