"""A trained model whose item table lies in shards, as the file that `save_model` writes, stretch by stretch of the table.

Written by hand, since safetensors' own functions take whole tensors only.
Source: https://huggingface.co/docs/safetensors, "Format": the header's length in 8 bytes, the header, the tensors end to end.
"""

import json
import math
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path

from nsbench.files.disk import storage_error, write_atomically
from nsbench.models.model import Model
from nsbench.tensors.process_group import ProcessGroup
from nsbench.training.checkpoint.model_file import notes_of
from nsbench.training.distributed.sharded_table import joined_rows

_ALIGNMENT = 8
_FLOAT_BYTES = 4


def save_joined(model: Model, n_items: int, group: ProcessGroup, path: Path) -> None:
    """Writes the model in process 0, to whom the others send their rows; an interrupted write leaves the old file.

    Args:
        model: One replica, with what this process holds of the item table.
        n_items: Items, padding not counted.
        group: The processes.
        path: The file.

    Raises:
        StorageError: In process 0, the disk is full or can't be written.
        PeerLost: In the others, process 0 couldn't write.
    """
    rows = joined_rows(model.items[0], n_items + 1, group)
    if group.rank > 0:
        deque(rows, maxlen=0)
        return
    dense = model.dense.detach().cpu()
    shapes = {"dense": tuple(dense.shape), "items": (1, n_items + 1, model.settings.hidden_dim)}
    header = _header(shapes, notes_of(model.settings))

    def write(partial: Path) -> None:
        with partial.open("wb") as file:
            file.write(header)
            for part in chain([dense], rows):
                file.write(part.contiguous().numpy().data)

    try:
        write_atomically(path, write)
    except OSError as error:
        n_bytes = len(header) + sum(map(_n_bytes, shapes.values()))
        raise storage_error("the trained model", path, error, n_bytes) from error


def _header(shapes: Mapping[str, Sequence[int]], notes: Mapping[str, str]) -> bytes:
    """What the file begins with; its tensors are of float32 and follow in the order of `shapes`."""
    described: dict[str, object] = {"__metadata__": dict(notes)}
    end = 0
    for name, shape in shapes.items():
        begin, end = end, end + _n_bytes(shape)
        described[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [begin, end]}
    text = json.dumps(described).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return len(text).to_bytes(_ALIGNMENT, "little") + text


def _n_bytes(shape: Sequence[int]) -> int:
    return _FLOAT_BYTES * math.prod(shape)
