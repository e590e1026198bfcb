"""A Markov chain over items with few parameters, so that a model can learn it and its best ranking is known exactly.

Items are dealt into groups of about 24, each with popular and rare members, and the groups stand in a ring. After an
item of group g the next one comes from g (20 %), from g + 1 (50 %), or from the whole catalogue (30 %), each by
popularity; where users repeat items, it is a copy of an earlier one with a fixed chance first. A proposal that can't be
(seen already, the same item at once, not on sale yet) is drawn again, which renormalises the probabilities over the rest.
With a popularity bias b it is also drawn again unless it is shown, the chance of which is its popularity over the highest one, to
the power of b: what is logged is then in proportion to what users want times that.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsbench.data.synthetic.shapes import DAY_S, Shape

GROUP_SIZE = 24
STEP_PROBABILITIES = (0.2, 0.5)
"""Chance of the same group, of the next one in the ring, and so on."""
CATALOGUE_PROBABILITY = 1.0 - sum(STEP_PROBABILITIES)
"""Chance of an item from anywhere, by popularity."""
LATE_SHARE = 0.02
"""Share of the items that come on sale in the last tenth of the log, so that some items are cold."""


@dataclass(frozen=True)
class Chain:
    """The chain's parameters. Items are numbered from 0 by falling popularity; groups from 0 around the ring.

    Attributes:
        weights: float64[n_items], popularity, sum 1.
        group_of: int64[n_items], the group of each item.
        members: int64[n_groups, width], the items of each group; -1 where a group is smaller than the largest.
        group_end: float64[n_groups + 1], popularity of all groups before each one; the last entry is 1.
        cumulative: float64[n_items], popularity summed in the order of `in_groups`.
        in_groups: int64[n_items], items in the order of their groups.
        available_from: int64[n_items], seconds since the log's start from which an item can be drawn.
        copy_probability: Chance of proposing a copy of a history's item.
        popularity_bias: How much the log favours popular items beyond what users want; 0: not at all.
    """

    weights: NDArray[np.float64]
    group_of: NDArray[np.int64]
    members: NDArray[np.int64]
    group_end: NDArray[np.float64]
    cumulative: NDArray[np.float64]
    in_groups: NDArray[np.int64]
    available_from: NDArray[np.int64]
    copy_probability: float
    popularity_bias: float = 0.0

    @property
    def exposure(self) -> NDArray[np.float64]:
        """float64[n_items], the share of what users want of an item that is logged: 1 for the most popular item."""
        exposure: NDArray[np.float64] = (self.weights / self.weights[0]) ** self.popularity_bias
        return exposure

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.weights)

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return len(self.members)

    @property
    def repeats(self) -> bool:
        """Whether a user's items can come again."""
        return self.copy_probability > 0

    def step_factors(self, groups: NDArray[np.int64]) -> NDArray[np.float64]:
        """What an item's popularity is multiplied by when its group lies `step` places on, copies and refusals apart.

        Args:
            groups: int64[n], the last item's group.

        Returns:
            float64[n, n_steps]; the probability of item j of the group is `weights[j]` times this.
        """
        return np.stack(
            [
                CATALOGUE_PROBABILITY + chance / self._mass((groups + step) % self.n_groups)
                for step, chance in enumerate(STEP_PROBABILITIES)
            ],
            axis=1,
        )

    def probabilities(self, history: NDArray[np.int64]) -> NDArray[np.float64]:
        """The true probability of every item to be wanted next, when all are on sale.

        Without a popularity bias it is that of coming next; with one, that is in proportion to it times the exposure.

        Written for reading and for tests; `nsbench.data.synthetic.best_reachable` computes the ranks without this whole row.

        Args:
            history: int64[n >= 1], the user's items so far, in order.

        Returns:
            float64[n_items], sum 1.
        """
        last_group = self.group_of[history[-1:]]
        row: NDArray[np.float64] = CATALOGUE_PROBABILITY * self.weights
        for step, factor in enumerate(self.step_factors(last_group)[0]):
            group = self.group_of == (last_group[0] + step) % self.n_groups
            row[group] = self.weights[group] * factor
        copies = np.bincount(history, minlength=self.n_items) / len(history)
        row = (1 - self.copy_probability) * row + self.copy_probability * copies
        row[history[-1:] if self.repeats else history] = 0.0
        row /= row.sum()
        return row

    def propose(self, history: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
        """One proposal for each history, before refusals.

        Args:
            history: int64[length >= 0, n], time first; no items yet when length is 0.
            generator: Source of randomness.

        Returns:
            int64[n].
        """
        length, n = history.shape
        low, high = np.zeros(n), np.ones(n)
        if length:
            bounds = np.cumsum(STEP_PROBABILITIES)
            step = np.searchsorted(bounds, generator.random(n), side="right")
            groups = (self.group_of[history[-1]] + step) % self.n_groups
            ring = step < len(STEP_PROBABILITIES)
            low = np.where(ring, self.group_end[groups], 0.0)
            high = np.where(ring, self.group_end[groups + 1], 1.0)
        place = np.searchsorted(self.cumulative, low + generator.random(n) * (high - low), side="right")
        items = self.in_groups[np.minimum(place, self.n_items - 1)]
        if length and self.repeats:
            copied = history[generator.integers(length, size=n), np.arange(n)]
            items = np.where(generator.random(n) < self.copy_probability, copied, items)
        return items

    def is_overlooked(self, items: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.bool_]:
        """bool[n], whether each of the items that users want isn't shown to them, so that they draw again."""
        if self.popularity_bias == 0:
            # Nothing is drawn, so that a log without a bias is the one that it was.
            return np.zeros(len(items), dtype=bool)
        return generator.random(len(items)) >= self.exposure[items]

    def _mass(self, groups: NDArray[np.int64]) -> NDArray[np.float64]:
        return self.group_end[groups + 1] - self.group_end[groups]


def draw_chain(
    shape: Shape, n_items: int, skew: float, generator: np.random.Generator, popularity_bias: float = 0.0
) -> Chain:
    """Draws who is in which group and what comes on sale late; everything else follows from the shape.

    Each run of n_groups items by popularity is dealt one to a group, so every group has popular and rare members and
    about the same popularity, and the ring keeps the shape's popularity curve.
    """
    weights = shape.popularity(n_items, skew)
    n_groups = max(len(STEP_PROBABILITIES) + 1, round(n_items / GROUP_SIZE))
    width = -(-n_items // n_groups)
    dealt = np.concatenate([generator.permutation(n_groups) for _ in range(width)])[:n_items]
    in_groups = np.argsort(dealt, kind="stable")
    members = np.full((n_groups, width), -1, dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(np.bincount(dealt, minlength=n_groups))])
    members[dealt[in_groups], np.arange(n_items) - starts[dealt[in_groups]]] = in_groups
    cumulative = np.cumsum(weights[in_groups])
    cumulative /= cumulative[-1]
    return Chain(
        weights=weights,
        group_of=dealt,
        members=members,
        group_end=np.concatenate([[0.0], cumulative])[starts],
        cumulative=cumulative,
        in_groups=in_groups,
        available_from=_draw_late_items(shape, n_items, generator),
        copy_probability=shape.copy_probability,
        popularity_bias=popularity_bias,
    )


def _draw_late_items(shape: Shape, n_items: int, generator: np.random.Generator) -> NDArray[np.int64]:
    # Only the less popular half: a head item that comes late would distort the popularity curve.
    available_from = np.zeros(n_items, dtype=np.int64)
    late = n_items // 2 + generator.permutation(n_items - n_items // 2)[: round(LATE_SHARE * n_items)]
    span_s = shape.span_days * DAY_S
    available_from[late] = (span_s * generator.uniform(0.9, 1.0, len(late))).astype(np.int64)
    return available_from
