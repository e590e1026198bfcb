"""`nsbench repeat`: the best settings with many seeds."""

from typing import TYPE_CHECKING, Annotated

import typer

from nsbench.cli.completion import complete_setting, complete_study
from nsbench.cli.data.dataset import DatasetOption
from nsbench.cli.method_option import LossOption, ModelOption, SamplersOption
from nsbench.cli.models.option import KeepModelsOption
from nsbench.cli.output.json_output import JsonOption, JsonOutput, json_output
from nsbench.cli.process.exit_code import EXIT_FAILED_RUNS
from nsbench.cli.process.worker_pool import (
    AddressOption,
    CpusOption,
    EngineOption,
    GpusOption,
    ReplicasOption,
)
from nsbench.cli.program import program
from nsbench.cli.tune import EpochsOption, SetOption, WorkersOption
from nsbench.command.method_choice import budget_values, chosen_methods
from nsbench.command.worker_pool import pool_of, replicas_of
from nsbench.files.home import Home, current_home
from nsbench.view.console import Console

if TYPE_CHECKING:
    from nsbench.command.repeat import RepeatChoice
    from nsbench.config import Settings
    from nsbench.data.dataset import Dataset
    from nsbench.study.run_list import RunList
    from nsbench.study.workers.process_pool import ProcessPool
    from nsbench.study.workers.ray_pool import RayPool


def repeat(  # noqa: PLR0913, PLR0917 - Typer takes options as arguments.
    sampler: SamplersOption,
    loss: LossOption = None,
    model: ModelOption = None,
    dataset: DatasetOption = "demo",
    repeats: Annotated[int, typer.Option(help="Seeds 0, 1, ...; those that are done are skipped.", min=1)] = 20,
    epochs: EpochsOption = None,
    workers: WorkersOption = None,
    replicas: ReplicasOption = None,
    engine: EngineOption = "processes",
    address: AddressOption = None,
    cpus: CpusOption = 1.0,
    gpus: GpusOption = 0.0,
    study: Annotated[
        str | None,
        typer.Option(
            help="The study whose best settings are taken. Default: DATASET/SAMPLER/default.",
            autocompletion=complete_study,
        ),
    ] = None,
    defaults: Annotated[
        bool, typer.Option("--defaults", help="Take the default settings; no study is needed.")
    ] = False,
    assignments: SetOption = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            help="A setting with several values, as n_negatives=10,100,1000: each is a method of its own. Of two "
            "such options every combination is repeated.",
            autocompletion=complete_setting,
        ),
    ] = None,
    keep_models: KeepModelsOption = "best",
    as_json: JsonOption = False,
) -> None:
    """Train the best settings with many seeds, and rank the test interactions."""
    with json_output(wanted=as_json) as output:
        with pool_of(engine, address, workers, cpus, gpus, current_home()) as pool:
            from nsbench.command.repeat import RepeatChoice, check_choice
            from nsbench.config import parse_assignments
            from nsbench.study.sweep import parse_sweeps

            names, assigned = chosen_methods(sampler, loss, model, parse_assignments(assignments or []))
            values = {**assigned, **budget_values(epochs)}
            sweeps = parse_sweeps(sweep or [])
            choice = RepeatChoice(
                study, defaults, values, sweeps, repeats, replicas_of(engine, gpus, replicas), keep_models
            )
            check_choice(names, choice)
            n_failed = _work(names, dataset, choice, pool, output)
        console = Console()
        if n_failed:
            console.print(f"{n_failed} runs failed; the same command tries them again", highlight=False)
            raise typer.Exit(EXIT_FAILED_RUNS)
        console.print(f"next: {program()} report --dataset {dataset}", soft_wrap=True, highlight=False)


def _work(
    names: list[str], dataset: str, choice: "RepeatChoice", pool: "ProcessPool | RayPool", output: JsonOutput
) -> int:
    """Makes the repeats that are missing, and gives the number of failed ones."""
    from nsbench.cli.data.dataset import say_undecided
    from nsbench.command.repeat import chosen_repeats
    from nsbench.data.opening import open_dataset
    from nsbench.study.session import Session
    from nsbench.view.study_view import StudyView, say_cut_off, say_start

    home, console = current_home(), Console()
    data = open_dataset(dataset, home)
    say_start(pool.n_workers)
    session = Session.open(home, pool)
    chosen = chosen_repeats(names, data, choice, session)
    for each in chosen:
        if each.note:
            console.print(each.note, soft_wrap=True, highlight=False, markup=False)
    say_undecided(data, chosen[0].settings.evaluation)
    lists = [each.runs for each in chosen]
    with StudyView() as view:
        session.run(lists, dataset, view)
    say_cut_off(lists, console)
    if output.is_wanted:
        methods = [_method(each.settings, each.runs, data, home) for each in chosen]
        output.document = {"dataset": dataset, "methods": methods}
    return sum(runs.n_failed for runs in lists)


def _method(settings: "Settings", runs: "RunList", dataset: "Dataset", home: Home) -> dict[str, object]:
    """What is recorded of the repeats of some settings."""
    from nsbench.cli.output.run_document import method_document
    from nsbench.runs.preparation import settled
    from nsbench.study.method import Method, finished_repeats

    repeats = finished_repeats(Method.of(settings, dataset), home)
    return method_document(settings.method.name, settled(settings, dataset).flat(), repeats, runs.n_failed)
