"""`nsbench tune`: a study of a sampler's settings."""

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from nsbench.cli.completion import complete_setting
from nsbench.cli.data.dataset import DatasetOption
from nsbench.cli.method_option import LossOption, ModelOption, SamplersOption
from nsbench.cli.models.option import KeepModelsOption
from nsbench.cli.output.json_output import JsonOption, JsonOutput, json_output
from nsbench.cli.process.worker_pool import (
    AddressOption,
    CpusOption,
    EngineOption,
    GpusOption,
    ReplicasOption,
)
from nsbench.cli.program import program
from nsbench.command.method_choice import budget_values, chosen_methods
from nsbench.command.worker_pool import pool_of, replicas_of
from nsbench.files.home import Home, current_home
from nsbench.view.console import Console

if TYPE_CHECKING:
    from nsbench.study.session import StudyOrder
    from nsbench.study.trials.tuning import Tuning
    from nsbench.study.workers.process_pool import ProcessPool
    from nsbench.study.workers.ray_pool import RayPool

WorkersOption = Annotated[
    int | None, typer.Option(help="Runs at once, one process each. Default: the number of cores.", min=1)
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="A setting, as n_uniform=50; it is not searched then. May be given often.",
        autocompletion=complete_setting,
    ),
]

EpochsOption = Annotated[
    int | None,
    typer.Option(
        help="Epochs of a run, at most; most stop early. Default: by the log's size, so that few runs reach it. Runs that were "
        "cut off go on when more are given.",
        min=1,
    ),
]


