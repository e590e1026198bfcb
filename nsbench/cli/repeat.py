"""`nsbench repeat`: the best settings with many seeds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from nsbench.cli.completion import complete_setting, complete_study
from nsbench.cli.data.dataset import DatasetOption
from nsbench.cli.method_option import LossOption, ModelOption, SamplersOption, chosen_methods
from nsbench.cli.models.option import KeepModelsOption
from nsbench.cli.output.console import Console
from nsbench.cli.output.json_output import JsonOption, JsonOutput, json_output
from nsbench.cli.output.study_view import EXIT_FAILED_RUNS
from nsbench.cli.process.worker_pool import (
    AddressOption,
    CpusOption,
    EngineOption,
    GpusOption,
    ReplicasOption,
    pool_of,
    replicas_of,
)
from nsbench.cli.program import program
from nsbench.cli.tune import EpochsOption, SetOption, WorkersOption, budget_values
from nsbench.errors import SettingsError
from nsbench.files.home import Home, current_home

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nsbench.config import Settings, Value
    from nsbench.data.dataset import Dataset
    from nsbench.study.best_trial import Best
    from nsbench.study.run_list import RunList
    from nsbench.study.workers.process_pool import ProcessPool
    from nsbench.study.workers.ray_pool import RayPool
    from nsbench.terms import KeepModels


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
    _check_study(study, list(dict.fromkeys(sampler)), defaults=defaults)
    with json_output(wanted=as_json) as output:
        with pool_of(engine, address, workers, cpus, gpus) as pool:
            from nsbench.config import Settings, parse_assignments
            from nsbench.study.sweep import parse_sweeps, swept

            names, assigned = chosen_methods(sampler, loss, model, parse_assignments(assignments or []))
            values = {**assigned, **budget_values(epochs)}
            sweeps = parse_sweeps(sweep or [])
            for name in names:
                swept(Settings.of(name, values if defaults else {}), sweeps)
            choice = Choice(study, defaults, values, sweeps, repeats, replicas_of(engine, gpus, replicas), keep_models)
            n_failed = _work(names, dataset, choice, pool, output)
        console = Console()
        if n_failed:
            console.print(f"{n_failed} runs failed; the same command tries them again", highlight=False)
            raise typer.Exit(EXIT_FAILED_RUNS)
        console.print(f"next: {program()} report --dataset {dataset}", soft_wrap=True, highlight=False)


def _check_study(study: str | None, names: "Sequence[str]", *, defaults: bool) -> None:
    """Refuses a study where it can't be meant.

    Raises:
        SettingsError: It would serve several samplers, or the default settings are to be taken.
    """
    if study is None:
        return
    if defaults:
        raise SettingsError(f"--study {study} and --defaults name two sources of the settings; leave one of them out")
    if len(names) > 1:
        raise SettingsError(
            f"--study {study} names one study, which is of one sampler, but there are {len(names)} samplers "
            f"({', '.join(names)}); leave it out, or repeat one sampler at a time"
        )


@dataclass(frozen=True)
class Choice:
    """What is repeated, how often and how.

    Attributes:
        study: The study whose best settings are taken; None: the one of the default name.
        defaults: Whether the default settings are taken instead.
        values: What is changed of the settings.
        sweeps: The values of the settings that are swept.
        n_repeats: How many seeds.
        n_replicas: Seeds that a worker trains side by side, at most.
        keep_models: Whose models are kept.
    """

    study: str | None
    defaults: bool
    values: "Mapping[str, Value]"
    sweeps: "Mapping[str, Sequence[Value]]"
    n_repeats: int
    n_replicas: int
    keep_models: "KeepModels"


def _work(names: list[str], dataset: str, choice: Choice, pool: "ProcessPool | RayPool", output: JsonOutput) -> int:
    """Makes the repeats that are missing, and gives the number of failed ones."""
    from nsbench.cli.data.dataset import open_dataset, say_undecided
    from nsbench.cli.output.study_view import StudyView, say_cut_off, say_start
    from nsbench.config import Settings
    from nsbench.objective import check_objective
    from nsbench.study.best_trial import best_for
    from nsbench.study.repeat import RepeatOrder
    from nsbench.study.search.plan import study_name
    from nsbench.study.session import Session
    from nsbench.study.sweep import swept

    home = current_home()
    data = open_dataset(dataset, home)
    say_start(pool.n_workers)
    session = Session.open(home, pool)
    lists, chosen = [], []
    for name in names:
        if choice.defaults:
            settings = Settings.of(name, choice.values)
            order = RepeatOrder(choice.n_repeats, n_replicas=choice.n_replicas, keep_models=choice.keep_models)
        else:
            best = best_for(choice.study or study_name(dataset, name), data.card, name, home)
            # Trials may have been cut short; repeats are trained out unless the command says otherwise.
            settings = best.settings.changed({"max_epochs": 0, **choice.values})
            check_objective(best.objective, settings.evaluation.cutoffs)
            _say_protocol(best, settings, data)
            order = RepeatOrder(choice.n_repeats, best.study, best.objective, choice.n_replicas, choice.keep_models)
        for one in swept(settings, choice.sweeps):
            lists.append(session.repeats(one, order, data))
            chosen.append(one)
    say_undecided(data, chosen[0].evaluation)
    with StudyView() as view:
        session.run(lists, dataset, view)
    say_cut_off(lists, Console())
    if output.is_wanted:
        methods = [_method(settings, runs, data, home) for settings, runs in zip(chosen, lists, strict=True)]
        output.document = {"dataset": dataset, "methods": methods}
    return sum(runs.n_failed for runs in lists)


def _method(settings: "Settings", runs: "RunList", dataset: "Dataset", home: Home) -> dict[str, object]:
    """What is recorded of the repeats of some settings."""
    from nsbench.cli.output.run_document import method_document
    from nsbench.runs.preparation import settled
    from nsbench.study.method import Method, finished_repeats

    repeats = finished_repeats(Method.of(settings, dataset), home)
    return method_document(settings.method.name, settled(settings, dataset).flat(), repeats, runs.n_failed)


def _say_protocol(best: "Best", settings: "Settings", dataset: "Dataset") -> None:
    """Says where the repeats are evaluated otherwise than the trials by which their settings were chosen."""
    from nsbench.runs.plan import protocol_of

    tuned, wanted = protocol_of(best.settings.evaluation, dataset), protocol_of(settings.evaluation, dataset)
    if tuned != wanted:
        Console().print(
            f"{best.study} was tuned under the protocol {tuned}; these repeats are evaluated under {wanted}",
            soft_wrap=True,
            highlight=False,
            markup=False,
        )
