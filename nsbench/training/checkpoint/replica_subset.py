"""Takes replicas out of a snapshot, so that a training goes on with the others as if those had never been there.

What is kept has the values that it had, so a replica goes on where it stood; only its slot changes.
"""

import json
import re
from collections.abc import Sequence

import torch
from torch import Tensor

from nsbench.training.checkpoint.training_checkpoint import Snapshot

_SHARED = re.compile(r"\.n_steps$")
"""Tensors that all replicas have in common."""

_NUMBERED = re.compile(r"^(?P<before>source|stepper\.dropout)\.(?P<slot>\d+)(?P<after>.*)$")
"""Tensors of one replica, which is named by its slot; all others have an axis of replicas."""


def select_replicas(snapshot: Snapshot, slots: Sequence[int]) -> Snapshot:
    """A snapshot of some of a training's replicas.

    What all have taken together is shared out evenly: those that leave take their part along.

    Args:
        snapshot: Of all.
        slots: Whose it is to be, rising; at least one.
    """
    tensors: dict[str, Tensor] = {}
    for name, tensor in snapshot.tensors.items():
        numbered = _NUMBERED.match(name)
        if numbered is None:
            tensors[name] = tensor if _SHARED.search(name) else _rows(tensor, slots)
        elif int(numbered["slot"]) in slots:
            tensors[f"{numbered['before']}.{slots.index(int(numbered['slot']))}{numbered['after']}"] = tensor
    standing = json.loads(snapshot.standing)
    n_before = len(standing["progress"])
    for name in ("loss_sums", "shortage", "progress"):
        standing[name] = [standing[name][slot] for slot in slots]
    standing["counts"] = {
        name: count * len(slots) / n_before if isinstance(count, float) else round(count * len(slots) / n_before)
        for name, count in standing["counts"].items()
    }
    return Snapshot(tensors, json.dumps(standing))


def _rows(tensor: Tensor, slots: Sequence[int]) -> Tensor:
    return tensor.index_select(0, torch.tensor(slots, device=tensor.device))
