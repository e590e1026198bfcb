"""Where a model's files lie, and how they get there, away, and to whoever asks for them."""

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from nsbench.errors import StorageError, TrackingError
from nsbench.files.disk import is_full, storage_error
from nsbench.files.home import ARTIFACTS
from nsbench.secret import masked
from nsbench.tracking.reading.run_store import LOCAL_SCHEMES, moved_uri
from nsbench.tracking.store_uri import sqlite_file, without_password


def local_folder(tracking_uri: str, artifact_uri: str) -> Path | None:
    """The folder of a model on a disk of this machine; None where a server or another machine keeps it.

    In a home that was moved or copied, the store still names the old place; the files lie at the same place within the home that
    the database lies in.
    """
    database = sqlite_file(tracking_uri)
    moved = None if database is None else moved_uri(artifact_uri, database.parent)
    if database is not None and moved is not None and (database.parent / ARTIFACTS).is_dir():
        artifact_uri = moved
    parts = urlsplit(artifact_uri)
    return Path(unquote(parts.path)) if parts.scheme in LOCAL_SCHEMES else None


def put(client: MlflowClient, model_id: str, artifact_uri: str, folder: Path) -> None:
    """Copies a folder's files to where a model's files lie.

    Raises:
        StorageError: The disk is full there.
    """
    place = local_folder(client.tracking_uri, artifact_uri)
    try:
        if place is None:
            client.log_model_artifacts(model_id, str(folder))
        else:
            shutil.copytree(folder, place, dirs_exist_ok=True)
    except OSError as error:  # What copytree collects is one too.
        if not is_full(error):
            raise
        n_bytes = sum(file.stat().st_size for file in folder.iterdir())
        if place is not None:
            shutil.rmtree(place, ignore_errors=True)
        raise storage_error("the trained model", place or folder, error, n_bytes) from error


def remove(client: MlflowClient, artifact_uri: str) -> None:
    """Deletes a model's files, wherever they lie; what can't be deleted stays for `mlflow gc`."""
    place = local_folder(client.tracking_uri, artifact_uri)
    if place is not None:
        # MLflow's own folder of the model is the one above.
        shutil.rmtree(place.parent if place.name == "artifacts" else place, ignore_errors=True)
        return
    with suppress(Exception):  # Every kind of place has a client of its own, with errors of its own.
        get_artifact_repository(artifact_uri, tracking_uri=client.tracking_uri).delete_artifacts()  # type: ignore[no-untyped-call]


def fetched(tracking_uri: str, artifact_uri: str, model_id: str, cache: Path) -> Path:
    """A model's folder on this machine: where it lies, or a copy that is made once.

    Args:
        tracking_uri: The store.
        artifact_uri: Where the model's files were recorded to lie.
        model_id: Names the copy.
        cache: Folder of copies.

    Raises:
        TrackingError: The files are gone or can't be read.
        StorageError: The copy can't be written.
    """
    place = local_folder(tracking_uri, artifact_uri)
    if place is not None:
        if not place.is_dir():
            raise TrackingError(
                f"the files of the model {model_id} are not at {place}: they were moved or deleted; repeat or train again"
            )
        return place
    copy = cache / model_id
    if copy.is_dir():
        return copy
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".", suffix=".partial", dir=cache) as partial:
            found = _downloaded(tracking_uri, artifact_uri, model_id, Path(partial))
            with suppress(OSError):  # Another process was first.
                found.rename(copy)
    except OSError as error:
        raise storage_error("the copy of the model", copy, error) from error
    if not copy.is_dir():
        raise StorageError(
            f"can't write the copy of the model {copy}; make room, or set NSBENCH_HOME to another folder"
        )
    return copy


def _downloaded(tracking_uri: str, artifact_uri: str, model_id: str, folder: Path) -> Path:
    try:
        return Path(download_artifacts(artifact_uri, dst_path=str(folder), tracking_uri=tracking_uri))
    except Exception as error:  # Every kind of place has a client of its own, with errors of its own.
        if is_full(error):
            raise storage_error("the copy of the model", folder, error) from error
        reason = masked(str(error), tracking_uri).partition("\n")[0] or type(error).__name__
        raise TrackingError(
            f"the files of the model {model_id} can't be read from {without_password(artifact_uri)}: {reason}"
        ) from error
