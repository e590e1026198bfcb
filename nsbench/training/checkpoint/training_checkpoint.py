"""Checkpoints of trainings that go on: a killed training starts again from the last one and ends as if nothing had been.

A checkpoint that can't be read or is of something else is never used: the training starts over and the log says why.
One that can't be written is a warning: losing a checkpoint is better than losing the training.
"""

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Protocol, final

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from nsbench import __version__
from nsbench.files.disk import storage_error, write_atomically
from nsbench.training.checkpoint.code_hash import Code, running_code
from nsbench.training.checkpoint.content_digest import digest_of
from nsbench.training.checkpoint.snapshot import Snapshot, snapshot_of

EVERY_S = 30.0
"""Seconds of work that a kill costs at most where checkpoints are cheap."""

MOST_SHARE = 0.01
"""Share of the time that checkpoints may take; large models are written less often than every 30 s for it."""

FILE = "training.safetensors"

_VERSION = "nsbench"
"""The note of nsbench's version, for people to read: whether a training can be resumed goes by its code."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingIdentity:
    """What a training must have in common with another one to give the same result bit for bit.

    Attributes:
        settings: Fingerprints of the replicas' settings.
        dataset: The content hash of the dataset.
        seeds: The replicas' root seeds.
        objectives: What decides each replica's best epoch.
        device: The device's name.
        torch: torch's version.
        numpy: numpy's version, whose generators order the users.
        variant: What else tells it from others: what it goes on from, or that everything is training.
        code: The code that trains.
    """

    settings: Sequence[str]
    dataset: str
    seeds: Sequence[int]
    objectives: Sequence[str]
    device: str
    torch: str = torch.__version__
    numpy: str = np.__version__
    variant: str = ""
    code: Code = field(default_factory=running_code)

    @property
    def name(self) -> str:
        """A short hash of what was asked; where it runs isn't part of it, so that a change there is seen and said."""
        more = [self.variant] if self.variant else []
        asked = json.dumps([list(self.settings), self.dataset, list(self.seeds), list(self.objectives), *more])
        return hashlib.blake2b(asked.encode(), digest_size=8).hexdigest()

    def select_replicas(self, slots: Sequence[int]) -> "TrainingIdentity":
        """That of some of the replicas."""
        return replace(
            self,
            settings=[self.settings[slot] for slot in slots],
            seeds=[self.seeds[slot] for slot in slots],
            objectives=[self.objectives[slot] for slot in slots],
        )

    def notes(self) -> dict[str, str]:
        """Every field as text."""
        values = {one.name: getattr(self, one.name) for one in fields(self)} | {"code": self.code.digest}
        return {name: json.dumps(value) for name, value in values.items()}


class Checkpoint(Protocol):
    """Where a training is kept while it goes on."""

    def load(self) -> Snapshot | None:
        """What an earlier attempt left, or None."""

    def is_due(self) -> bool:
        """Whether it is time for the next snapshot."""

    def save(self, snapshot: Snapshot) -> None:
        """Keeps a snapshot in place of the one before."""

    def remove(self) -> None:
        """Forgets the training."""

    def select_replicas(self, slots: Sequence[int]) -> None:
        """From now on the training is of some of its replicas only; what was kept of all goes when they are saved."""


class NullCheckpoint:
    """Keeps nothing."""

    def load(self) -> Snapshot | None:
        """Nothing."""
        return None

    def is_due(self) -> bool:
        """Never."""
        return False

    def save(self, snapshot: Snapshot) -> None:
        """Does nothing."""

    def remove(self) -> None:
        """Does nothing."""

    def select_replicas(self, slots: Sequence[int]) -> None:
        """Does nothing."""


