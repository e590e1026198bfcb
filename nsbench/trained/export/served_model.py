"""The code of an exported pyfunc: MLflow copies this file into the model's folder and runs it there, without nsbench.

So it imports nothing of nsbench, and what it needs of the model lies beside it: a graph with its weights, and the items.
"""

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc.model import PythonModel

_ROWS = 256
"""Histories that are scored at once."""

_POINT_ZERO = re.compile(r"(0|-?[1-9][0-9]*)\.0+")


class ServedModel(PythonModel):
    """The top items after histories, ids in and out."""

    def load_context(self, context: Any) -> None:  # noqa: ANN401 - MLflow gives its own.
        """Reads what lies beside the code."""
        self._program = torch.export.load(context.artifacts["model"]).module()
        fields = json.loads(Path(context.artifacts["items"]).read_text(encoding="utf-8"))
        self._fields = fields
        self._ids = [None, *fields["ids"]]
        self._are_numbers = isinstance(fields["ids"][0], int)
        self._numbers = {str(label): number for number, label in enumerate(fields["ids"], 1)}
        self._missing = frozenset(fields["missing"])

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ANN401
        """A list for each history: columns `items` (ids, best first), `scores`, and `fallback`.

        Args:
            context: MLflow's.
            model_input: Column `items`: a list of ids, oldest first, or a text of ids between commas.
            params: `top`, items of a list.
        """
        top = int((params or {}).get("top", 10))
        if not 1 <= top <= self._fields["top"]:
            raise _refused(f"top is {top}, and this model was exported for lists of 1 to {self._fields['top']} items")
        if "items" not in model_input.columns:
            raise _refused(f"histories are in a column called items; given are {list(model_input.columns)}")
        histories = [self._history(value, row) for row, value in enumerate(model_input["items"])]
        rows: list[dict[str, object]] = []
        for first in range(0, len(histories), _ROWS):
            rows += self._lists(histories[first : first + _ROWS], top)
        return pd.DataFrame(rows, columns=["items", "scores", "fallback"])

    def _lists(self, histories: list[list[int]], top: int) -> list[dict[str, object]]:
        """The lists of some histories of item numbers; one without a known item gets the most popular items."""
        n, width = len(histories), self._fields["max_length"]
        shown = [[item for item in history if item <= self._fields["n_shown"]][-width:] for history in histories]
        # Only items that the model isn't shown need naming: the graph leaves out the others by itself.
        seen = [sorted(set(history)) if self._fields["exclude_seen"] else [] for history in histories]
        items = _table(shown, width)
        excluded = _table(seen, max(1, *map(len, seen)))
        lengths = torch.tensor([len(row) for row in shown])
        with torch.inference_mode():
            ids, scores = self._program(items, lengths, excluded)
        found = []
        for row in range(n):
            if not histories[row]:
                popular = [self._ids[item] for item in self._fields["popular"][:top]]
                found.append({"items": popular, "scores": [None] * top, "fallback": True})
                continue
            there = [place for place in range(top) if ids[row, place]]
            found.append(
                {
                    "items": [self._ids[ids[row, place]] for place in there],
                    "scores": [float(scores[row, place]) for place in there],
                    "fallback": False,
                }
            )
        return found

    def _history(self, value: object, row: int) -> list[int]:
        """The numbers of the known items of a history."""
        if isinstance(value, str):
            text = value.strip()
            if text.startswith("[") and text.endswith("]") and not any(one.startswith("[") for one in self._numbers):
                raise _refused(
                    f"row {row}: {text[:80]!r} is a text; give a list, or ids between commas without brackets"
                )
            value = text.split(",") if text else []
        if value is None or (isinstance(value, float) and math.isnan(value)):
            value = []
        if not isinstance(value, list | tuple | np.ndarray):
            value = [value]
        return [number for item in value if (number := self._numbers.get(self._text(item, row)))]

    def _text(self, item: object, row: int) -> str:
        """An id as the log's ids are written."""
        text = str(item).strip()
        if item is None or text in self._missing or (isinstance(item, float) and not math.isfinite(item)):
            raise _refused(f"row {row}: an id is missing ({item!r}); leave it out, or give the id")
        return re.sub(r"\.0+$", "", text) if self._are_numbers and _POINT_ZERO.fullmatch(text) else text


def _table(rows: list[list[int]], width: int) -> torch.Tensor:
    """int64[n, width], rows filled up with 0."""
    table = np.zeros((len(rows), width), dtype=np.int64)
    for number, row in enumerate(rows):
        table[number, : len(row)] = row
    return torch.from_numpy(table)


def _refused(message: str) -> MlflowException:
    """What the server answers with status 400."""
    return MlflowException(message, error_code=INVALID_PARAMETER_VALUE)


# MLflow takes the model from whoever runs the file.
set_model(ServedModel())
