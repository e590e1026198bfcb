"""Finds the YAML files that come with nsbench: `configs/` in a checkout, `nsbench/_configs` in an installed package."""

from pathlib import Path

import nsbench
from nsbench.errors import SettingsError
from nsbench.suggestion import did_you_mean

SUFFIX = ".yaml"


def config_folder() -> Path:
    """The folder that holds `studies/` and `profiles/`."""
    package = Path(nsbench.__file__).parent
    installed = package / "_configs"
    return installed if installed.is_dir() else package.parent / "configs"


def find_config(kind: str, name: str) -> Path:
    """The file of a configuration that comes with nsbench, or one's own.

    Args:
        kind: The folder in `configs/`, such as "studies".
        name: A name in that folder, or the path of a YAML file.

    Raises:
        SettingsError: There is neither.
    """
    own = Path(name)
    if own.suffix in (SUFFIX, ".yml"):
        if own.exists() and not own.is_dir():
            return own
        raise SettingsError(f"there is no file {own}; give the path of a YAML file, or one of: {_listed(kind)}")
    path = config_folder() / kind / f"{name}{SUFFIX}"
    if not path.is_file():
        raise SettingsError(
            f"no {name!r} in {config_folder() / kind}{did_you_mean(name, config_names(kind))}; there are: {_listed(kind)}; "
            "or give a path"
        )
    return path


def config_names(kind: str) -> tuple[str, ...]:
    """The names of a kind's files that come with nsbench, in alphabetical order."""
    return tuple(sorted(path.stem for path in (config_folder() / kind).glob(f"*{SUFFIX}")))


def _listed(kind: str) -> str:
    return ", ".join(config_names(kind)) or "none"