@dataclass(frozen=True)
class Checkpoints:
    """Where trainings are kept while they go on, and how often.

    Attributes:
        root: The folder; `Home.checkpoints`.
        fresh: Whether what earlier attempts left is deleted instead of resumed.
        every_s: Seconds between a training's snapshots, at least.
        most_share: The share of a training's time that writing them may take.
    """

    root: Path
    fresh: bool = False
    every_s: float = EVERY_S
    most_share: float = MOST_SHARE

    def of(self, identity: TrainingIdentity) -> "CheckpointFile":
        """The checkpoint of a training."""
        return CheckpointFile(self, identity)


@final
class CheckpointFile:
    """A training's checkpoint, in a folder of its own.

    Args:
        checkpoints: Where and how often.
        identity: What is trained.
    """

    def __init__(self, checkpoints: Checkpoints, identity: TrainingIdentity) -> None:
        self.path = checkpoints.root / identity.name / FILE
        self._checkpoints = checkpoints
        self._identity = identity
        self._due = time.monotonic() + checkpoints.every_s
        self._left_behind: list[Path] = []

    def load(self) -> Snapshot | None:
        """What an earlier attempt left; None, with the reason in the log, where it can't be resumed."""
        if self._checkpoints.fresh:
            self.remove()
        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                notes = file.metadata() or {}
                wrong = self._differences(notes)
                if wrong:
                    _log.warning("%s is not resumed: %s; the training starts over", self.path, wrong)
                    return None
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                if digest_of(tensors, notes["axes"], notes["standing"]) != notes["digest"]:
                    _log.warning("%s is damaged: it doesn't hold what was written; the training starts over", self.path)
                    return None
                return snapshot_of(tensors, notes["axes"], notes["standing"])
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            _log.warning("the checkpoint %s can't be read (%s); the training starts over", self.path, error)
            return None

    def is_due(self) -> bool:
        """Whether enough time has passed since the last one."""
        return time.monotonic() >= self._due

    def save(self, snapshot: Snapshot) -> None:
        """Writes a snapshot, whole or not at all; where it can't be written, a warning says so."""
        # Before the clock starts: the code is digested once in a process, and no later save takes as long.
        identity = self._identity.notes()
        began = time.monotonic()
        tensors = {name: tensor.cpu().contiguous() for name, tensor in snapshot.plain_tensors().items()}
        axes = snapshot.axes()
        digest = digest_of(tensors, axes, snapshot.standing)
        notes = {
            **identity,
            _VERSION: __version__,
            "axes": axes,
            "standing": snapshot.standing,
            "digest": digest,
        }
        try:
            write_atomically(self.path, lambda path: save_file(tensors, path, metadata=notes))
        except (OSError, SafetensorError) as error:
            n_bytes = sum(tensor.nbytes for tensor in tensors.values())
            _log.warning("%s; the training goes on without", storage_error("the checkpoint", self.path, error, n_bytes))
        now = time.monotonic()
        self._due = now + max(self._checkpoints.every_s, (now - began) / self._checkpoints.most_share)
        self._clear()

    def remove(self) -> None:
        """Deletes the checkpoint's folder, with what a killed write left there."""
        self._left_behind.append(self.path.parent)
        self._clear()

    def select_replicas(self, slots: Sequence[int]) -> None:
        """Goes on under the name of those replicas; due at once if there was something that can't be resumed now."""
        if self.path.exists():
            self._due = time.monotonic()
        self._left_behind.append(self.path.parent)
        self._identity = self._identity.select_replicas(slots)
        self.path = self._checkpoints.root / self._identity.name / FILE

    def _clear(self) -> None:
        while self._left_behind:
            shutil.rmtree(self._left_behind.pop(), ignore_errors=True)

    def _differences(self, notes: Mapping[str, str]) -> str:
        """How the checkpoint of these notes is of something else; empty if it isn't."""
        own = self._identity.notes()
        different = [name for name in own if notes.get(name) != own[name]]
        found = [f"its {name} is {notes.get(name)}, here it is {own[name]}" for name in different]
        if "code" in different:
            found.append(f"it was written by nsbench {notes.get(_VERSION)}, this is {__version__}")
        return ", ".join(found)
