"""Prints the lowest version of every dependency that pyproject.toml allows, as constraints for pip; torch is in a file apart."""

import re
import tomllib
from pathlib import Path


def lowest(requirements: list[str]) -> list[str]:
    """The lower bounds as pins.

    >>> lowest(["torch>=2.13,<2.15", "psycopg[binary]>=3.2,<4"])
    ['psycopg==3.2']
    """
    found = [re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[.*\])?>=([0-9.]+)(?:,<.*)?", text) for text in requirements]
    return [f"{match[1]}=={match[2]}" for match in found if match and match[1] != "torch"]


if __name__ == "__main__":
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    print("\n".join(lowest([*project["dependencies"], *project["optional-dependencies"]["postgres"]])))
