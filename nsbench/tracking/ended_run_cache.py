"""What never changes once a run has ended, its ranks and its metrics' histories, kept in files beside the cache of runs.

Deleting any of these files is always safe; a folder that can't be written only costs time.
"""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import final

from nsbench.tracking.stored_run import MetricPoint

_LOG = logging.getLogger(__name__)


@final
class EndedRunCache:
    """A folder for each store, with a file for a run's ranks and one for each metric.

    Args:
        folder: Created when first written.
        location: The store's address.
    """

    def __init__(self, folder: Path, location: str) -> None:
        self._folder = folder / hashlib.blake2b(location.encode(), digest_size=12).hexdigest()

    def ranks(self, run_id: str) -> Path | None:
        """The file with a run's ranks; None where it was not kept."""
        file = self._folder / f"{run_id}.parquet"
        return file if file.is_file() else None

    def keep_ranks(self, run_id: str, file: Path) -> None:
        """Copies a run's ranks."""
        self._write(f"{run_id}.parquet", file)

    def histories(self, run_ids: Sequence[str], name: str) -> Mapping[str, tuple[MetricPoint, ...]]:
        """A metric's history of those of the runs of which it was kept."""
        found = {run_id: self._history(run_id, name) for run_id in run_ids}
        return {run_id: points for run_id, points in found.items() if points is not None}

    def keep_histories(self, histories: Mapping[str, Sequence[MetricPoint]], name: str) -> None:
        """Writes a metric's history of some runs."""
        for run_id, points in histories.items():
            self._write(_history_file(run_id, name), json.dumps([(point.epoch, point.value) for point in points]))

    def _history(self, run_id: str, name: str) -> tuple[MetricPoint, ...] | None:
        try:
            points = json.loads((self._folder / _history_file(run_id, name)).read_text(encoding="utf-8"))
            return tuple(MetricPoint(int(epoch), float(value)) for epoch, value in points)
        except (OSError, ValueError, TypeError):
            return None

    def _write(self, name: str, content: Path | str) -> None:
        partial = self._folder / f"{name}.{os.getpid()}.partial"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                shutil.copyfile(content, partial)
            else:
                partial.write_text(content, encoding="utf-8")
            partial.replace(self._folder / name)
        except OSError as error:
            with suppress(OSError):
                partial.unlink()
            _LOG.warning("read anew every time: can't write the cache %s (%s)", self._folder / name, error)


def _history_file(run_id: str, name: str) -> str:
    return f"{run_id}-{hashlib.blake2b(name.encode(), digest_size=6).hexdigest()}.json"
