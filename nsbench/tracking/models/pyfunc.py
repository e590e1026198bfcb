"""Writes a folder that MLflow serves: a pyfunc whose code is a file, so that nothing is pickled."""

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import mlflow.pyfunc
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types.schema import AnyType, Array, ColSpec, DataType, ParamSchema, ParamSpec, Schema


def save_pyfunc(
    folder: Path,
    code: Path,
    artifacts: Mapping[str, Path],
    requirements: Sequence[str],
    example: pd.DataFrame,
    top: int,
) -> None:
    """Writes the folder of a model of next items, with its signature and an example.

    Args:
        folder: Where; must not exist.
        code: The file that sets the model (`mlflow.models.set_model`).
        artifacts: Files that the code reads, by the name that it calls them.
        requirements: Packages, as pip takes them.
        example: Histories, in a column `items`.
        top: Items of a list where the caller doesn't say.
    """
    ids = DataType.long if isinstance(next(iter(example["items"]))[0], int) else DataType.string
    columns = [ColSpec(Array(ids), "items"), ColSpec(Array(DataType.double), "scores"), ColSpec("boolean", "fallback")]
    signature = ModelSignature(
        # A list of ids or a text between commas.
        inputs=Schema([ColSpec(AnyType(), "items")]),  # type: ignore[no-untyped-call]
        outputs=Schema([*columns]),
        params=ParamSchema([ParamSpec("top", "integer", top)]),
    )
    logger = logging.getLogger("mlflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mlflow.pyfunc.save_model(
                path=folder,
                python_model=str(code),
                artifacts={name: str(path) for name, path in artifacts.items()},
                pip_requirements=list(requirements),
                signature=signature,
                input_example=example,
            )
    finally:
        logger.setLevel(level)
