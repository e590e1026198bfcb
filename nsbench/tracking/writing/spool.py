"""Records of runs that wait on this disk for a tracking store that is out.

One folder per run, one file per record, named by the time it was made: records are sent in that order. A file appears whole
or not at all, and goes when the store has the record; a record that is sent twice, because a process died in between, is the
same.
"""

import itertools
import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, final

from nsbench.files.disk import write_atomically
from nsbench.files.file_lock import file_lock

EndState = Literal["FINISHED", "FAILED", "KILLED"]

_LOCK = ".lock"
_numbers = itertools.count()
_SUFFIX = ".json"


@dataclass(frozen=True)
class Metrics:
    """Numbers by full name, at a time in milliseconds since 1970 and at a step."""

    values: Mapping[str, float]
    time_ms: int
    step: int


@dataclass(frozen=True)
class RunTag:
    """A tag by full name."""

    name: str
    value: str


@dataclass(frozen=True)
class RunFile:
    """A file of the run, by its path on this disk."""

    path: str


@dataclass(frozen=True)
class RunModel:
    """The run's trained model.

    Attributes:
        path: Its folder, on this disk.
        name: What MLflow's pages call it.
        tags: Of the model, by full name.
        params: Settings by name, as text.
        metrics: Those of the run that are shown as the model's, at the time and step that the run has them at.
    """

    path: str
    name: str
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: tuple[Metrics, ...]


@dataclass(frozen=True)
class End:
    """How the run ended, at a time in milliseconds since 1970."""

    status: EndState
    time_ms: int


Record = Metrics | RunTag | RunFile | RunModel | End

_KINDS: Mapping[str, type[Metrics | RunTag | RunFile | RunModel | End]] = {
    kind.__name__: kind for kind in (Metrics, RunTag, RunFile, RunModel, End)
}


@final
class Spool:
    """The records that wait in a folder.

    Args:
        folder: Made when the first record has to wait.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, run_id: str, record: Record) -> None:
        """Keeps a record, after those of the run that wait already; files and folders are copied."""
        name = f"{time.time_ns():020d}-{os.getpid()}-{next(_numbers):06d}"
        folder = self.folder / run_id
        while True:
            folder.mkdir(parents=True, exist_ok=True)
            try:
                _write(folder, name, record)
            except FileNotFoundError:
                if folder.is_dir():
                    raise
                continue  # Its last record was sent this moment, and the folder is gone.
            return

    def waits(self, run_id: str) -> bool:
        """Whether records of a run wait."""
        return bool(_records_in(self.folder / run_id))

    def run_ids(self) -> tuple[str, ...]:
        """The runs that have records here."""
        return tuple(sorted(folder.name for folder in self.folder.glob("[!.]*") if self.waits(folder.name)))

    def n_records(self) -> int:
        """Records that wait, of all runs."""
        return sum(len(_records_in(self.folder / run_id)) for run_id in self.run_ids())

    def send(self, run_id: str, write: Callable[[str, Record], None]) -> None:
        """Sends the records of a run in order; those before an error are gone, the others stay.

        Args:
            run_id: The run.
            write: Writes a record to the store.
        """
        folder = self.folder / run_id
        with file_lock(self.folder / _LOCK):
            while records := _records_in(folder):
                for path in records:
                    write(run_id, _read(path))
                    path.unlink()
                    shutil.rmtree(_files_of(path), ignore_errors=True)
            with suppress(OSError):  # Another record may be on its way into it.
                folder.rmdir()


def _records_in(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"[!.]*{_SUFFIX}"))


def _files_of(path: Path) -> Path:
    return path.with_suffix(".files")


def _write(folder: Path, name: str, record: Record) -> None:
    path = folder / f"{name}{_SUFFIX}"
    if isinstance(record, RunFile | RunModel):
        copy = _files_of(path) / Path(record.path).name
        copy.parent.mkdir()
        if isinstance(record, RunModel):
            shutil.copytree(record.path, copy)
        else:
            shutil.copyfile(record.path, copy)
        record = replace(record, path=str(copy.relative_to(folder)))
    text = json.dumps({"kind": type(record).__name__, **asdict(record)})
    write_atomically(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def _read(path: Path) -> Record:
    text = path.read_text(encoding="utf-8")
    fields = json.loads(text)
    record: Record = _KINDS[fields.pop("kind")](**fields)
    if isinstance(record, RunModel):
        record = replace(record, metrics=tuple(Metrics(**fields) for fields in json.loads(text)["metrics"]))
    return replace(record, path=str(path.parent / record.path)) if isinstance(record, RunFile | RunModel) else record
