"""Exports a trained model into a folder that is written whole or not at all."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from nsbench.data.leftover import PARTIAL, remove_owner, working_folder
from nsbench.errors import SettingsError, StorageError
from nsbench.files.disk import check_place, is_full, storage_error
from nsbench.suggestion import did_you_mean
from nsbench.tracking.models.pyfunc import save_pyfunc
from nsbench.trained.export.item_file import ITEMS_JSON, write_item_file
from nsbench.trained.export.onnx_graph import check_onnx_packages, write_onnx_graph
from nsbench.trained.export.program import Program, top_items_program
from nsbench.trained.export.torch_program import write_torch_program
from nsbench.trained.export.vector_files import write_vector_files
from nsbench.trained.folder import TrainedModel

ExportFormat = Literal["pyfunc", "torch-export", "onnx", "vectors"]
"""What a model may be exported as."""

TORCH_FILE, ONNX_FILE = "model.pt2", "model.onnx"

SERVED_BY = ("mlflow", "numpy", "pandas", "torch")
"""All that a served model needs."""

_EXAMPLE_ITEMS = 3
_DEFAULT_TOP = 10


@dataclass(frozen=True)
class Export:
    """What is exported.

    Attributes:
        trained: The model.
        top: Items of a list.
        folder: Where the files go.
    """

    trained: TrainedModel
    top: int
    folder: Path

    @property
    def program(self) -> Program:
        """The top items after histories."""
        card = self.trained.card
        exclude_seen = card.seen_items == "exclude"
        return top_items_program(self.trained.model, card.n_candidates, self.top, exclude_seen=exclude_seen)


def export_model(trained: TrainedModel, kind: ExportFormat, output: Path, top: int = 100) -> list[Path]:
    """Exports a model, and gives the files, relative to the folder.

    Args:
        trained: The model.
        kind: As what.
        output: The folder; must not exist, or be empty.
        top: Items of a list, at most; where a pyfunc is asked for fewer, it gives so many.

    Raises:
        SettingsError: There is no such format, the folder holds something, or a package is missing.
        StorageError: The folder can't be written.
    """
    if kind not in _WRITERS:
        formats = get_args(ExportFormat)
        raise SettingsError(
            f"there is no format {kind!r}{did_you_mean(kind, formats)}; a model is exported as {', '.join(formats)}"
        )
    if top < 1:
        raise SettingsError(f"top is {top}, and a list has one item at least")
    if kind == "onnx":
        check_onnx_packages()
    _check_free(output)
    try:
        output.absolute().parent.mkdir(parents=True, exist_ok=True)
        with working_folder(output.absolute().parent, output.name, PARTIAL) as folder:
            _WRITERS[kind](Export(trained, top, folder))
            remove_owner(folder)
            if output.is_dir():
                output.rmdir()
            folder.chmod(0o755)
            folder.rename(output)
    except Exception as error:  # Arrow's and torch's among them.
        if not isinstance(error, OSError) and not is_full(error):
            raise
        raise storage_error("the exported model", output, error) from error
    return sorted(path.relative_to(output) for path in output.rglob("*") if path.is_file())


def _check_free(output: Path) -> None:
    try:
        is_taken = output.exists() and (not output.is_dir() or any(output.iterdir()))
    except OSError as error:
        raise StorageError(f"can't read {output}: {error.strerror or error}; choose another folder") from error
    if is_taken:
        raise SettingsError(f"{output} exists and is no empty folder; choose another one, or remove it")
    if not output.exists():
        check_place("the exported model", output)


def _write_pyfunc(export: Export) -> None:
    parts, top = export.folder / "parts", min(export.top, export.trained.card.n_candidates)
    parts.mkdir()
    artifacts = {"model": parts / TORCH_FILE, "items": parts / ITEMS_JSON}
    write_torch_program(export.program, artifacts["model"])
    write_item_file(export.trained, export.top, artifacts["items"])
    example = pd.DataFrame({"items": [export.trained.items.labels.head(_EXAMPLE_ITEMS).to_list()]})
    requirements = [f"{name}=={version(name).partition('+')[0]}" for name in SERVED_BY]
    code = Path(__file__).with_name("served_model.py")
    made = export.folder / "made"
    save_pyfunc(made, code, artifacts, requirements, example, min(top, _DEFAULT_TOP))
    for path in [*artifacts.values()]:
        path.unlink()
    parts.rmdir()
    for path in list(made.iterdir()):
        path.rename(export.folder / path.name)
    made.rmdir()


def _write_torch(export: Export) -> None:
    write_torch_program(export.program, export.folder / TORCH_FILE)
    write_item_file(export.trained, export.top, export.folder / ITEMS_JSON)


def _write_onnx(export: Export) -> None:
    write_onnx_graph(export.program, export.folder / ONNX_FILE)
    write_item_file(export.trained, export.top, export.folder / ITEMS_JSON)


def _write_vectors(export: Export) -> None:
    write_vector_files(export.trained, export.folder)
    write_item_file(export.trained, export.top, export.folder / ITEMS_JSON)


_WRITERS: dict[str, Callable[[Export], None]] = {
    "pyfunc": _write_pyfunc,
    "torch-export": _write_torch,
    "onnx": _write_onnx,
    "vectors": _write_vectors,
}
