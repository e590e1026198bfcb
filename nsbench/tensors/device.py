"""Where tensors live, and what that device is called and used at most."""

import ctypes
import gc
import os
import platform
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.errors import SettingsError

MALLOC_PARAMETERS = {
    -3: 1 << 30,  # M_MMAP_THRESHOLD: blocks below 1 GiB come from the heap
    -1: (1 << 31) - 1,  # M_TRIM_THRESHOLD: a heap that ends in free memory keeps it
    -2: 64 << 20,  # M_TOP_PAD: and grows in steps of 64 MiB
}
"""Numbers and values for glibc's mallopt, from malloc.h."""


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


def to_device(array: NDArray[np.int64], device: torch.device) -> Tensor:
    """The array as a tensor on the device, without waiting for what the device has still to do."""
    tensor = torch.from_numpy(array)
    if device.type == "cuda":
        # From other memory than this a copy waits for the device.
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


def wait_for(device: torch.device) -> None:
    """Waits until the device has done what it was given; a CPU has."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def wants_graphs(device: torch.device) -> bool:
    """Whether `NSBENCH_CUDA_GRAPHS` asks for steps that a GPU repeats by itself ("1"), or doesn't ("0", or unset).

    Raises:
        SettingsError: It is neither, or there is no GPU.
    """
    wanted = os.environ.get("NSBENCH_CUDA_GRAPHS") or "0"
    if wanted not in ("0", "1"):
        raise SettingsError(f"NSBENCH_CUDA_GRAPHS is {wanted!r}; set it to 1 or 0, or unset it")
    if wanted == "1" and device.type == "cpu":
        raise SettingsError("NSBENCH_CUDA_GRAPHS is 1, but this trains on a CPU, which has no graphs; unset it")
    return wanted == "1"


def captured(
    work: Callable[[], None], generators: Sequence[torch.Generator], device: torch.device
) -> torch.cuda.CUDAGraph:
    """Has a GPU record what some work gives it, as a graph, instead of doing it.

    Args:
        work: What is recorded.
        generators: All that it draws from.
        device: The GPU.

    Raises:
        RuntimeError: The work can't be recorded, or the memory is used up; what it was that went wrong first.
    """
    before, collects = torch.cuda.current_stream(device), gc.isenabled()
    reason: RuntimeError | None = None
    # A graph of old that is only now found to be unused would be destroyed amid the recording, which ends that.
    gc.collect()
    gc.disable()
    try:
        with torch.cuda.device(device):
            graph = torch.cuda.CUDAGraph()
            for generator in generators:
                graph.register_generator_state(generator)
            # A stream of its own: graphs of one stream would share what cuBLAS works in.
            with torch.cuda.graph(graph, stream=torch.cuda.Stream(device)):
                try:
                    work()
                except RuntimeError as error:
                    reason = error
                    raise
    except RuntimeError as error:
        # To end a recording that has failed fails too, and leaves its stream the current one.
        torch.cuda.set_stream(before)
        raise reason or error from None
    finally:
        if collects:
            gc.enable()
    return graph


@contextmanager
def tf32_products(device: torch.device) -> Iterator[None]:
    """Has a GPU's tensor cores multiply: factors are cut to 10 bits after the point, sums stay float32.

    On two logs that leaves hit rates within what seeds differ by (README). `NVIDIA_TF32_OVERRIDE=0` in the environment keeps
    products in float32. On a CPU nothing changes.
    """
    if device.type != "cuda":
        yield
        return
    products = torch.backends.cuda.matmul
    before = products.fp32_precision
    products.fp32_precision = "tf32"
    try:
        yield
    finally:
        products.fp32_precision = before


def keep_freed_memory() -> None:
    """Makes the C library keep what tensors free for the next ones, where it is glibc; elsewhere nothing happens.

    By default large blocks go back to the system and come again as pages that the kernel must clear, at each step anew:
    a sixth of a step's time. What the process has held at most it then holds until it ends.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    libc = ctypes.CDLL(None)
    for parameter, value in MALLOC_PARAMETERS.items():
        libc.mallopt(parameter, value)


def device_name(device: torch.device) -> str:
    """What the device is called in reports: the card's name, or the processor's architecture."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu ({platform.machine()})"


def peak_memory_bytes(device: torch.device) -> int:
    """The most memory that the process has held: on the card, or resident on the host."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the memory is used up, on the card or on the host."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # torch has no class of its own for the host's memory, nor for what CUDA asks of the card's by itself.
    texts = ("can't allocate memory", "CUDA error: out of memory")
    return isinstance(error, RuntimeError) and any(text in str(error) for text in texts)
