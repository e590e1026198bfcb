"""Who does a command's work: processes of this machine, or workers that Ray places on a cluster."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nsbench.errors import SettingsError
from nsbench.files.home import current_home

if TYPE_CHECKING:
    from nsbench.study.workers.process_pool import ProcessPool
    from nsbench.study.workers.ray_pool import RayPool

Engine = Literal["processes", "ray"]

EngineOption = Annotated[
    Engine, typer.Option(help="Processes of this machine, or workers on a Ray cluster (extra nsbench[ray]).")
]
AddressOption = Annotated[
    str | None, typer.Option(help="The Ray cluster: auto for this machine's, or HOST:PORT. Default: one made here.")
]
CpusOption = Annotated[float, typer.Option("--cpus-per-worker", help="Cores that Ray keeps for a worker.", min=0.1)]
GpusOption = Annotated[
    float, typer.Option("--gpus-per-worker", help="GPUs that Ray keeps for a worker; a share such as 0.25 too.", min=0)
]

ReplicasOption = Annotated[
    int | None,
    typer.Option(
        help="Runs that a worker trains side by side, at most: seeds of the same settings, or trials that differ in nothing "
        "but learning_rate, of which no more than half of the plan runs at once. Memory grows with them. Default: 20 on a "
        "GPU, 1 on a CPU.",
        min=1,
    ),
]


def replicas_of(engine: Engine, gpus: float, replicas: int | None) -> int:
    """How many runs a worker of the pool trains side by side, at most."""
    if replicas is not None:
        return replicas
    from nsbench.study.workers.process_pool import MOST_REPLICAS, default_replicas

    if engine == "ray":
        return MOST_REPLICAS if gpus else 1
    return default_replicas()


def pool_of(
    engine: Engine, address: str | None, workers: int | None, cpus: float, gpus: float
) -> "ProcessPool | RayPool":
    """The workers that the options ask for, not yet started.

    Raises:
        SettingsError: An address or shares without the Ray engine.
    """
    if engine == "ray":
        from nsbench.study.workers.ray_pool import Placement, RayPool

        return RayPool(address, Placement(cpus, gpus), workers, current_home().root)
    if address is not None or gpus or cpus != 1:
        raise SettingsError(
            "--address, --cpus-per-worker and --gpus-per-worker are for --engine ray; add it or leave them out"
        )
    from nsbench.study.workers.process_pool import ProcessPool, default_workers

    return ProcessPool(workers or default_workers(), current_home().root)
