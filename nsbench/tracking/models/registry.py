"""MLflow's registry of models: names that people give, versions that MLflow counts, aliases that point to one of them."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode

from nsbench.errors import SettingsError
from nsbench.tracking.models.stored_model import KEEP, StoredModel

_MODEL_ID = re.compile(r"\bm-[0-9a-f]{32}\b")
_PAGE = 100

ACCEPTED = "accepted is NAME@ALIAS, such as shop@champion, of letters, digits, dots, dashes and underscores"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,99}")


@dataclass(frozen=True)
class RegisteredName:
    """A name of the registry.

    Attributes:
        name: The name.
        versions: The id of each version's model by the version's number; of other people's models it is empty.
        aliases: Version numbers by alias.
    """

    name: str
    versions: Mapping[int, str]
    aliases: Mapping[str, int]


def registered_names(client: MlflowClient) -> list[RegisteredName]:
    """All names of the registry, in alphabetical order."""
    found, token = [], None
    while True:
        page = client.search_registered_models(max_results=_PAGE, page_token=token)
        for model in page:
            versions = client.search_model_versions(f"name = '{model.name}'") if _NAME.fullmatch(model.name) else ()
            aliases = {str(alias): int(version) for alias, version in dict(model.aliases).items()}
            found.append(RegisteredName(model.name, {int(one.version): _model_id(one) for one in versions}, aliases))
        token = page.token
        if not token:
            return sorted(found, key=lambda one: one.name)


def names_of_models(names: Sequence[RegisteredName]) -> Mapping[str, list[str]]:
    """What models are called, as people name them: shop/3, and shop@champion where an alias points to that version."""
    found: dict[str, list[str]] = defaultdict(list)
    for one in names:
        for version, model_id in sorted(one.versions.items()):
            found[model_id].append(f"{one.name}/{version}")
            found[model_id] += [f"{one.name}@{alias}" for alias, own in sorted(one.aliases.items()) if own == version]
    return found


def register(client: MlflowClient, model: StoredModel, name: str, alias: str | None) -> int:
    """Makes a model the next version of a name, and points an alias to it; gives the version's number.

    A model that has been registered under the name already keeps its version. A registered model stays, whatever better one
    comes.
    """
    # First of all: from now on nobody deletes it.
    client.set_logged_model_tags(model.model_id, {KEEP: "all"})
    client.get_logged_model(model.model_id)
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
            raise
    known = client.search_model_versions(f"name = '{name}'")
    version = next((int(one.version) for one in known if _model_id(one) == model.model_id), None)
    if version is None:
        made = client.create_model_version(
            name, model.artifact_uri, run_id=model.run_id, model_id=model.model_id, tags=_short(model.tags)
        )
        version = int(made.version)
    if alias is not None:
        client.set_registered_model_alias(name, alias, str(version))
    return version


def name_and_alias(text: str) -> tuple[str, str | None]:
    """A name with the alias behind its @, if there is one.

    Raises:
        SettingsError: The registry takes no such name or alias.

    >>> name_and_alias("shop@champion"), name_and_alias("shop")
    (('shop', 'champion'), ('shop', None))
    """
    name, sign, alias = text.partition("@")
    reserved = alias == "latest" or re.fullmatch(r"v\d+", alias) is not None
    if not _NAME.fullmatch(name) or (sign and (reserved or not _ALIAS.fullmatch(alias))):
        why = "; MLflow keeps the aliases latest and v1, v2, ... for itself" if reserved else ""
        raise SettingsError(f"a model can't be registered as {text!r}: {ACCEPTED}{why}")
    return name, alias or None


def _model_id(version: ModelVersion) -> str:
    """The id of a version's model. MLflow's own stores don't keep it, but the place of the files names it."""
    if version.model_id:
        return str(version.model_id)
    found = _MODEL_ID.findall(str(version.source or ""))
    return found[-1] if found else ""


def _short(tags: Mapping[str, str]) -> dict[str, str]:
    return {name: value[:5000] for name, value in tags.items()}
