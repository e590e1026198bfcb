"""Where tensors live, and what that device is called and used at most."""

import os
import platform
import resource
import sys

import torch

from nsbench.errors import SettingsError


def choose_device() -> torch.device:
    """The device that `NSBENCH_DEVICE` names ("cpu", "cuda", "cuda:1"), or a GPU where there is one, or the CPU.

    Raises:
        SettingsError: The named device doesn't exist.
    """
    wanted = os.environ.get("NSBENCH_DEVICE") or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(wanted)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise SettingsError(
            f"NSBENCH_DEVICE is {wanted!r}, which torch {torch.__version__} can't use here ({error}); "
            "set it to cpu or cuda, or unset it"
        ) from error
    return device


def device_name(device: torch.device) -> str:
    """What the device is called in reports: the card's name, or the processor's architecture."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu ({platform.machine()})"


def peak_memory_bytes(device: torch.device) -> int:
    """The most memory that the process has held: on the card, or resident on the host."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
