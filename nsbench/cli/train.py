"""`nsbench train`: one run, shown while it goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nsbench.cli.completion import complete_model_reference, complete_setting
from nsbench.cli.data.dataset import DatasetOption
from nsbench.cli.method_option import LossOption, ModelOption, OptionalSamplerOption
from nsbench.cli.models.option import KeepModelsOption
from nsbench.cli.output.json_output import JsonOption, json_output
from nsbench.cli.output.run_document import record_document
from nsbench.cli.process.distributed import checkpoint_root, follow, open_together
from nsbench.cli.program import program
from nsbench.cli.tune import EpochsOption
from nsbench.command.method_choice import chosen_methods
from nsbench.errors import SettingsError
from nsbench.files.home import current_home
from nsbench.view.console import Console
from nsbench.view.interruption import Interruption

if TYPE_CHECKING:
    from nsbench.command.train import TrainOrder
    from nsbench.config import Settings
    from nsbench.runs.observer import Observer
    from nsbench.tracking.record import RunRecord


def train(  # noqa: PLR0913, PLR0917 - Typer takes options as arguments.
    sampler: OptionalSamplerOption = None,
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
    from_model: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="MODEL",
            autocompletion=complete_model_reference,
            help="Go on from a trained model, with its settings but for what is given; items are found by their ids, and new "
            "ones begin with fresh vectors.",
        ),
    ] = None,
    all_data: Annotated[
        bool,
        typer.Option(
            "--all-data",
            help="A last fit on training, validation and test, with the settings and the best epoch of the method's kept model; "
            "no metric is claimed.",
        ),
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over, not where an interrupted run stopped.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train one model, keep its best epoch, and rank the test interactions.

    A run that was interrupted or killed goes on when the same command is given again. Started by torchrun, as in
    `torchrun --nproc-per-node 2 -m nsbench.cli.main train ...`, the processes train one model together.
    """
    import torch

    from nsbench.command.train import TrainOrder
    from nsbench.command.train_start import Given, begin
    from nsbench.config import parse_assignments

    torch.set_num_threads(1)
    method, assigned = None, parse_assignments(assignments or [])
    if sampler is not None:
        (method,), assigned = chosen_methods([sampler], loss, model, assigned)
    elif loss is not None or model is not None:
        raise SettingsError("--loss and --model choose parts of a method; name its sampler with --sampler")
    with json_output(wanted=as_json) as output:
        order = TrainOrder(dataset, seed, checkpoint, is_tracked=track, is_fresh=fresh, keep_models=keep_models)
        given = Given(method, assigned, config, epochs)
        output.document = _trained(*begin(given, order, from_model, current_home(), is_final=all_data))


def _trained(settings: "Settings", order: "TrainOrder") -> dict[str, object] | None:
    """Trains, shows what came out, and gives it as a document; None in all processes but the first."""
    from nsbench.cli.data.dataset import say_undecided
    from nsbench.command.train import checkpoint_of, train_once
    from nsbench.training.checkpoint.training_checkpoint import Checkpoints
    from nsbench.training.distributed.torch_group import torchrun_group

    home = current_home()
    path = checkpoint_of(settings, order, home)
    with torchrun_group() as group:
        if group.size > 1 and order.variant:
            raise SettingsError("--from and --all-data train in one process; start the command without torchrun")
        data = open_together(order.dataset, home, group)
        checkpoints = Checkpoints(checkpoint_root(home, group), fresh=order.is_fresh)
        if group.rank > 0:
            follow(settings, data, order.seed, checkpoints)
            return None
        say_undecided(data, settings.evaluation)
        record = train_once(settings, data, order, home, path, _observing, checkpoints, group.size)
        if order.is_final:
            _show_final(record, path)
        else:
            _show(record, path)
        return record_document(record, path)


@contextmanager
def _observing(n_epochs: int, objective: str) -> "Iterator[Observer]":
    from nsbench.view.run_observer import ProgressObserver

    with (
        _advice_when_interrupted(),
        Interruption() as interruption,
        ProgressObserver(n_epochs, objective, interruption) as observer,
    ):
        yield observer


@contextmanager
def _advice_when_interrupted() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        Console(stderr=True).print("The same command goes on from the last checkpoint; with --fresh it starts over.")
        raise


def _show_final(record: "RunRecord", checkpoint: Path) -> None:
    """Says what was trained; there is nothing to judge it by."""
    console, cost = Console(), record.cost
    console.print(
        f"trained on all of {record.plan.dataset} for {cost.n_epochs} epochs in {cost.train_s:.1f} s; no metric is claimed: "
        "everything was training"
    )
    if record.model is not None:
        console.print(f"the model: {program()} models show {record.run_id}", soft_wrap=True, highlight=False)
    console.print(f"checkpoint {checkpoint}", soft_wrap=True)


def _show(record: "RunRecord", checkpoint: Path) -> None:
    from nsbench.terms import CUT_OFF, more_epochs
    from nsbench.view.metrics_table import show_metrics

    console = Console()
    show_metrics(record, f"best epoch {record.best_epoch}", console)
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
