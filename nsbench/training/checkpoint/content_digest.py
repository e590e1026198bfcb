"""A hash of what a checkpoint holds, by which one that was damaged or changed by hand is told from the one that was written."""

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor


def digest_of(tensors: Mapping[str, Tensor], *texts: str) -> str:
    """The hash in hexadecimal, whatever the order of the tensors.

    Args:
        tensors: On the CPU, contiguous; names, types, shapes and every byte count.
        texts: The rest, in their order.
    """
    digest = hashlib.blake2b(digest_size=16)
    for text in texts:
        digest.update(f"{len(text)}:{text}".encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
