"""What users of a generated log want, whatever they were shown: the true probabilities of the next item, in a file of its own.

A log with a popularity bias holds too many interactions with popular items. Who ranks by what was logged is judged by the
logged test interactions; who finds what users want is judged by these probabilities. They are those of
`nsbench.data.synthetic.markov_chain`, with the dataset's item numbers.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self, final

import numpy as np
from numpy.typing import NDArray

from nsbench.data.dataset import Histories
from nsbench.seeding import derive_seed
from nsbench.tensors.index_range import ranges
from nsbench.terms import ALL, BALANCED_COHORTS

TRUTH_FILE = "truth.npz"
"""Beside the arrays of a dataset; only some generated logs have it."""

MOST_HISTORIES = 2_000
"""A model is compared with the truth after so many test histories, the same for all models."""

PROBABILITIES_AT_ONCE = 1 << 20
"""Probabilities that are held at once."""

TRUTH_GROUPS = (ALL, *(cohort.label for cohort in BALANCED_COHORTS))
"""Whom the expected hit rate is computed for."""


@final
@dataclass(frozen=True)
class Truth:
    """The next item's true probabilities: its popularity, times a factor that follows from its group and the last item's.

    Attributes:
        weights: float64[n_items + 1], how popular each item is by itself; entry 0 is 0.
        groups: int64[n_items + 1], the group of each item; groups stand in a ring.
        factors: float64[n_groups, n_steps + 1], by the last item's group: what the popularity is multiplied by in that group,
            in the next one around the ring, and so on; the last column is of all other groups.
        copy_probability: Chance of a copy of one of the history's items; 0: no item comes twice.
    """

    weights: NDArray[np.float64]
    groups: NDArray[np.int64]
    factors: NDArray[np.float64]
    copy_probability: float

    def probabilities(self, histories: Histories) -> NDArray[np.float64]:
        """The probability of every item to be wanted next.

        Args:
            histories: At least one item each.

        Returns:
            float64[n_histories, n_items + 1], rows sum to 1; of items that the log doesn't hold nothing is said.
        """
        n_groups, last_step = len(self.factors), self.factors.shape[1] - 1
        last = histories.item_ids[histories.end - 1]
        steps = np.minimum((self.groups - self.groups[last][:, None]) % n_groups, last_step)
        found = self.weights * np.take_along_axis(self.factors[self.groups[last]], steps, axis=1)
        rows = np.arange(len(histories))
        lengths = histories.end - histories.start
        of_row, items = np.repeat(rows, lengths), histories.item_ids[ranges(histories.start, lengths)]
        if self.copy_probability > 0:
            found *= 1 - self.copy_probability
            np.add.at(found, (of_row, items), self.copy_probability / lengths[of_row])
            found[rows, last] = 0
        else:
            found[of_row, items] = 0
        probabilities: NDArray[np.float64] = found / found.sum(axis=1, keepdims=True)
        return probabilities

    def chunks(self, histories: Histories) -> Iterator[slice]:
        """The histories in slices whose probabilities are held at once."""
        size = max(1, PROBABILITIES_AT_ONCE // len(self.weights))
        return (slice(first, first + size) for first in range(0, len(histories), size))

    def write(self, path: Path) -> None:
        """Writes it to a file."""
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def read(cls, path: Path, n_items: int) -> Self:
        """Reads what `write` wrote.

        Raises:
            ValueError: The file is damaged, or of another number of items.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {field.name: file[field.name] for field in fields(cls)}
                found = cls(**{**arrays, "copy_probability": float(arrays["copy_probability"])})
        except (KeyError, TypeError, EOFError, OSError, zipfile.BadZipFile) as error:
            raise ValueError(str(error)) from error
        if len(found.weights) != n_items + 1 or len(found.groups) != n_items + 1:
            raise ValueError(f"it is of {len(found.weights) - 1} items, not {n_items}")
        return found


@final
class ExpectedHits:
    """How many hits lists would have if users took what they want, cohort by cohort; added up over histories.

    Args:
        cohorts: int8[n_items + 1], each item's cohort.
    """

    def __init__(self, cohorts: NDArray[np.int8]) -> None:
        own = [cohorts == cohort for cohort in BALANCED_COHORTS]
        self._members = np.stack([np.ones(len(cohorts)), *own]).astype(np.float64)
        self.hits = np.zeros(len(TRUTH_GROUPS))
        self.wanted = np.zeros(len(TRUTH_GROUPS))

    def add(self, probabilities: NDArray[np.float64], lists: NDArray[np.int64]) -> None:
        """Takes some histories in.

        Args:
            probabilities: float64[n, n_items + 1], the true ones.
            lists: int64[n, k], what is recommended; 0 where there is nothing.
        """
        self.wanted += self._members @ probabilities.sum(axis=0)
        found = np.take_along_axis(probabilities, lists, axis=1)
        self.hits += self._members[:, lists.ravel()] @ found.ravel()

    def rates(self) -> dict[str, float]:
        """The expected hit rate by group; NaN where nothing of a cohort is wanted.

        Of three items of head, mid and tail, wanted by 60, 30 and 10 %, a list of the first and the last:
        >>> one = ExpectedHits(np.array([3, 0, 1, 2], dtype=np.int8))
        >>> one.add(np.array([[0, 0.6, 0.3, 0.1]]), np.array([[1, 3]]))
        >>> {group: round(rate, 2) for group, rate in one.rates().items()}
        {'all': 0.7, 'head': 1.0, 'mid': 0.0, 'tail': 1.0}
        """
        with np.errstate(invalid="ignore"):
            return dict(zip(TRUTH_GROUPS, (self.hits / self.wanted).tolist(), strict=True))


def compared_histories(histories: Histories) -> NDArray[np.int64]:
    """int64[n], which of the test's histories a model is compared with the truth after: the same at every call."""
    n = len(histories)
    if n <= MOST_HISTORIES:
        return np.arange(n)
    chosen = np.random.default_rng(derive_seed(0, "compared histories")).choice(n, MOST_HISTORIES, replace=False)
    return np.sort(chosen)
