"""Kendall's tau between two protocols, with what the repeats leave open of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsbench.report.protocols.scores import ProtocolScores
from nsbench.report.statistics.bootstrap import interval_of
from nsbench.report.statistics.estimate import LEVEL, UNDEFINED_INTERVAL, Interval

FEWEST_METHODS = 4
"""Three methods have three pairs, which agree by chance in every sixth order: that is no number to act on."""

_N_DRAWS = 4_000


@dataclass(frozen=True)
class Agreement:
    """How alike two protocols rank the methods that both have.

    Attributes:
        a: The first protocol.
        b: The other one.
        methods: The labels of the methods.
        tau: Kendall's tau-b of the methods' means: 1 in the same order, -1 in the opposite one; NaN with too few methods, or
            where all are equal under one of the protocols.
        interval: The middle 95 % of tau over means that the repeats allow for; undefined where a method has a single run.
        by_repeats: What tau would be on average between one of the protocols and itself with other seeds, the lower one of the
            two; NaN where a method has a single run.
        n_opposite: Pairs of methods in opposite order.
        n_decided: Those of them whose order the repeats decide under both protocols.
    """

    a: ProtocolScores
    b: ProtocolScores
    methods: tuple[str, ...]
    tau: float
    interval: Interval
    by_repeats: float
    n_opposite: int
    n_decided: int

    @property
    def n_pairs(self) -> int:
        """Pairs of methods."""
        return len(self.methods) * (len(self.methods) - 1) // 2


def agreement_of(a: ProtocolScores, b: ProtocolScores, metric: int, generator: np.random.Generator) -> Agreement:
    """The agreement of two protocols by one of the accuracy metrics.

    The true mean of a method lies about the mean of its repeats as Student's t says, as in the crossed bootstrap. Where the same
    models were ranked under both protocols their means move together, so that what is the seeds' is not taken for a
    disagreement. Other test users are not allowed for, nor other methods than these.

    Args:
        a: The first protocol.
        b: The other one.
        metric: Which of ACCURACY_METRICS.
        generator: Where the draws come from.
    """
    methods = tuple(label for label in a.scores if label in b.scores)
    if len(methods) < FEWEST_METHODS:
        return Agreement(a, b, methods, float("nan"), UNDEFINED_INTERVAL, float("nan"), 0, 0)
    runs = [_Runs.of(a, b, label, metric) for label in methods]
    means = np.array([[one.a.mean(), one.b.mean()] for one in runs])  # [method, protocol]
    signs_a, signs_b = (_signs(means[:, side]) for side in (0, 1))
    tau, is_opposite = float(tau_b(signs_a, signs_b)), signs_a * signs_b < 0
    if min(min(len(one.a), len(one.b)) for one in runs) < 2:
        n_opposite = int(is_opposite.sum())
        return Agreement(a, b, methods, tau, UNDEFINED_INTERVAL, float("nan"), n_opposite, 0)
    draws = np.stack([one.draws(generator) for one in runs], axis=1)  # [draw, method, protocol]
    drawn_a, drawn_b = (_signs(draws[..., side]) for side in (0, 1))
    taus = tau_b(drawn_a, drawn_b)
    again = [float(np.nanmean(tau_b(drawn, np.roll(drawn, 1, axis=0)))) for drawn in (drawn_a, drawn_b)]
    decided = [np.abs(drawn.mean(0, dtype=np.float64)) > 1 - LEVEL for drawn in (drawn_a, drawn_b)]
    n_decided = int((is_opposite & decided[0] & decided[1]).sum())
    return Agreement(a, b, methods, tau, interval_of(taus), min(again), int(is_opposite.sum()), n_decided)


def tau_b(a: NDArray[np.int8], b: NDArray[np.int8]) -> NDArray[np.float64]:
    """Kendall's tau-b from the order of each pair: float64[...]; NaN where one side has no pair in order.

    Args:
        a: int8[..., pair], 1, 0 or -1: which of the two is higher on one side.
        b: int8[..., pair], on the other one.

    Source: Kendall, "The treatment of ties in ranking problems", Biometrika 1945.

    Orders 1 2 3 and 1 3 2 have one of three pairs reversed; a tie of the last two leaves two pairs, both alike.
    >>> signs = [_signs(np.array(values)) for values in ([1.0, 2.0, 3.0], [1.0, 3.0, 2.0], [1.0, 2.0, 2.0])]
    >>> round(float(tau_b(signs[0], signs[1])), 3), round(float(tau_b(signs[0], signs[2])), 3)
    (0.333, 0.816)
    """
    products = (a.astype(np.int64) * b).sum(-1)
    ordered = [np.abs(one.astype(np.int64)).sum(-1) for one in (a, b)]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(products / np.sqrt(ordered[0] * ordered[1]))


def _signs(means: NDArray[np.float64]) -> NDArray[np.int8]:
    """int8[..., pair], which of each two methods is higher."""
    first, second = np.triu_indices(means.shape[-1], 1)
    return np.sign(means[..., first] - means[..., second]).astype(np.int8)


@dataclass(frozen=True)
class _Runs:
    """A method's runs under two protocols, float64[run] each; `are_shared`: run i of both is of the same model."""

    a: NDArray[np.float64]
    b: NDArray[np.float64]
    are_shared: bool

    @classmethod
    def of(cls, a: ProtocolScores, b: ProtocolScores, label: str, metric: int) -> "_Runs":
        """Where models were ranked under both protocols, those alone."""
        own_a, own_b = a.scores[label], b.scores[label]
        shared = [model for model in own_a if model in own_b]
        models_a, models_b = (shared, shared) if shared else (list(own_a), list(own_b))
        values_a, values_b = (
            [own[one][metric] for one in models] for own, models in ((own_a, models_a), (own_b, models_b))
        )
        return cls(np.array(values_a), np.array(values_b), bool(shared))

    def draws(self, generator: np.random.Generator) -> NDArray[np.float64]:
        """float64[draw, protocol], means that the repeats allow for; those of shared models move together.

        A normal weight for each run times its residual gives the covariance of the means; the root of a chi-squared draw makes
        it t.
        """
        weights, scale = _spread(len(self.a), generator)
        first = self.a.mean() + weights @ (self.a - self.a.mean()) / scale
        if not self.are_shared:
            weights, scale = _spread(len(self.b), generator)
        return np.column_stack([first, self.b.mean() + weights @ (self.b - self.b.mean()) / scale])


def _spread(n_runs: int, generator: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """float64[draw, run] weights of the runs' residuals, and what each draw is divided by."""
    weights = generator.standard_normal((_N_DRAWS, n_runs))
    return weights, np.sqrt(n_runs * generator.chisquare(n_runs - 1, _N_DRAWS))
