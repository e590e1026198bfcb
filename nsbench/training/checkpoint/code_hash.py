"""What the code that trains is, beyond its version: between two releases it changes under one number, and often not at all.

A training is resumed by the code that it was begun with, or by code that does the same: comments, docstrings and how lines are
broken are left out of the hash, and so are the rooms without a part in what a training gives. So the checkpoint of another
version is resumed wherever that changed nothing else.

Where code did change it is not: nobody can see from outside whether a change moves a result. A number that is raised by hand when
results move would resume more, but it has to be held by a test that compares digests of trainings, and those differ by
processor and by torch, and can't cover every setting, device and number of processes. A change that escapes it would give a
result that is half of one code and half of another and stands in the tables as either's. A refusal costs one training's time.
"""

import ast
import hashlib
import sys
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import final

import nsbench

_NO_PART_IN_RESULTS = (
    *("api", "bench", "cli", "command", "forecast", "report", "study", "tracking", "trained", "view"),
    *("data/log", "data/public", "data/synthetic"),
)
"""Rooms that decide what is run, what is said of it, or what a dataset holds, which goes by its content hash."""


@final
class Code:
    """Source files as they were when they were read.

    Args:
        files: The content by the path from the package's folder.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    @cached_property
    def digest(self) -> str:
        """A short hash of what the files do, in hexadecimal; made when it is first asked for, since it takes half a second."""
        found = hashlib.blake2b(digest_size=8)
        for path in sorted(self._files):
            done = _what_is_done(self._files[path])
            found.update(f"{path} {len(done)}\n{done}".encode())
        return found.hexdigest()


def running_code(module: str = "nsbench") -> Code:
    """The code that decides what a training gives, read at the first call: later it may have been edited on disk.

    Args:
        module: Where the sampler is from; the package of one that another package brings is part of the code.
    """
    return _code_with(module.partition(".")[0])


@cache
def _code_with(package: str) -> Code:
    files = files_of(Path(nsbench.__file__).parent)
    source = sys.modules[package].__file__
    if package != "nsbench" and source is not None:
        own = Path(source)
        brought = files_of(own.parent) if own.name == "__init__.py" else {own.name: own.read_bytes()}
        files |= {f"{package}: {path}": content for path, content in brought.items()}
    return Code(files)


def files_of(package: Path) -> dict[str, bytes]:
    """A package's source files by path, without the rooms that have no part in results.

    Args:
        package: The package's folder; where it lies doesn't matter.
    """
    found = {path.relative_to(package).as_posix(): path for path in package.rglob("*.py")}
    left_out = tuple(f"{room}/" for room in _NO_PART_IN_RESULTS)
    return {place: path.read_bytes() for place, path in found.items() if not place.startswith(left_out)}


def _what_is_done(source: bytes) -> str:
    """The source's statements, without comments, docstrings, blank space and line numbers."""
    return ast.dump(_WithoutText().visit(ast.parse(source)))


class _WithoutText(ast.NodeTransformer):
    """Takes out the strings that stand alone, which do nothing."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        """None for a docstring."""
        return None if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str) else node
