"""Which GPUs the workers of this machine may have, told without importing torch."""

import multiprocessing
import os
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

DEVICE, GRAPHS = "NSBENCH_DEVICE", "NSBENCH_CUDA_GRAPHS"


def gpus_of_machine(folder: Path = Path("/dev")) -> tuple[str, ...]:
    """The GPUs to share out among workers: those of CUDA_VISIBLE_DEVICES, or all; one that NSBENCH_DEVICE names; or none.

    Args:
        folder: Where the driver's device files are.
    """
    wanted = os.environ.get(DEVICE, "")
    if wanted.startswith("cuda:"):
        return (wanted,)
    if wanted not in {"", "cuda"}:
        return ()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        n_gpus = len(list(folder.glob("nvidia[0-9]*")))
    else:
        n_gpus = len([name for name in visible.split(",") if name.strip() not in {"", "-1"}])
    # A GPU that is asked for and not seen here is for torch to find, or to miss with a message.
    return tuple(f"cuda:{number}" for number in range(n_gpus)) or (("cuda",) if wanted else ())


def check_device() -> None:
    """Sees whether this machine has what the environment asks for, where it asks for a GPU, before any run fails for it.

    In a process of its own: what torch opens of a GPU stays open.

    Raises:
        SettingsError: It hasn't, or the environment asks for what there can't be.
    """
    if os.environ.get(DEVICE, "") in {"", "cpu"} and not os.environ.get(GRAPHS):
        return
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        process.submit(_try_device).result()


def _try_device() -> None:
    from nsbench.tensors.device import choose_device, wants_graphs

    wants_graphs(choose_device())


def least_used(gpus: Iterable[str], in_use: Iterable[str | None]) -> str | None:
    """The GPU with the fewest workers, the first of several; None where there is none.

    >>> least_used(("cuda:0", "cuda:1"), ["cuda:0", None])
    'cuda:1'
    """
    counts = Counter(in_use)
    return min(gpus, key=lambda gpu: counts[gpu], default=None)
