"""Intervals and tests that allow for both: other test users, and other repeats of training.

Sums over the same resampled users serve all methods, so that differences are paired by user. What resampling does at
each level, and why:

- Users are resampled with exponential weights (the Bayesian bootstrap), a user's targets staying together. Unlike whole
  copies they never leave a small cohort without targets.
- Repeats are few. Resampling five of them covers too seldom, since it can't know that their deviation is itself
  uncertain; so the mean over repeats moves by Student's t times its standard error instead, for a difference with
  Welch's degrees of freedom.
- What a repeat does to a user by chance is in both levels: in the spread of repeats and, averaged, in the spread of
  users. It is measured (the variance over repeats of each user's influence) and taken off the users' spread, or else
  differences between methods would look up to 1.4 times as uncertain as they are.

Source: crossed levels, Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 2007; exponential weights, Rubin,
"The Bayesian bootstrap", Annals of Statistics 1981.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsbench.report.quantity import balance_of, influences_of, quantities_of, run_values_of
from nsbench.report.statistic import BALANCE, LEVEL, QUANTITY_GROUPS, Interval

N_RESAMPLES = 10_000
"""Resamples of an interval."""

_CHUNK_NUMBERS = 4_000_000
"""Weights held at a time: 16 MB."""

_BALANCE = QUANTITY_GROUPS.index(BALANCE)


@dataclass(frozen=True)
class UserSums:
    """A method's metrics, summed over each user's targets.

    Attributes:
        label: The method's label.
        is_constant: Whether the method does not depend on a seed, so that one run says all.
        sums: float32[run, metric, cohort, user].
    """

    label: str
    is_constant: bool
    sums: NDArray[np.float32]


@dataclass(frozen=True)
class Spread:
    """What a quantity of one method, or a difference, varies by.

    Attributes:
        value: The estimate.
        user_variance: Of the estimate over other test users, repeats' chance taken off.
        repeat_variance: Of the estimate over other repeats; not-a-number with one run.
        freedom: Degrees of freedom of the repeats' part.
        user_scale: What the resampled users' deviations are multiplied by.
    """

    value: float
    user_variance: float
    repeat_variance: float
    freedom: float
    user_scale: float

    @property
    def standard_error(self) -> float:
        """Of the estimate; with one run, of users alone."""
        return float(np.sqrt(self.user_variance + np.nan_to_num(self.repeat_variance)))

    @property
    def total_freedom(self) -> float:
        """Welch's degrees of freedom of the standard error; the users' part counts as known."""
        repeat = float(np.nan_to_num(self.repeat_variance))
        return self.freedom * (1 + self.user_variance / repeat) ** 2 if repeat > 0 else float("inf")


class TwoLevel:
    """Resamples the methods of one dataset; quantities are addressed by (metric, group) indices.

    Args:
        methods: Ranked on the same targets.
        counts: float64[cohort, user], the users' targets.
        generator: Where the resamples come from.
        n_resamples: Their number.
    """

    def __init__(
        self,
        methods: Sequence[UserSums],
        counts: NDArray[np.float64],
        generator: np.random.Generator,
        n_resamples: int = N_RESAMPLES,
    ) -> None:
        self._n_runs = [len(method.sums) for method in methods]
        self._is_constant = [method.is_constant for method in methods]
        self._runs = [run_values_of(method.sums, counts) for method in methods]
        influences = [influences_of(method.sums, counts) for method in methods]
        self._influences = [one.mean(0) for one in influences]
        self._chance = [_chance_variance(one) for one in influences]
        self._values = np.stack([_method_values(method.sums, counts) for method in methods])
        self._student = generator.standard_normal(n_resamples)
        self._generator = generator
        self._users = self._user_deviations(methods, counts, n_resamples)

    def spread(self, method: int, quantity: tuple[int, int]) -> Spread:
        """How a method's quantity varies."""
        raw = float(np.square(self._influences[method][quantity], dtype=np.float64).sum())
        repeat, freedom = self._repeat_variance(method, quantity)
        return _spread(float(self._values[(method, *quantity)]), raw, self._chance[method][quantity], repeat, freedom)

    def difference_spread(self, a: int, b: int, quantity: tuple[int, int]) -> Spread:
        """How the difference of a and b varies over the same users."""
        away = self._influences[a][quantity] - self._influences[b][quantity]
        raw = float(np.square(away, dtype=np.float64).sum())
        parts = [self._repeat_variance(method, quantity) for method in (a, b)]
        repeat = sum(variance for variance, _ in parts)
        freedom = repeat**2 / sum(v**2 / f for v, f in parts) if repeat > 0 else float("inf")
        chance = self._chance[a][quantity] + self._chance[b][quantity]
        value = float(self._values[(a, *quantity)] - self._values[(b, *quantity)])
        return _spread(value, raw, chance, repeat, freedom)

    def interval(self, method: int, quantity: tuple[int, int], spread: Spread) -> Interval:
        """Of a method's quantity."""
        return interval_of(self._draws(self._users[(slice(None), method, *quantity)], spread))

    def difference_test(self, a: int, b: int, quantity: tuple[int, int], spread: Spread) -> tuple[Interval, float]:
        """Interval and two-sided p-value of a difference; the interval excludes 0 where p is below the level."""
        users = self._users[(slice(None), a, *quantity)] - self._users[(slice(None), b, *quantity)]
        draws = self._draws(users, spread)
        return interval_of(draws), p_value_of(draws)

    def _draws(self, users: NDArray[np.float32], spread: Spread) -> NDArray[np.float64]:
        draws = spread.value + spread.user_scale * users.astype(np.float64)
        if spread.repeat_variance > 0:
            chi = self._generator.chisquare(spread.freedom, len(users)) / spread.freedom
            draws += self._student * np.sqrt(spread.repeat_variance / chi)
        return draws

    def _repeat_variance(self, method: int, quantity: tuple[int, int]) -> tuple[float, float]:
        """Variance of the mean over repeats, and its degrees of freedom."""
        if self._is_constant[method]:
            return 0.0, 1.0
        values = self._runs[method][(slice(None), *quantity)]
        values = values[~np.isnan(values)]
        if len(values) < 2:
            return float("nan"), 1.0
        return float(values.var(ddof=1)) / len(values), len(values) - 1.0

    def _user_deviations(
        self, methods: Sequence[UserSums], counts: NDArray[np.float64], n_resamples: int
    ) -> NDArray[np.float32]:
        """float32[resample, method, metric, group]: how far resampled users move each quantity."""
        n_users = counts.shape[1]
        means = np.stack([method.sums.mean(0) for method in methods])
        columns = np.concatenate([means.reshape(-1, n_users), counts]).T.astype(np.float32)
        balances = np.stack([one[:, _BALANCE] for one in self._influences]).reshape(-1, n_users).T
        found = np.empty((n_resamples, *self._values.shape), dtype=np.float32)
        at_mean = quantities_of(means.sum(-1, dtype=np.float64), counts.sum(-1))
        chunk = max(1, _CHUNK_NUMBERS // n_users)
        for first in range(0, n_resamples, chunk):
            rows = slice(first, min(first + chunk, n_resamples))
            weights = self._generator.standard_exponential((rows.stop - first, n_users), dtype=np.float32)
            sums = (weights @ columns).astype(np.float64)
            drawn = quantities_of(sums[:, : -len(counts)].reshape(-1, *means.shape[:-1]), sums[:, None, -len(counts) :])
            found[rows] = drawn - at_mean
            found[rows, :, :, _BALANCE] = (weights @ balances).reshape(-1, *means.shape[:2])
        return found


def interval_of(draws: NDArray[np.float64]) -> Interval:
    """The middle 95 % of some draws; undefined where one of them is."""
    low, high = np.quantile(draws, (LEVEL / 2, 1 - LEVEL / 2))
    return Interval(float(low), float(high))


def p_value_of(draws: NDArray[np.float64]) -> float:
    """Two-sided p-value of no difference: twice the share of draws on the rarer side of 0; 0 counts for both sides."""
    if np.isnan(draws).any():
        return float("nan")
    rarer = min((draws <= 0).sum(), (draws >= 0).sum())
    return float(min(1.0, 2 * (1 + rarer) / (1 + len(draws))))


def _spread(value: float, raw: float, chance: float, repeat: float, freedom: float) -> Spread:
    user_variance = max(0.0, raw - float(np.nan_to_num(chance)))
    return Spread(value, user_variance, repeat, freedom, (user_variance / raw) ** 0.5 if raw > 0 else 1.0)


def _chance_variance(influences: NDArray[np.float32]) -> NDArray[np.float64]:
    """[metric, group]: the part of the users' spread that is the repeats' chance; not-a-number with one run."""
    n_runs = len(influences)
    if n_runs < 2:
        return np.full(influences.shape[1:3], np.nan)
    return np.asarray(influences.var(0, ddof=1, dtype=np.float64).sum(-1) / n_runs)


def _method_values(sums: NDArray[np.float32], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """[metric, group]: means over repeats; the mean of balances over those in which it is defined."""
    totals, n_targets = sums.sum(-1, dtype=np.float64), counts.sum(-1)
    found = quantities_of(totals.mean(0), n_targets)
    with np.errstate(invalid="ignore", divide="ignore"):
        balances = balance_of(totals / n_targets)
    defined = ~np.isnan(balances)
    with np.errstate(invalid="ignore", divide="ignore"):
        found[:, _BALANCE] = np.where(defined, balances, 0).sum(0) / defined.sum(0)
    return found
