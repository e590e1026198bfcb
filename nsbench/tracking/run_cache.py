"""Runs that were read before, kept in a file, so that a report over thousands of runs asks the store only for what changed.

MLflow has no query for "what changed" and sends every run whole: 5,000 runs with 50 metrics take a server about 17 s.
What is built upon a cache is decided in `nsbench.tracking.run_refresh`; deleting its files is always safe.
"""

import hashlib
import json
import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import final

from nsbench.terms import RunKind
from nsbench.tracking.stored_run import StoredRun

MAX_AGE = timedelta(days=1)
"""How long a cache is trusted before everything is read anew."""

_FORMAT = 2
_LOG = logging.getLogger(__name__)
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
        try:
            content = json.loads(self._file(experiment_id).read_text(encoding="utf-8"))
            if content["format"] != _FORMAT:
                return None
            cards: list[str] = content["cards"]
            runs = [_restored(entry, cards) for entry in content["runs"]]
            return CachedRuns(datetime.fromisoformat(content["read_whole"]), {run.run_id: run for run in runs})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            _LOG.warning("reading all runs anew: the cache %s is unreadable (%s)", self._file(experiment_id), error)
            return None

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
        file = self._file(experiment_id)
        partial = file.with_suffix(f".{os.getpid()}.partial")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(content), encoding="utf-8")
            partial.replace(file)
        except OSError as error:
            with suppress(OSError):
                partial.unlink()
            _LOG.warning("runs are read whole every time: can't write the cache %s (%s)", file, error)

    def _file(self, experiment_id: str) -> Path:
        name = hashlib.blake2b(f"{self._location}\n{experiment_id}".encode(), digest_size=12).hexdigest()
        return self._folder / f"runs-{name}.json"


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
    )
