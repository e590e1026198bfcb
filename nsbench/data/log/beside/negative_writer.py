"""From staged explicit negatives to a dataset's arrays: numbered by its users and items, in (user, time) order.

What is kept is held in memory: 16 bytes for each negative.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nsbench.data.beside.explicit_negative import ExplicitNegativeCounts
from nsbench.data.item_label import ItemLabels
from nsbench.data.log.columns.timestamp import MICROSECONDS
from nsbench.data.log.staging import CodedLabels, Staged
from nsbench.data.log.table import DEALT_ROWS
from nsbench.data.store import ITEMS, NEGATIVE_ARRAYS, USERS

_Codes = Callable[[NDArray[np.uint32]], NDArray[np.int32]]
"""From staged codes to numbers from 1 in a dataset; 0 where it doesn't have them."""


@dataclass(frozen=True)
class WrittenLog:
    """What the negatives of a log go by: the dataset that was just made of its interactions.

    Attributes:
        folder: Holds its label maps, `timestamps` and `offsets`.
        tick: Microseconds of one of its timestamps.
        session_gap: The longest gap within a session, in timestamps, where sessions are the users.
        valid_from: As on the card.
        test_from: As on the card.
    """

    folder: Path
    tick: int
    session_gap: int | None
    valid_from: int
    test_from: int

    @classmethod
    def of(cls, folder: Path, tick: int, session_gap_s: int | None, counts: dict[str, int]) -> "WrittenLog":
        """With the card's counts, and a gap in seconds."""
        gap = None if session_gap_s is None else session_gap_s * MICROSECONDS // tick
        return cls(folder, tick, gap, counts["valid_from"], counts["test_from"])


@dataclass(frozen=True)
class _Sessions:
    """The sessions of people, in (person, time) order.

    Attributes:
        people: int64[n_sessions], each one's person, from 0.
        first: int64[n_sessions], the time of its first interaction.
        last: int64[n_sessions], the time of its last one.
        gap: The longest within a session.
    """

    people: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    gap: int

    def holding(self, people: NDArray[np.int64], times: NDArray[np.int64]) -> NDArray[np.int64]:
        """Each moment's session: the one that it lies in, or follows or precedes by no more than the gap; -1: none."""
        clock, code = np.unique(np.concatenate([self.first, times]), return_inverse=True)
        first, moment = np.split(code, [len(self.first)])
        begun = np.searchsorted(self.people * len(clock) + first, people * len(clock) + moment, side="right") - 1
        found = np.full(len(times), -1, dtype=np.int64)
        for session in (np.minimum(begun + 1, len(self.people) - 1), np.maximum(begun, 0)):
            early, late = self.first[session] - times, times - self.last[session]
            fits = (self.people[session] == people) & (np.maximum(early, late) <= self.gap)
            found[fits] = session[fits]
        return found


def write_negatives(staged: Staged, log: WrittenLog) -> ExplicitNegativeCounts:
    """Writes the explicit negatives of a dataset that is otherwise written, removes their staged file, and counts them."""
    labels = pl.read_parquet(log.folder / USERS, glob=False)["label"]
    items = ItemLabels(pl.read_parquet(log.folder / ITEMS, glob=False)["label"])
    people = ItemLabels(labels.unique(maintain_order=True))
    person_of, item_of = _numbers(staged, people, items)
    parts = []
    n_of_other_users = n_of_other_items = 0
    for rows in staged.batches(DEALT_ROWS):
        person, item = person_of(rows.user), item_of(rows.item)
        known = (person > 0) & (item > 0)
        n_of_other_users += int(np.count_nonzero(person == 0))
        n_of_other_items += int(np.count_nonzero((person > 0) & (item == 0)))
        time = rows.timestamp_us[known] // log.tick
        parts.append(pl.DataFrame({"user": person[known] - 1, "item": item[known], "time": time}))
    staged.path.unlink()
    found = pl.concat(parts)
    in_sessions = found if log.session_gap is None else _by_session(found, log, people, labels)
    kept = in_sessions.unique().sort("user", "time", "item")
    users, times = kept["user"].to_numpy(), kept["time"].to_numpy()
    counts = np.bincount(users, minlength=len(labels))
    arrays = (kept["item"].to_numpy(), times, np.concatenate([[0], np.cumsum(counts)]))
    for (name, kind), array in zip(NEGATIVE_ARRAYS.items(), arrays, strict=True):
        np.save(log.folder / f"{name}.npy", array.astype(kind))
    return ExplicitNegativeCounts(
        n_negatives=len(kept),
        n_users=int(np.count_nonzero(counts)),
        n_train=int(np.count_nonzero(times < log.valid_from)),
        n_test=int(np.count_nonzero(times >= log.test_from)),
        n_repeated=len(in_sessions) - len(kept),
        n_of_other_users=n_of_other_users,
        n_of_other_items=n_of_other_items,
        n_outside_sessions=len(found) - len(in_sessions),
    )


def _by_session(found: pl.DataFrame, log: WrittenLog, people: ItemLabels, labels: pl.Series) -> pl.DataFrame:
    """The negatives of people by their sessions; those that are in none are left out."""
    sessions = _sessions_in(log, people, labels)
    users = sessions.holding(found["user"].to_numpy().astype(np.int64), found["time"].to_numpy())
    return found.with_columns(pl.Series("user", users)).filter(pl.col("user") >= 0)


def _sessions_in(log: WrittenLog, people: ItemLabels, labels: pl.Series) -> _Sessions:
    times, offsets = (np.load(log.folder / f"{name}.npy", mmap_mode="r") for name in ("timestamps", "offsets"))
    number = people.numbers(people.texts(labels)).astype(np.int64) - 1
    assert log.session_gap is not None
    return _Sessions(number, times[offsets[:-1]], times[offsets[1:] - 1], log.session_gap)


def _numbers(staged: Staged, people: ItemLabels, items: ItemLabels) -> tuple[_Codes, _Codes]:
    """How staged users and items are numbered in the dataset: by their labels, since negatives are coded by themselves."""
    users = np.zeros(staged.users.span, dtype=bool)
    present = np.zeros(staged.items.span, dtype=bool)
    for rows in staged.batches(DEALT_ROWS):
        users[rows.user - np.uint32(staged.users.low)] = True
        present[rows.item - np.uint32(staged.items.low)] = True
    return _numbering(staged.users, users, people), _numbering(staged.items, present, items)


def _numbering(coded: CodedLabels, present: NDArray[np.bool_], known: ItemLabels) -> _Codes:
    codes = np.flatnonzero(present)
    numbers = np.zeros(len(present), dtype=np.int32)
    numbers[codes] = known.numbers(known.texts(coded.coding.labels(codes + coded.low)))
    return lambda staged: numbers.take(staged - np.uint32(coded.low))
