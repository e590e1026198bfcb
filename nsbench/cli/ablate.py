"""`nsbench ablate`: from the paper's published protocol to a sound one, one rung at a time."""

from typing import TYPE_CHECKING, Annotated

import typer

from nsbench.cli.data.dataset import DatasetOption
from nsbench.cli.method_option import LossOption, ModelOption, SamplersOption
from nsbench.cli.output.json_output import JsonOption, JsonOutput, json_output
from nsbench.cli.process.exit_code import EXIT_FAILED_RUNS
from nsbench.cli.process.worker_pool import AddressOption, CpusOption, EngineOption, GpusOption
from nsbench.cli.program import program
from nsbench.cli.tune import WorkersOption
from nsbench.command.method_choice import budget_values, chosen_methods
from nsbench.command.worker_pool import pool_of
from nsbench.files.home import current_home
from nsbench.view.console import Console

if TYPE_CHECKING:
    from nsbench.study.ablation.ladder_runs import LadderOrder, Ladders
    from nsbench.study.workers.process_pool import ProcessPool
    from nsbench.study.workers.ray_pool import RayPool


def ablate(  # noqa: PLR0913, PLR0917 - Typer takes options as arguments.
    sampler: SamplersOption,
    loss: LossOption = None,
    model: ModelOption = None,
    dataset: DatasetOption = "demo",
    repeats: Annotated[int, typer.Option(help="How many seeds; those that are done are skipped.", min=1)] = 5,
    first_seed: Annotated[
        int, typer.Option(help="The first of these seeds: another machine on the same store may make others.", min=0)
    ] = 0,
    epochs: Annotated[
        int | None,
        typer.Option(
            help="Epochs of a run at every rung, at most. Default: 200 as the published code, and by the log's size from the "
            "rung of early stopping on. Another number is another ladder.",
            min=1,
        ),
    ] = None,
    workers: WorkersOption = None,
    engine: EngineOption = "processes",
    address: AddressOption = None,
    cpus: CpusOption = 1.0,
    gpus: GpusOption = 0.0,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting that is held at every rung, as hidden_dim=16; may be given often."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Climb from the paper's published code to the sound defaults, one rung at a time; the same command goes on where it stopped.

    A rung that changes nothing of the training ranks the model of the rung below it again.
    """
    with json_output(wanted=as_json) as output:
        with pool_of(engine, address, workers, cpus, gpus, current_home()) as pool:
            from nsbench.command.ablate import check_ladders
            from nsbench.config import parse_assignments
            from nsbench.study.ablation.ladder_runs import LadderOrder

            names, assigned = chosen_methods(sampler, loss, model, parse_assignments(assignments or []))
            values = {**assigned, **budget_values(epochs)}
            check_ladders(names, values)
            n_failed = _work(
                LadderOrder(tuple(names), values, repeats, first_seed),
                dataset,
                pool,
                output,
                is_local=engine == "processes",
            )
        console = Console()
        if n_failed:
            console.print(f"{n_failed} runs failed; the same command tries them again", highlight=False)
            raise typer.Exit(EXIT_FAILED_RUNS)
        console.print(f"next: {program()} report --dataset {dataset}", soft_wrap=True, highlight=False)


def _work(
    order: "LadderOrder", dataset: str, pool: "ProcessPool | RayPool", output: JsonOutput, *, is_local: bool
) -> int:
    """Makes the runs that are missing, and gives the number of failed ones."""
    from nsbench.cli.output.ladder_document import ladder_document
    from nsbench.command.ablate import notices, plan_text
    from nsbench.data.opening import open_dataset
    from nsbench.study.ablation.ladder_runs import Ladders
    from nsbench.study.session import Session
    from nsbench.view.study_view import StudyView, say_start

    home, console = current_home(), Console()
    data = open_dataset(dataset, home)
    ladders = Ladders(order, data, home)
    say_start(pool.n_workers)
    session = Session.open(home, pool)
    runs = session.ladder_runs(ladders)
    for notice in notices(ladders, data):
        console.print(notice, style="yellow", soft_wrap=True, highlight=False, markup=False)
    console.print(plan_text(ladders), soft_wrap=True, highlight=False, markup=False)
    if is_local and ladders.n_trainings:
        _say_predicted(ladders, dataset, pool.n_workers)
    with StudyView() as view:
        session.run([runs], dataset, view)
    if output.is_wanted:
        output.document = ladder_document(dataset, ladders.name, ladders.finished(), runs.n_failed)
    return runs.n_failed


def _say_predicted(ladders: "Ladders", dataset: str, n_workers: int) -> None:
    """Says how long the missing runs take on this machine, which it measures."""
    from nsbench.cli.plan.command import dimly, say_time
    from nsbench.forecast.announce import RUNG_SECONDS
    from nsbench.forecast.dataset_shape import shape_of
    from nsbench.forecast.ladder import predict_ladder
    from nsbench.forecast.measurement import LocalRates

    home, console = current_home(), Console()
    dimly(console)("measuring this machine to say how long it will take")
    source = LocalRates(home, n_workers, RUNG_SECONDS)
    took = predict_ladder(ladders.jobs, shape_of(dataset, home), source, n_workers)
    most = "" if took.most_s == took.likely_s else f" (at most {say_time(took.most_s)})"
    console.print(f"predicted: about {say_time(took.likely_s)}{most}", soft_wrap=True, highlight=False)
