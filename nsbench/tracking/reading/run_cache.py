"""Runs that were read before, kept in a file, so that a report over thousands of runs asks the store only for what changed.

MLflow has no query for "what changed" and sends every run whole: 5,000 runs with 50 metrics take a server about 17 s.
What is built upon a cache is decided in `nsbench.tracking.reading.run_refresh`; deleting its files is always safe.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import final

from nsbench.terms import RunKind
from nsbench.tracking.reading.cache_file import read_cache_file, write_cache_file
from nsbench.tracking.stored_run import StoredRun

MAX_AGE = timedelta(days=1)
"""How long a cache is trusted before everything is read anew."""

_FORMAT = 3
_TIMES = ("started", "ended")


@dataclass(frozen=True)
class CachedRuns:
    """The runs of one experiment as they were last read.

    Attributes:
        read_whole: When all of them were last read from the store.
        runs: By run id, oldest first.
    """

    read_whole: datetime
    runs: Mapping[str, StoredRun]

    @property
    def is_fresh(self) -> bool:
        """Whether it is young enough to be built upon."""
        return datetime.now(UTC) - self.read_whole < MAX_AGE


@final
class RunCache:
    """A folder with a file for each store and experiment.

    Args:
        folder: Created when first written; a folder that can't be written only costs time.
        location: The store's address.
    """

    def __init__(self, folder: Path, location: str) -> None:
        self._folder = folder
        self._location = location

    def load(self, experiment_id: str) -> CachedRuns | None:
        """What was saved; None where there is nothing, or nothing that this version reads."""
        content = read_cache_file(self._file(experiment_id))
        if content is None:
            return None
        kept = json.loads(content)
        if kept["format"] != _FORMAT:
            return None
        runs = [_restored(entry, kept["cards"]) for entry in kept["runs"]]
        return CachedRuns(datetime.fromisoformat(kept["read_whole"]), {run.run_id: run for run in runs})

    def save(self, experiment_id: str, cached: CachedRuns) -> None:
        """Writes the file whole or not at all."""
        cards: dict[str, int] = {}
        entries = [_entry(run, cards) for run in cached.runs.values()]
        content = {
            "format": _FORMAT,
            "read_whole": cached.read_whole.isoformat(),
            "cards": list(cards),
            "runs": entries,
        }
        what = "runs are read whole every time"
        write_cache_file(self._file(experiment_id), json.dumps(content).encode(), what)

    def _file(self, experiment_id: str) -> Path:
        name = hashlib.blake2b(f"{self._location}\n{experiment_id}".encode(), digest_size=12).hexdigest()
        return self._folder / f"runs-{name}.cache"


def oldest_first(runs: Sequence[StoredRun]) -> dict[str, StoredRun]:
    """Runs by id in the order in which they started."""
    return {run.run_id: run for run in sorted(runs, key=lambda run: run.started)}


def _entry(run: StoredRun, cards: dict[str, int]) -> dict[str, object]:
    """A run's fields as JSON takes them; cards are long and the same in most runs, so they are kept once."""
    entry: dict[str, object] = {field.name: getattr(run, field.name) for field in fields(run)}
    entry["dataset_card"] = cards.setdefault(run.dataset_card, len(cards))
    return entry | {"started": run.started.isoformat(), "ended": run.ended.isoformat() if run.ended else None}


def _restored(entry: dict[str, object], cards: Sequence[str]) -> StoredRun:
    card, times = entry.pop("dataset_card"), {name: entry.pop(name) for name in _TIMES}
    run = StoredRun(**entry, started=datetime.fromisoformat(str(times["started"])))  # type: ignore[arg-type]
    return replace(
        run,
        kind=RunKind(run.kind),
        ended=datetime.fromisoformat(str(times["ended"])) if times["ended"] else None,
        dataset_card=cards[card] if isinstance(card, int) else "{}",
        faults=tuple(run.faults),
    )
