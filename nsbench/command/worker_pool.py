"""Where the work of studies and repeats is done: processes of this machine, or workers on a Ray cluster."""

from typing import TYPE_CHECKING, Literal, get_args

from nsbench.errors import SettingsError
from nsbench.files.home import Home

if TYPE_CHECKING:
    from nsbench.study.workers.process_pool import ProcessPool
    from nsbench.study.workers.ray_pool import RayPool

Engine = Literal["processes", "ray"]


def replicas_of(engine: Engine, gpus: float, replicas: int | None) -> int:
    """How many runs a worker of the pool trains side by side, at most."""
    if replicas is not None:
        return replicas
    from nsbench.study.workers.process_pool import MOST_REPLICAS, default_replicas

    if engine == "ray":
        return MOST_REPLICAS if gpus else 1
    return default_replicas()


def pool_of(
    engine: Engine, address: str | None, workers: int | None, cpus: float, gpus: float, home: Home
) -> "ProcessPool | RayPool":
    """The workers that are asked for, not yet started.

    Args:
        engine: Where they run.
        address: The Ray cluster's; None: one that is made here.
        workers: How many; None: as many as there are cores or GPUs.
        cpus: Cores that Ray keeps for each.
        gpus: GPUs that Ray keeps for each.
        home: Where they keep everything.

    Raises:
        SettingsError: There is no such engine, or an address or shares are given without Ray's.
    """
    if engine not in get_args(Engine):
        raise SettingsError(f"--engine {engine}: accepted are {' and '.join(get_args(Engine))}")
    if engine == "ray":
        from nsbench.study.workers.ray_pool import Placement, RayPool

        return RayPool(address, Placement(cpus, gpus), workers, home.root)
    if address is not None or gpus or cpus != 1:
        raise SettingsError(
            "--address, --cpus-per-worker and --gpus-per-worker are for --engine ray; add it or leave them out"
        )
    from nsbench.study.workers.process_pool import ProcessPool, default_workers

    return ProcessPool(workers or default_workers(), home.root)
