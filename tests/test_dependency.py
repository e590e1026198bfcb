"""What nsbench imports is declared, with a lower bound and a cap."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = DECLARED["optional-dependencies"]
RUNTIME = [*DECLARED["dependencies"], *EXTRAS["ray"], *EXTRAS["export"]]


def named(requirement: str) -> str:
    return re.split(r"[\[<>=!~ ]", requirement)[0].lower().replace("_", "-")


def imported() -> dict[str, Path]:
    """Every foreign package that a module of nsbench imports, anywhere in it, and one such module."""
    found: dict[str, Path] = {}
    for path in sorted((PROJECT / "nsbench").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                names = [node.module]
            found |= {name.partition(".")[0]: path for name in names}
    return {name: path for name, path in found.items() if name not in {*sys.stdlib_module_names, "nsbench"}}


def test_every_package_that_is_imported_is_declared() -> None:
    distributions = packages_distributions()
    declared = {named(requirement) for requirement in RUNTIME}
    undeclared = {
        name: str(path)
        for name, path in imported().items()
        if not declared & {distribution.lower().replace("_", "-") for distribution in distributions.get(name, [name])}
    }
    assert undeclared == {}


@pytest.mark.parametrize("requirement", RUNTIME)
def test_every_dependency_has_a_lower_bound_and_a_cap(requirement: str) -> None:
    assert re.fullmatch(r"[a-zA-Z0-9_-]+>=\d+(\.\d+)+,<\d+(\.\d+)*|[a-zA-Z0-9_-]+>=\d+,<\d+", requirement)


def test_the_pinned_versions_lie_within_the_bounds() -> None:
    from packaging.requirements import Requirement

    lines = (PROJECT / "configs" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {named(line): line.partition("==")[2] for line in lines if "==" in line and not line.startswith("#")}
    torch = (PROJECT / "configs" / "torch.txt").read_text(encoding="utf-8").splitlines()[-1]
    pinned["torch"] = torch.split()[0].partition("==")[2]
    for text in RUNTIME:
        requirement = Requirement(text)
        assert pinned[named(text)] in requirement.specifier, text