def tune(  # noqa: PLR0913, PLR0917 - Typer takes options as arguments.
    sampler: SamplersOption,
    loss: LossOption = None,
    model: ModelOption = None,
    dataset: DatasetOption = "demo",
    trials: Annotated[
        int, typer.Option(help="Finished trials in the end, pruned and earlier ones counted.", min=1)
    ] = 20,
    confirm: Annotated[
        int | None,
        typer.Option(
            help="Best points that are trained with 3 seeds each before one is called best. Default: 3, from 10 trials on.",
            min=0,
        ),
    ] = None,
    epochs: EpochsOption = None,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds after which no trial begins; running ones end.", min=0)
    ] = None,
    workers: WorkersOption = None,
    replicas: ReplicasOption = None,
    engine: EngineOption = "processes",
    address: AddressOption = None,
    cpus: CpusOption = 1.0,
    gpus: GpusOption = 0.0,
    study: Annotated[str | None, typer.Option(help="The study's name. Default: DATASET/SAMPLER/CONFIG.")] = None,
    config: Annotated[
        str | None, typer.Option(help="What is searched: a name in configs/studies, or the path of a YAML file.")
    ] = None,
    assignments: SetOption = None,
    objective: Annotated[
        str | None,
        typer.Option(help="Metric to maximise. Default: valid/all/hit_rate_at_10, or the cut-off nearest to 10."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Root of all randomness.", min=0)] = 0,
    keep_models: KeepModelsOption = "best",
    as_json: JsonOption = False,
) -> None:
    """Search the best settings; the same command goes on where it stopped."""
    with (
        json_output(wanted=as_json) as output,
        pool_of(engine, address, workers, cpus, gpus, current_home()) as pool,
    ):
        from nsbench.command.tune import TuneChoice, study_orders
        from nsbench.config import parse_assignments

        names, values = chosen_methods(sampler, loss, model, parse_assignments(assignments or []))
        choice = TuneChoice(
            values={**values, **budget_values(epochs)},
            n_trials=trials,
            n_confirmed=confirm,
            timeout_s=timeout,
            study=study,
            config=config,
            objective=objective,
            seed=seed,
            n_replicas=replicas_of(engine, gpus, replicas),
            keep_models=keep_models,
        )
        orders = study_orders(names, choice)
        if engine == "processes":
            _say_predicted(orders, dataset, config, pool.n_workers)
        _work(orders, dataset, pool, output)


def _say_predicted(orders: "list[StudyOrder]", dataset: str, config: str | None, n_workers: int) -> None:
    """Says how long the trials take on this machine, if none is done yet."""
    from nsbench.cli.plan.command import dimly, say_seconds
    from nsbench.data.opening import open_dataset
    from nsbench.forecast.announce import TRIALS, announce
    from nsbench.forecast.rate import Parallelism
    from nsbench.study.profile import study_profile

    home, console = current_home(), Console()
    open_dataset(dataset, home)
    first = orders[0]
    profile = study_profile(
        dataset, [order.sampler for order in orders], first.values, config, first.n_trials, first.n_confirmed
    )
    parallelism = Parallelism(n_workers, first.n_replicas)
    prediction = announce(profile, f"tune-{dataset}", parallelism, home, dimly(console), TRIALS)
    console.print(f"predicted, if nothing is done yet: {say_seconds(prediction)}", soft_wrap=True, highlight=False)


def _work(orders: "list[StudyOrder]", dataset: str, pool: "ProcessPool | RayPool", output: JsonOutput) -> None:
    """Works on the studies and says what they found."""
    from nsbench.cli.data.dataset import say_undecided
    from nsbench.data.opening import open_dataset
    from nsbench.study.session import Session
    from nsbench.view.study_view import StudyView, say_cut_off, say_start

    home, console = current_home(), Console()
    data = open_dataset(dataset, home)
    say_start(pool.n_workers)
    session = Session.open(home, pool)
    tunings = [session.tuning(order, data) for order in orders]
    say_undecided(data, tunings[0].plan.settings({}).evaluation)
    with StudyView() as view:
        session.run(tunings, dataset, view)
    say_cut_off(tunings, console)
    for tuning in tunings:
        print_best(tuning.plan.name, dataset, tuning.plan.sampler, console)
    if output.is_wanted:
        output.document = {"dataset": dataset, "studies": [_study_document(tuning, home) for tuning in tunings]}


def _study_document(tuning: "Tuning", home: Home) -> dict[str, object]:
    """A study with how its trials ended, and the best of its points; None where no trial is complete."""
    from dataclasses import asdict

    from nsbench.errors import SettingsError
    from nsbench.study.best_trial import best_of
    from nsbench.study.study_summary import counts_of

    plan = tuning.plan
    known = {"name": plan.name, "sampler": plan.sampler, "objective": plan.objective, **asdict(counts_of(tuning))}
    try:
        best = best_of(plan.name, plan.dataset, plan.sampler, home)
    except SettingsError:
        return {**known, "best": None}
    point = {
        "value": best.value,
        "trial": best.trial,
        "n_trials": best.n_trials,
        "searched": best.searched,
        "settings": best.settings.flat(),
        "repeat_command": _repeat_command(plan.name, plan.dataset, plan.sampler),
    }
    return {**known, "best": point}


def print_best(study: str, dataset: str, sampler: str, console: Console) -> None:
    """Prints what a study found and what to do next."""
    from nsbench.errors import SettingsError
    from nsbench.study.best_trial import best_of

    try:
        best = best_of(study, dataset, sampler, current_home())
    except SettingsError as error:
        console.print(f"\n{study}: {error}", soft_wrap=True, markup=False)
        return
    mean = f", the mean of {best.n_trials} trials of its settings" if best.n_trials > 1 else ""
    console.print(f"\n{study}: best is trial {best.trial}, {best.objective} {best.value:.4f}{mean}", highlight=False)
    for name, value in best.searched.items():
        # In full, so that they can be typed back.
        console.print(f"  --set {name}={value}", highlight=False)
    console.print(f"next: {_repeat_command(study, dataset, sampler)}", soft_wrap=True, highlight=False)


def _repeat_command(study: str, dataset: str, sampler: str) -> str:
    """What trains the best settings of a study with many seeds, as a shell takes it."""
    from nsbench.study.search.plan import study_name

    words = ["repeat", "--sampler", sampler, "--dataset", dataset]
    words += [] if study == study_name(dataset, sampler) else ["--study", study]
    return f"{program()} {shlex.join(words)}"
