"""Draws the interactions of a synthetic log, a chunk of users at a time, so that memory stays bounded at any size.

A chunk depends on the settings and its own number only: the same settings give the same log on any machine.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsbench.data.synthetic.markov_chain import Chain
from nsbench.data.synthetic.shapes import DAY_S, Shape
from nsbench.seeding import derive_seed

INTERACTIONS_PER_CHUNK = 1 << 19
FEWEST_INTERACTIONS = 2
LARGEST_CATALOGUE_SHARE = 0.25
"""No user takes more of the catalogue than this, so that an unseen item is always near."""
LONGEST_STAY_SHARE = 0.8
"""No user stays for more of the log's span than this, so that users come and go."""
SHORT_GAP_S = 120.0
"""Mean time between two interactions without a pause."""
START_S = 1_577_836_800
"""2020-01-01, the first second of every synthetic log."""


@dataclass(frozen=True)
class LogChunk:
    """The interactions of some users, in (user, time) order; three arrays of one length.

    Attributes:
        users: int64, numbers from 0.
        items: int64, numbers from 0 by falling popularity.
        times: int64, unix seconds, rising within a user.
    """

    users: NDArray[np.int64]
    items: NDArray[np.int64]
    times: NDArray[np.int64]


def draw_log(chain: Chain, shape: Shape, n_users: int, n_interactions: int, seed: int) -> Iterator[LogChunk]:
    """Draws a log of `n_users` users and about `n_interactions` interactions.

    Args:
        chain: Where the items come from.
        shape: Lengths and pauses.
        n_users: Number of users.
        n_interactions: About how many interactions; each user has at least 2 and at most a quarter of the catalogue.
        seed: Root of the chunks' generators.

    Yields:
        Chunks, users rising.
    """
    mean_length = n_interactions / n_users
    chunk_users = max(1, int(INTERACTIONS_PER_CHUNK / mean_length))
    for number, first_user in enumerate(range(0, n_users, chunk_users)):
        generator = np.random.default_rng(derive_seed(seed, "synthetic-users", number))
        size = min(chunk_users, n_users - first_user)
        offsets = _draw_offsets(shape, mean_length, chain.n_items, size, generator)
        times = _draw_times(shape, offsets, generator)
        items = _draw_items(chain, times, offsets, generator)
        users = np.repeat(np.arange(first_user, first_user + size), np.diff(offsets))
        yield LogChunk(users, items, START_S + times)


def _draw_offsets(
    shape: Shape, mean_length: float, n_items: int, size: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """int64[size + 1], where each user's row begins; the longest rows first, so that users who go on are a prefix."""
    shortest = max(FEWEST_INTERACTIONS, min(shape.shortest, int(0.6 * mean_length)))
    # The mean of a log-normal is its median times exp(sigma^2 / 2); rounding down takes half an interaction.
    median = max(mean_length - shortest + 0.5, 0.5) / np.exp(shape.length_spread**2 / 2)
    extra = median * np.exp(shape.length_spread * generator.standard_normal(size))
    longest = max(FEWEST_INTERACTIONS, int(LARGEST_CATALOGUE_SHARE * n_items))
    lengths = -np.sort(-np.minimum(shortest + extra.astype(np.int64), longest))
    return np.concatenate([[0], np.cumsum(lengths)])


def _draw_times(shape: Shape, offsets: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    """int64[n] seconds since the log's start, rising within a user by at least 1; users begin all over the span."""
    first, lengths, n = offsets[:-1], np.diff(offsets), int(offsets[-1])
    pauses = generator.random(n) < shape.pause_probability
    gaps = generator.exponential(np.where(pauses, shape.pause_days * DAY_S, SHORT_GAP_S))
    gaps[first] = 0.0
    passed = np.cumsum(gaps)
    passed -= np.repeat(passed[first], lengths)
    span_s = shape.span_days * DAY_S
    stay = passed[offsets[1:] - 1]
    shrink = np.minimum(1.0, LONGEST_STAY_SHARE * span_s / np.maximum(stay, 1.0))
    begin = generator.random(len(lengths)) * (span_s - shrink * stay)
    place = np.arange(n) - np.repeat(first, lengths)
    return (np.repeat(begin, lengths) + np.repeat(shrink, lengths) * passed).astype(np.int64) + place


def _draw_items(
    chain: Chain, times: NDArray[np.int64], offsets: NDArray[np.int64], generator: np.random.Generator
) -> NDArray[np.int64]:
    """int64[n], all users one step at a time; refused proposals are drawn again."""
    items = np.zeros(len(times), dtype=np.int64)
    first, lengths = offsets[:-1], np.diff(offsets)
    for step in range(int(lengths[0])):
        pending = first[: np.searchsorted(-lengths, -step, side="left")]
        while len(pending):
            history = items[pending + np.arange(step)[:, None]]
            proposed = chain.propose(history, generator)
            refused = chain.available_from[proposed] > times[pending + step]
            refused |= chain.is_overlooked(proposed, generator)
            refused |= ((history[-1:] if chain.repeats else history) == proposed).any(axis=0)
            items[pending[~refused] + step] = proposed[~refused]
            pending = pending[refused]
    return items
