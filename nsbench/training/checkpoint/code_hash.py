"""What nsbench's own code is, beyond its version: between two releases it changes under one number."""

import hashlib
from functools import cache
from pathlib import Path

import nsbench

_NO_PART_IN_RESULTS = ("bench", "cli", "forecast", "report", "study", "tracking")
"""Rooms that decide what is run and what is said of it, and not what comes out."""


@cache
def code_digest() -> str:
    """A short hash of the source files that decide what a training gives; read once a process, when it is first asked for."""
    return digest_of(Path(nsbench.__file__).parent)


def digest_of(package: Path) -> str:
    """A short hash of a package's source files, by path and content, without the rooms that have no part in results.

    Args:
        package: The package's folder; where it lies doesn't matter.
    """
    found = hashlib.blake2b(digest_size=8)
    for path in sorted(package.rglob("*.py")):
        place = path.relative_to(package)
        if place.parts[0] not in _NO_PART_IN_RESULTS:
            content = path.read_bytes()
            found.update(f"{place.as_posix()} {len(content)}\n".encode() + content)
    return found.hexdigest()
