"""Who is asked to predict what, after which history.

Targets of one user that share a history point to the same row, so that a model encodes it once.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nsbench.data.dataset import Dataset, Histories
from nsbench.errors import DatasetError
from nsbench.seeding import derive_seed
from nsbench.tensors.index_range import ranges

EvaluatedSplit = Literal["valid", "test"]
"""The parts of the log that are predicted."""

TargetMode = Literal["rolling", "frozen", "last", "first", "random"]
"""How interactions become targets; `EvaluationSettings.targets` says what each is for."""


@dataclass(frozen=True)
class Targets:
    """Interactions to be predicted, in (user, time) order, and the histories to predict them from.

    Attributes:
        histories: Each history once.
        history_of: int64[n_targets], which of the histories a target follows; rising.
        users: int64[n_targets], the user's number.
        items: int32[n_targets], the item that came next.
        times: int64[n_targets], when; None where nothing depends on it, since items are always available.
    """

    histories: Histories
    history_of: NDArray[np.int64]
    users: NDArray[np.int64]
    items: NDArray[np.int32]
    times: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.items)


def targets_of(dataset: Dataset, split: EvaluatedSplit, mode: TargetMode, n_users: int = 0, seed: int = 0) -> Targets:
    """The targets of a split.

    An interaction without a history is no target. With a user's training 1 2, validation 3 and test 4 5, the test
    targets are: rolling, 4 after 1 2 3 and 5 after 1 2 3 4; frozen, 4 and 5 after 1 2 3; last, 5 after 1 2 3 4; first, 4 after
    1 2 3; random, one of the two rolling ones.

    Args:
        dataset: The log.
        split: The part to predict.
        mode: rolling: each interaction after all that came before it; frozen: each interaction after the user's
            history before the split; last, first, random: one interaction of each user after all that came before it, the
            last of the split, the first that has a history, or any of those that have one.
        n_users: How many of the users that have a target, as a sample; 0, or more than there are: all of them.
        seed: Root seed of that sample and of random targets; the same users and targets at every call.

    Raises:
        DatasetError: The split holds no target.

    Source: rolling, and frozen as the published code; last as the paper, section 4.2, leaves one item out. last, first and random
    are subsets of rolling, so that a rolling run's ranks hold theirs.
    """
    begin, end = _bounds(dataset, split)
    first, end = _targeted(begin, end, np.asarray(dataset.offsets[:-1]), mode, derive_seed(seed, "target", split))
    counts = np.maximum(end - first, 0)
    users = np.flatnonzero(counts)
    if len(users) == 0:
        raise DatasetError(
            f"no {split} interaction of dataset {dataset.card.name!r} can be predicted with targets={mode}: of its "
            f"{_n_of(dataset, split):,} {split} interactions none has a history to predict it from; "
            "try targets=rolling, or prepare the log with a larger share for this part"
        )
    if 0 < n_users < len(users):
        generator = np.random.default_rng(derive_seed(seed, "evaluated users", split))
        users = np.sort(generator.choice(users, n_users, replace=False))
    counts, first = counts[users], first[users]
    user_row = np.repeat(np.arange(len(users)), counts)
    places = ranges(first, counts)
    start = dataset.offsets[:-1][users]
    if mode == "frozen":
        histories, history_of = Histories(dataset.item_ids, start, begin[users]), user_row
    else:
        histories, history_of = Histories(dataset.item_ids, start[user_row], places), np.arange(len(places))
    times = None if dataset.availability is None else np.asarray(dataset.timestamps[places])
    return Targets(histories, history_of, users[user_row], np.asarray(dataset.item_ids[places]), times)


def _targeted(
    begin: NDArray[np.int64], end: NDArray[np.int64], start: NDArray[np.int64], mode: TargetMode, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Absolute indices of each user's first target, and after the last one.

    Args:
        begin: Of the user's split.
        end: After it.
        start: Of the user's row.
        mode: As of `targets_of`.
        seed: Of random targets: each user draws one number, whoever else is evaluated.
    """
    if mode == "frozen":
        return np.where(begin > start, begin, end), end
    first = np.maximum(begin, start + 1)
    n_targets = np.maximum(end - first, 0)
    match mode:
        case "last":
            first = np.maximum(first, end - 1)
        case "random":
            first = first + (np.random.default_rng(seed).random(len(first)) * n_targets).astype(np.int64)
    return first, end if mode == "rolling" else np.minimum(first + 1, end)


def _n_of(dataset: Dataset, split: EvaluatedSplit) -> int:
    begin, end = _bounds(dataset, split)
    return int((end - begin).sum())


def _bounds(dataset: Dataset, split: EvaluatedSplit) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Absolute indices of each user's first interaction of the split, and after the last one."""
    if split == "valid":
        return np.asarray(dataset.train_end), np.asarray(dataset.valid_end)
    return np.asarray(dataset.valid_end), np.asarray(dataset.offsets[1:])
