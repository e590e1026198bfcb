"""Tensors by name, a part's names under the part's own: `item_adam.mean`, `source.0.sampler`."""

from collections.abc import Mapping

from torch import Tensor


def prefixed(name: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a part, named as the whole names them."""
    return {f"{name}.{key}": tensor for key, tensor in tensors.items()}


def under(name: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of one part of a whole, named as the part names them."""
    start = f"{name}."
    return {key.removeprefix(start): tensor for key, tensor in tensors.items() if key.startswith(start)}
