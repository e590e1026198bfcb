"""YAML files read as pydantic models: profiles, study files and devices. A message names the field and those there are."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError

from nsbench.config import MOST_PROBLEMS
from nsbench.errors import SettingsError
from nsbench.files.yaml_text import read_yaml, shortened
from nsbench.suggestion import did_you_mean

_UNKNOWN_FIELD = "extra_forbidden"

_Model = TypeVar("_Model", bound=BaseModel)


def read_yaml_as(model: type[_Model], path: Path) -> _Model:
    """Reads a YAML file as a model.

    Raises:
        SettingsError: The file can't be read, is no YAML, or doesn't fit.
    """
    content = read_yaml(path, "the file")
    try:
        return model.model_validate({} if content is None else content)
    except ValidationError as error:
        found = error.errors()
        parts = [_problem(model, problem["type"], problem["loc"], problem["msg"]) for problem in found[:MOST_PROBLEMS]]
        if len(found) > MOST_PROBLEMS:
            parts.append(f"and {len(found) - MOST_PROBLEMS:,} more")
        if all(problem["type"] != _UNKNOWN_FIELD for problem in found[:MOST_PROBLEMS]):
            parts.append(f"fields are: {', '.join(model.model_fields)}")
        raise SettingsError(f"{path} is not accepted: {'; '.join(parts)}") from error


def _problem(model: type[BaseModel], kind: str, path: Sequence[str | int], message: str) -> str:
    """One fault in words; a field that is unknown is set beside those that are known in the same place."""
    place = shortened(".".join(map(str, path))) or "the file"
    if kind == _UNKNOWN_FIELD:
        *parents, name = path
        known = list(_model_at(model, parents).model_fields)
        return f"{place}: unknown field{did_you_mean(str(name), known)}; there are: {', '.join(known)}"
    return f"{place}: {message.removeprefix('Value error, ')}"


def _model_at(model: type[BaseModel], path: Sequence[str | int]) -> type[BaseModel]:
    """The model within another one that a path of field names, keys and list places leads to."""
    found: object = model
    for step in path:
        if isinstance(found, type) and issubclass(found, BaseModel):
            found = found.model_fields[str(step)].annotation
        else:  # A list or mapping, whose values all have one type.
            found = next(part for part in reversed(get_args(found)) if part is not Ellipsis)
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        raise TypeError(f"{model.__name__} holds no model at {'.'.join(map(str, path))}")
    return found
