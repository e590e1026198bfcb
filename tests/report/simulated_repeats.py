"""Repeats of two methods with a known truth: hits that depend on the user, the repeat, and both by chance.

A hit's log odds are a cohort's level, plus a user's effect that both methods share, plus one that they don't, plus an
effect of the repeat, plus one of the repeat on this user; all effects are normal with mean 0.
"""

from dataclasses import dataclass

import numpy as np

from nsbench.report.statistics.bootstrap import UserSums
from nsbench.report.statistics.derived_metric import balance_of
from nsbench.report.statistics.estimate import BALANCE, BALANCE_OF_MEANS, HEAD_SHARE
from nsbench.terms import ALL, BALANCED_COHORTS, Cohort

LEVELS = np.array([-1.2, -2.0, -2.8])
"""Log odds of a hit in head, mid and tail."""

SHARES = np.array([0.25, 0.2625, 0.4875])
"""How targets fall into head, mid and tail."""


@dataclass(frozen=True)
class Effects:
    """Standard deviations of the effects, and the sizes of a draw."""

    n_users: int = 400
    n_repeats: int = 5
    user: float = 1.5
    user_of_method: float = 0.7
    repeat: float = 0.15
    chance: float = 0.8


def draw(effects: Effects, generator: np.random.Generator) -> tuple[list[UserSums], np.ndarray]:
    """Two methods of the same truth, and the users' targets, one to four each."""
    n_targets = generator.integers(1, 5, effects.n_users)
    counts = np.zeros((len(Cohort), effects.n_users))
    counts[:3] = generator.multinomial(n_targets, SHARES).T
    user = generator.normal(0, effects.user, effects.n_users)
    methods = []
    for label in ("a", "b"):
        of_method = user + generator.normal(0, effects.user_of_method, effects.n_users)
        sums = np.zeros((effects.n_repeats, 2, len(Cohort), effects.n_users), dtype=np.float32)
        for repeat in range(effects.n_repeats):
            level = LEVELS + generator.normal(0, effects.repeat, 3)
            chance = generator.normal(0, effects.chance, effects.n_users)
            odds = level[:, None] + of_method + chance
            sums[repeat, :, :3] = generator.binomial(counts[:3].astype(int), 1 / (1 + np.exp(-odds)))
        methods.append(UserSums(label, is_constant=False, sums=sums))
    return methods, counts


def truth(effects: Effects) -> dict[str, float]:
    """What hit rates and balances tend to with endless users and repeats, by quadrature over the effects."""
    within = np.sqrt(effects.user**2 + effects.user_of_method**2 + effects.chance**2)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    # [cohort, repeat effect]: the expected hit rate of a repeat.
    of_repeat = np.array(
        [
            [(weights / (1 + np.exp(-(level + effects.repeat * r + within * nodes)))).sum() for r in nodes]
            for level in LEVELS
        ]
    )
    means = of_repeat @ weights
    grid = np.stack(np.meshgrid(*of_repeat, indexing="ij"), axis=-1)
    balance = np.einsum("i,j,k,ijk->", weights, weights, weights, balance_of(grid))
    found = {cohort.label: float(mean) for cohort, mean in zip(BALANCED_COHORTS, means, strict=True)}
    found |= {ALL: float(means @ SHARES), BALANCE: float(balance), BALANCE_OF_MEANS: float(balance_of(means))}
    return found | {HEAD_SHARE: float(means[0] / (means[0] + means[2]))}
