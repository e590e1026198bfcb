"""Checkpoints of trainings that nobody has resumed for a month.

What goes on renews its checkpoint every few seconds or minutes, so an old one is of a training that was given up, of settings
that were changed since, or of a command that nobody has given again.
"""

import logging
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

KEPT_DAYS = 30
"""How long a checkpoint waits to be resumed."""

_DAY_S = 86_400
_FOLDER = "[0-9a-f]" * 16
"""A training's folder, named by `TrainingIdentity.name`; trained models lie beside it and are never touched."""

_log = logging.getLogger(__name__)


def remove_abandoned(root: Path) -> None:
    """Deletes the checkpoints that were last written more than 30 days ago; the log says which.

    Args:
        root: `Home.checkpoints`; it may not exist.
    """
    oldest = time.time() - KEPT_DAYS * _DAY_S
    for folder in (*root.glob(_FOLDER), *root.glob(f"process-*/{_FOLDER}")):
        if max(_written(folder), default=oldest) < oldest:
            _log.warning("%s was last written more than %d days ago and is deleted", folder, KEPT_DAYS)
            shutil.rmtree(folder, ignore_errors=True)


def _written(folder: Path) -> Iterator[float]:
    """When the folder and what lies in it were last written; nothing where another process has deleted it."""
    try:
        for path in (folder, *folder.iterdir()):
            yield path.stat().st_mtime
    except OSError:
        return
