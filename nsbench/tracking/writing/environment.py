"""What a run was made with: versions, machine and commit. Read without importing torch, so that it costs nothing."""

import getpass
import os
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import nsbench
from nsbench.terms import Tag

ENVIRONMENT = "nsbench.environment."
"""How the tags of the environment begin, such as `nsbench.environment.python`."""

_GIT_TIMEOUT_S = 10


@cache
def environment_tags() -> Mapping[str, str]:
    """The environment of this process as MLflow tags; asked for once per process.

    Holds the versions of nsbench, python, torch and numpy, the platform, the number of CPUs, the user, and, where
    nsbench runs from a git checkout that tracks it, the commit and whether the checkout was dirty.
    """
    tags = {
        Tag.VERSION.value: nsbench.__version__,
        f"{ENVIRONMENT}python": platform.python_version(),
        f"{ENVIRONMENT}platform": platform.platform(),
        f"{ENVIRONMENT}cpu_count": str(os.cpu_count() or "unknown"),
        "mlflow.source.name": "nsbench",
        "mlflow.source.type": "LOCAL",
        "mlflow.user": _user(),
    }
    for package in ("torch", "numpy"):
        tags[f"{ENVIRONMENT}{package}"] = _version_of(package)
    return tags | _git_tags(Path(nsbench.__file__).parent)


def _version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # A container may run as a number without a name.
        return "unknown"


def _git_tags(folder: Path) -> dict[str, str]:
    # An installed package may lie inside a foreign checkout (a .venv): only one that tracks this file is ours.
    if _git(folder, "ls-files", "--error-unmatch", "__init__.py") is None:
        return {}
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
        return {}
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    dirty = "unknown" if changes is None else str(bool(changes)).lower()
    return {"mlflow.source.git.commit": commit, f"{ENVIRONMENT}git_dirty": dirty}


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints, or None where it fails or isn't there."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=_GIT_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
