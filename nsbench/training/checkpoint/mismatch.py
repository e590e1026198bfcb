"""Whether a snapshot can be resumed: a checkpoint may have the right notes and hold something else, or less."""

import json
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from nsbench.training.checkpoint.snapshot import Snapshot
from nsbench.training.checkpoint.state_tensor import ReplicaAxis, StateTensor

_OF_ANY_LENGTH = (".shuffle", ".replay")
"""States of numpy's generators, as text."""


def mismatch_of(snapshot: Snapshot, fresh: Snapshot) -> str:
    """What a snapshot of a training lacks or has otherwise than it must; empty where it fits.

    Args:
        snapshot: What was kept.
        fresh: Of the same training before its first step.
    """
    missing, strange = fresh.tensors.keys() - snapshot.tensors.keys(), snapshot.tensors.keys() - fresh.tensors.keys()
    if missing or strange:
        return _listed("it lacks", missing) or _listed("it holds", strange)
    for name, expected in fresh.tensors.items():
        wrong = _wrong_tensor(name, snapshot.tensors[name], expected)
        if wrong:
            return wrong
    return _wrong_standing(snapshot.standing, fresh.standing)


def _listed(verb: str, names: set[str]) -> str:
    return f"{verb} {', '.join(sorted(names))}" if names else ""


def _wrong_tensor(name: str, found: StateTensor, expected: StateTensor) -> str:
    if found.axis is not expected.axis or len(found.parts) != len(expected.parts):
        return f"its {name} is {_axis(found)}, not {_axis(expected)}"
    parts = zip(found.parts, expected.parts, strict=True)
    return next(filter(None, (_wrong_part(name, own, other) for own, other in parts)), "")


def _axis(tensor: StateTensor) -> str:
    return f"{tensor.axis} of {len(tensor.parts)}" if tensor.axis is ReplicaAxis.PER_SLOT else tensor.axis


def _wrong_part(name: str, found: Tensor, expected: Tensor) -> str:
    if found.dtype != expected.dtype:
        return f"its {name} is of {found.dtype}, not {expected.dtype}"
    if found.shape != expected.shape and not name.endswith(_OF_ANY_LENGTH):
        return f"its {name} is of shape {list(found.shape)}, not {list(expected.shape)}"
    # A sum needs no memory of the tensor's size, and is NaN or infinite where one of its values is.
    if found.is_floating_point() and not bool(torch.isfinite(found.sum())):
        return f"its {name} holds values that are NaN or infinite"
    return ""


def _wrong_standing(text: str, fresh_text: str) -> str:
    fresh = json.loads(fresh_text)
    try:
        found = json.loads(text)
    except ValueError as error:
        return f"its standing is no JSON ({error})"
    if not _is_like(found, fresh):
        return f"its standing holds {_keys(found)}, not {_keys(fresh)} as it should"
    return ""


def _is_like(found: object, fresh: object) -> bool:
    """Whether two parts of a standing have one structure; validations, of which a fresh training has none, are any list."""
    if isinstance(fresh, Mapping):
        own: Any = found
        return (
            isinstance(found, Mapping) and own.keys() == fresh.keys() and all(_is_like(own[k], fresh[k]) for k in fresh)
        )
    if isinstance(fresh, list) and fresh:
        return isinstance(found, list) and len(found) == len(fresh) and all(map(_is_like, found, fresh))
    if isinstance(fresh, bool | list):
        return type(found) is type(fresh)
    return isinstance(found, int | float) and not isinstance(found, bool)


def _keys(standing: object) -> str:
    return ", ".join(standing) if isinstance(standing, Mapping) else repr(standing)[:40]
