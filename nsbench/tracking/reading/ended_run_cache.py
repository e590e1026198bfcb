"""What never changes once a run has ended, its ranks and its metrics' histories, kept in files beside the cache of runs.

Deleting any of these files is always safe; a folder that can't be written only costs time.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import final

from nsbench.tracking.reading.cache_file import read_cache_file, write_cache_file
from nsbench.tracking.stored_run import MetricPoint

_COST = "read anew every time"


@final
class EndedRunCache:
    """A folder for each store, with a file for a run's ranks and one for each metric.

    Args:
        folder: Created when first written.
        location: The store's address.
    """

    def __init__(self, folder: Path, location: str) -> None:
        self._folder = folder / hashlib.blake2b(location.encode(), digest_size=12).hexdigest()

    def ranks(self, run_id: str) -> bytes | None:
        """The content of the file with a run's ranks; None where it was not kept, or is damaged."""
        return read_cache_file(self._folder / _ranks_file(run_id))

    def keep_ranks(self, run_id: str, file: Path) -> None:
        """Copies a run's ranks."""
        write_cache_file(self._folder / _ranks_file(run_id), file.read_bytes(), _COST)

    def histories(self, run_ids: Sequence[str], name: str) -> Mapping[str, tuple[MetricPoint, ...]]:
        """A metric's history of those of the runs of which it was kept."""
        found = {run_id: self._history(run_id, name) for run_id in run_ids}
        return {run_id: points for run_id, points in found.items() if points is not None}

    def keep_histories(self, histories: Mapping[str, Sequence[MetricPoint]], name: str) -> None:
        """Writes a metric's history of some runs."""
        for run_id, points in histories.items():
            content = json.dumps([(point.epoch, point.value) for point in points]).encode()
            write_cache_file(self._folder / _history_file(run_id, name), content, _COST)

    def _history(self, run_id: str, name: str) -> tuple[MetricPoint, ...] | None:
        content = read_cache_file(self._folder / _history_file(run_id, name))
        return None if content is None else tuple(MetricPoint(epoch, value) for epoch, value in json.loads(content))


def _ranks_file(run_id: str) -> str:
    return f"{run_id}.ranks"


def _history_file(run_id: str, name: str) -> str:
    return f"{run_id}-{hashlib.blake2b(name.encode(), digest_size=6).hexdigest()}.points"
