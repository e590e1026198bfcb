"""The options by which it is chosen who does a command's work."""

from typing import Annotated

import typer

from nsbench.command.worker_pool import Engine

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
