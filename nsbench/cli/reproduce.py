"""`nsbench reproduce`: a whole comparison from a profile, skipping what is done."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from nsbench.cli.completion import complete_profile
from nsbench.cli.models.option import KeepModelsOption
from nsbench.cli.plan.command import say_predicted
from nsbench.cli.process.exit_code import EXIT_FAILED_RUNS
from nsbench.cli.process.worker_pool import ReplicasOption
from nsbench.cli.program import program
from nsbench.cli.tune import WorkersOption
from nsbench.command.worker_pool import replicas_of
from nsbench.files.home import Home, current_home
from nsbench.view.console import Console
from nsbench.view.study_view import say_start

if TYPE_CHECKING:
    from nsbench.data.dataset import Dataset
    from nsbench.study.profile import Profile, ProfileDataset
    from nsbench.study.session import Session
    from nsbench.terms import KeepModels


def reproduce(
    profile: Annotated[
        str,
        typer.Argument(
            help="demo, bias, losses, paper, or the path of a YAML file of your own.", autocompletion=complete_profile
        ),
    ],
    workers: WorkersOption = None,
    replicas: ReplicasOption = None,
    keep_models: KeepModelsOption = "best",
) -> None:
    """Prepare, tune, repeat and report as a profile says; the same command goes on where it stopped."""
    from nsbench.forecast.rate import Parallelism
    from nsbench.study.workers.process_pool import ProcessPool, default_workers

    home, console, began = current_home(), Console(), time.monotonic()
    n_workers = workers or default_workers()
    n_replicas = replicas_of("processes", 0.0, replicas)
    say_predicted(profile, Parallelism(n_workers, n_replicas), home, console)
    with ProcessPool(n_workers, home.root) as pool:
        from nsbench.cli.report import report
        from nsbench.study.profile import load_profile, profile_name
        from nsbench.study.session import Session

        plan = load_profile(profile)
        _announce(plan, n_workers, home, console)
        say_start(n_workers)
        session = Session.open(home, pool)
        n_failed = 0
        for entry in plan.datasets:
            dataset = _prepared(entry.name, home, console)
            n_failed += _compare(plan, profile_name(profile), entry, dataset, session, n_replicas, keep_models)
            _say_how_near(dataset, home, console)
    report(dataset=[entry.name for entry in plan.datasets])
    if n_failed:
        console.print(f"{n_failed} runs failed; the same command tries them again", highlight=False)
        raise typer.Exit(EXIT_FAILED_RUNS)
    console.print(f"\ndone in {time.monotonic() - began:.0f} s; to look at every run: {program()} ui", highlight=False)


def _announce(plan: "Profile", n_workers: int, home: Home, console: Console) -> None:
    """Says what will be done before anything is."""
    n_methods, n_datasets = len(plan.samplers), len(plan.datasets)
    n_trials, n_repeats = plan.tune.trials * n_methods * n_datasets, plan.repeat.repeats * n_methods * n_datasets
    most = "" if plan.tune.epochs is None else f", at most {plan.tune.epochs} epochs"
    console.print(plan.description, soft_wrap=True, highlight=False, markup=False)
    lines = (
        f"datasets: {', '.join(entry.name for entry in plan.datasets)}",
        f"methods: {len(plan.baselines)} baselines; {', '.join(plan.samplers)}",
        f"runs: {n_trials} trials ({plan.tune.trials} per sampler{most}), {n_repeats} repeats "
        f"({plan.repeat.repeats} seeds per sampler)",
        f"at once: {n_workers}; home: {home.root.absolute()}",
        "what is done already is skipped",
    )
    for line in lines:
        console.print(f"  {line}", soft_wrap=True, highlight=False, markup=False)


def _prepared(name: str, home: Home, console: Console) -> "Dataset":
    """The dataset; a built-in one is made, a public one fetched."""
    from nsbench.cli.data.fetch import fetch
    from nsbench.data.opening import open_dataset
    from nsbench.data.public.public_log import PUBLIC_LOGS
    from nsbench.data.store import dataset_exists

    if name in PUBLIC_LOGS and not dataset_exists(name, home):
        fetch(name, from_file=None, prepare=True)
    dataset = open_dataset(name, home)
    card = dataset.card
    console.print(
        f"\n{name}: {card.n_users:,} users, {card.n_items:,} items, {card.n_interactions:,} interactions",
        highlight=False,
    )
    return dataset


def _compare(
    plan: "Profile",
    name: str,
    entry: "ProfileDataset",
    dataset: "Dataset",
    session: "Session",
    n_replicas: int,
    keep_models: "KeepModels",
) -> int:
    """Baselines and studies side by side, then the repeats; gives the number of failed runs."""
    from nsbench.study.comparison import baselines, repeats, studies
    from nsbench.view.study_view import StudyView, say_cut_off

    rankings = baselines(plan, entry, dataset, session.home)
    searches = studies(plan, name, entry, dataset, session, n_replicas, keep_models)
    with StudyView() as view:
        session.run([rankings, *searches], entry.name, view)
    say_cut_off(searches, Console(), "the same command with `epochs: {}` in the profile's part `tune`")
    lists = repeats(plan, name, entry, dataset, session, n_replicas, keep_models)
    with StudyView() as view:
        session.run(lists, entry.name, view)
    say_cut_off(lists, Console(), "the same command with `epochs: {}` in the profile's part `repeat`")
    return sum(runs.n_failed for runs in (rankings, *lists))


def _say_how_near(dataset: "Dataset", home: Home, console: Console) -> None:
    """Where the best reachable hit rate is known, says how much of it the best method reached."""
    from nsbench.study.comparison import best_mean
    from nsbench.terms import ALL, metric_name

    reachable = dataset.card.best_reachable
    if reachable is None:
        return
    metric = metric_name("test", ALL, "hit_rate", reachable.k)
    label, reached = best_mean(dataset, metric, home)
    most = reachable.hit_rate[ALL]
    console.print(
        f"\n{dataset.card.name}: {label} reaches a hit rate of {reached:.3f} at {reachable.k}, {reached / most:.0%} of "
        f"the best reachable {most:.3f}",
        highlight=False,
    )
