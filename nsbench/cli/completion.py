"""What the shell offers after TAB: names of samplers, datasets, studies, profiles and settings.

A shell asks with each TAB, so nothing here imports torch, MLflow or Optuna, creates a file or fails: what can't be read is not
offered. Names of samplers and settings are read from their source, since importing them takes torch.
"""

import ast
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from importlib.metadata import entry_points
from pathlib import Path
from urllib.parse import quote

import nsbench
from nsbench.errors import NsbenchError
from nsbench.files.home import current_home

_PACKAGE = Path(nsbench.__file__).parent
_SAMPLERS = "samplers/*.py"
_EVALUATION = "evaluation/settings.py"
_LOSSES = "losses/*.py"
_MODELS = "models/**/*.py"
_SETTINGS = (_SAMPLERS, _LOSSES, _MODELS, "training/settings.py", _EVALUATION)
_STUDIES = (
    "SELECT study_name FROM studies JOIN study_user_attributes USING (study_id) WHERE key = 'nsbench.plan' ORDER BY 1"
)
"""Other studies of the storage hold no trials, but who makes which repeat."""

_KEPT_MODELS = (
    "SELECT DISTINCT d.tag_value || '/' || m.tag_value FROM logged_models AS l "
    "JOIN logged_model_tags AS d ON d.model_id = l.model_id AND d.tag_key = 'nsbench.dataset' "
    "JOIN logged_model_tags AS m ON m.model_id = l.model_id AND m.tag_key = 'nsbench.sampler' "
    "WHERE l.lifecycle_stage = 'active' "
    "UNION SELECT name || '@' || alias FROM registered_model_aliases ORDER BY 1"
)


def complete_sampler(incomplete: str) -> list[str]:
    """Names of samplers: nsbench's own, and other packages' as their entry points are called."""
    found = {name for settings in _settings_classes((_SAMPLERS,)) for name in _named(settings)}
    with suppress(Exception):
        found |= {entry.name for entry in entry_points(group="nsbench.samplers")}
    return _beginning(sorted(found), incomplete)


def complete_loss(incomplete: str) -> list[str]:
    """Names of losses."""
    return _beginning(sorted(name for found in _settings_classes((_LOSSES,)) for name in _named(found)), incomplete)


def complete_model(incomplete: str) -> list[str]:
    """Names of backbones."""
    return _beginning(sorted(name for found in _settings_classes((_MODELS,)) for name in _named(found)), incomplete)


def complete_setting(incomplete: str) -> list[str]:
    """Settings of any sampler's run, as `learning_rate=`."""
    return _assignments(_SETTINGS, incomplete)


def complete_evaluation_setting(incomplete: str) -> list[str]:
    """Settings of an evaluation, as `targets=`."""
    return _assignments((_EVALUATION,), incomplete)


def complete_dataset(incomplete: str) -> list[str]:
    """Prepared datasets, and `demo`, which is made where it isn't there."""
    names = {"demo"}
    with suppress(OSError, NsbenchError):
        folders = current_home().datasets.iterdir()
        names |= {path.name for path in folders if path.is_dir() and not path.name.startswith(".")}
    return _beginning(sorted(names), incomplete)


def complete_profile(incomplete: str) -> list[str]:
    """Profiles that come with nsbench; files are for the shell itself to offer."""
    from nsbench.study.search.config_file import config_names

    with suppress(OSError):
        return _beginning(config_names("profiles"), incomplete)
    return []


def complete_study(incomplete: str) -> list[str]:
    """Studies of the home's sqlite file; a database of others is not asked, since that may take long."""
    with suppress(OSError, ValueError, NsbenchError):
        home = current_home()
        return _beginning(_names_in(home.root / "studies.db", home.study_storage, _STUDIES), incomplete)
    return []


def complete_model_reference(incomplete: str) -> list[str]:
    """Models of the home's sqlite file, as DATASET/METHOD and by their names in the registry; a server is not asked."""
    with suppress(OSError, ValueError, NsbenchError):
        home = current_home()
        return _beginning(_names_in(home.root / "mlflow.db", home.tracking_uri, _KEPT_MODELS), incomplete)
    return []


def _names_in(file: Path, uri: str, query: str) -> list[str]:
    """What a query finds in a home's sqlite file; nothing where the store is elsewhere or can't be read."""
    if uri.startswith("sqlite") and file.is_file():
        with suppress(sqlite3.Error), closing(_read_only(file)) as found:
            return [name for (name,) in found.execute(query)]
    return []


def _read_only(file: Path) -> sqlite3.Connection:
    # Where nobody writes, sqlite would make files beside it to read it.
    mode = "mode=ro" if file.with_name(f"{file.name}-wal").exists() else "immutable=1"
    return sqlite3.connect(f"file:{quote(str(file.absolute()))}?{mode}", uri=True, timeout=0.2)


def _beginning(names: Sequence[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def _assignments(patterns: Sequence[str], incomplete: str) -> list[str]:
    fields = {field for settings in _settings_classes(patterns) for field in _fields(settings)}
    return _beginning([f"{field}=" for field in sorted(fields)], incomplete)


def _settings_classes(patterns: Sequence[str]) -> Iterator[ast.ClassDef]:
    """The classes of settings in some files of the package."""
    with suppress(OSError, SyntaxError, UnicodeError):
        for pattern in patterns:
            for path in sorted(_PACKAGE.glob(pattern)):
                for node in ast.parse(path.read_text(encoding="utf-8")).body:
                    if isinstance(node, ast.ClassDef) and node.name.endswith("Settings"):
                        yield node


def _annotated(settings: ast.ClassDef, *, of_class: bool) -> Iterator[tuple[str, ast.expr | None]]:
    """The annotated names of a class with their values: those of the class itself, or its fields."""
    for node in settings.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            is_of_class = "ClassVar" in ast.unparse(node.annotation).partition("[")[0]
            if is_of_class is of_class:
                yield node.target.id, node.value


def _fields(settings: ast.ClassDef) -> Iterator[str]:
    return (name for name, _ in _annotated(settings, of_class=False))


def _named(settings: ast.ClassDef) -> Iterator[str]:
    """Its sampler's name, if it has one."""
    for name, value in _annotated(settings, of_class=True):
        if name == "name" and isinstance(value, ast.Constant):
            yield str(value.value)
