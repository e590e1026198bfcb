"""`nsbench train`: one run, shown while it goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsbench.cli.completion import complete_setting
from nsbench.cli.data.dataset import DatasetOption
from nsbench.cli.method_option import LossOption, ModelOption, SamplerOption, chosen_methods
from nsbench.cli.models.option import KeepModelsOption
from nsbench.cli.output.console import Console
from nsbench.cli.output.json_output import JsonOption, json_output
from nsbench.cli.output.run_document import record_document
from nsbench.cli.process.distributed import PROCESSES, checkpoint_root, follow, open_together
from nsbench.cli.process.interruption import Interruption
from nsbench.cli.tune import EpochsOption, budget_values
from nsbench.files.home import Home, current_home

if TYPE_CHECKING:
    from nsbench.config import Settings
    from nsbench.tensors.process_group import ProcessGroup
    from nsbench.terms import KeepModels
    from nsbench.tracking.record import RunRecord
    from nsbench.tracking.tracker import Tracker

SHOWN_CUTOFF = 10

SEND_WAIT_S = 60.0
"""How long a training that is over waits for a tracking store that is out, before it leaves the rest to the next command."""


def train(  # noqa: PLR0913, PLR0917 - Typer takes options as arguments.
    sampler: SamplerOption,
    loss: LossOption = None,
    model: ModelOption = None,
    dataset: DatasetOption = "demo",
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="A setting, as learning_rate=1e-3; may be repeated.", autocompletion=complete_setting
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="YAML file of settings; --set goes before it. What only other methods have is passed over.",
        ),
    ] = None,
    epochs: EpochsOption = None,
    seed: Annotated[int, typer.Option(help="Root of all randomness.", min=0)] = 0,
    checkpoint: Annotated[Path | None, typer.Option(help="Where the best epoch's parameters go.")] = None,
    track: Annotated[bool, typer.Option("--track/--no-track", help="Record the run in MLflow.")] = True,
    keep_models: KeepModelsOption = "best",
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over, not where an interrupted run stopped.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train one model, keep its best epoch, and rank the test interactions.

    A run that was interrupted or killed goes on when the same command is given again. Started by torchrun, as in
    `torchrun --nproc-per-node 2 -m nsbench.cli.main train ...`, the processes train one model together.
    """
    import torch

    from nsbench.config import Settings, parse_assignments, read_settings_file, settings_values

    torch.set_num_threads(1)
    (method,), assigned = chosen_methods([sampler], loss, model, parse_assignments(assignments or []))
    of_file = settings_values(method, read_settings_file(config) if config else {})
    settings = Settings.of(method, {**of_file, **assigned, **budget_values(epochs)})
    with json_output(wanted=as_json) as output:
        output.document = _trained(
            settings, dataset, seed, checkpoint, keep_models if track else "none", track=track, fresh=fresh
        )


def _trained(
    settings: "Settings",
    dataset: str,
    seed: int,
    checkpoint: Path | None,
    keep_models: "KeepModels",
    *,
    track: bool,
    fresh: bool,
) -> dict[str, object] | None:
    """Trains, shows what came out, and gives it as a document; None in all processes but the first."""
    from nsbench.cli.data.dataset import say_undecided
    from nsbench.cli.output.run_observer import ProgressObserver
    from nsbench.files.disk import check_place
    from nsbench.objective import default_objective
    from nsbench.runs.experiment import run
    from nsbench.runs.preparation import settled
    from nsbench.runs.request import RunRequest
    from nsbench.terms import RunKind
    from nsbench.trained.keeper import HomeModelKeeper
    from nsbench.training.checkpoint.expiry import remove_abandoned
    from nsbench.training.checkpoint.training_checkpoint import Checkpoints
    from nsbench.training.distributed.torch_group import torchrun_group

    home = current_home()
    remove_abandoned(home.checkpoints)
    file = f"{settings.method.name}-{settings.fingerprint()}-seed{seed}.safetensors"
    path = checkpoint or home.checkpoints / dataset / file
    check_place("the checkpoint", path)
    with torchrun_group() as group:
        data = open_together(dataset, home, group)
        checkpoints = Checkpoints(checkpoint_root(home, group), fresh=fresh)
        if group.rank > 0:
            follow(settings, data, seed, checkpoints)
            return None
        settings = settled(settings, data)
        say_undecided(data, settings.evaluation)
        objective = default_objective(settings.evaluation.cutoffs)
        request = RunRequest(
            RunKind.SINGLE, seed, tags=_tags(group), checkpoint=path, objective=objective, keep_model=keep_models
        )
        with _tracker(home, data.card.name, track=track) as tracker:
            with (
                _advice_when_interrupted(),
                Interruption() as interruption,
                ProgressObserver(settings.training.max_epochs, request.objective, interruption) as observer,
            ):
                record = run(settings, data, tracker, request, observer, checkpoints, HomeModelKeeper(home))
            _show(record, path)
        return record_document(record, path)


def _tags(group: "ProcessGroup") -> dict[str, str]:
    from nsbench.study.workers.process_id import OWNER, this_process

    return {OWNER: this_process(), PROCESSES: str(group.size)}


@contextmanager
def _tracker(home: Home, dataset: str, *, track: bool) -> "Iterator[Tracker]":
    """The home's tracker, with what killed commands left behind put right; or one that records nothing.

    What waits for a store that was out meanwhile is sent at the end.
    """
    from nsbench.terms import RunKind
    from nsbench.tracking.tracker import NullTracker

    if not track:
        yield NullTracker()
        return
    from nsbench.study.trials.orphaned_run import close_lost_runs
    from nsbench.tracking.store import open_store

    tracker = open_store(home).tracker()
    close_lost_runs(home, tracker, dataset, (RunKind.SINGLE,))
    yield tracker
    tracker.send_waiting(SEND_WAIT_S)


@contextmanager
def _advice_when_interrupted() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        Console(stderr=True).print("The same command goes on from the last checkpoint; with --fresh it starts over.")
        raise


def _show(record: "RunRecord", checkpoint: Path) -> None:
    from rich.table import Table

    from nsbench.evaluation.metrics import METRICS
    from nsbench.terms import CUT_OFF, GROUPS, metric_name, more_epochs

    console = Console()
    titles = (f"{metric.in_sentence} at {SHOWN_CUTOFF}" for metric in METRICS.values())
    table = Table("test", *titles, "targets", title=f"best epoch {record.best_epoch}")
    for group in GROUPS:
        names = (metric_name("test", group, metric, SHOWN_CUTOFF) for metric in METRICS)
        values = [record.metrics.get(name, float("nan")) for name in names]
        n_targets = record.metrics.get(f"test/{group}/n_targets", 0)
        table.add_row(group, *(f"{value:.4f}" for value in values), f"{n_targets:,.0f}")
    console.print(table)
    cost = record.cost
    if record.metrics[CUT_OFF]:
        needed = more_epochs(cost.n_epochs, int(record.plan.params["validate_every"] or 0))
        console.print(
            f"cut off at epoch {cost.n_epochs}, before it stopped getting better; the same command with "
            f"--epochs {needed} goes on",
            style="yellow",
        )
    console.print(
        f"trained {cost.n_positives:,} positives in {cost.train_s:.1f} s ({cost.n_positives / max(cost.train_s, 1e-9):,.0f}/s), "
        f"evaluated in {cost.evaluate_s:.1f} s, peak {cost.peak_memory_bytes / 2**20:,.0f} MiB on {cost.device}"
    )
    console.print(f"checkpoint {checkpoint}", soft_wrap=True)
