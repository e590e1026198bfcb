"""`nsbench repeat`: the best settings with many seeds."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from nsbench.cli.tune import SetOption, WorkersOption
from nsbench.home import Home, current_home

if TYPE_CHECKING:
    from nsbench.study.best import Best


def repeat(
    sampler: Annotated[list[str], typer.Option(help="Negative sampler; may be given often.")],
    dataset: Annotated[str, typer.Option(help="A prepared dataset, or `demo`.")] = "demo",
    repeats: Annotated[int, typer.Option(help="Seeds 0, 1, ...; those that are done are skipped.", min=1)] = 20,
    workers: WorkersOption = None,
    study: Annotated[
        str | None, typer.Option(help="The study whose best settings are taken. Default: DATASET/SAMPLER/default.")
    ] = None,
    defaults: Annotated[
        bool, typer.Option("--defaults", help="Take the default settings; no study is needed.")
    ] = False,
    assignments: SetOption = None,
) -> None:
    """Train the best settings with many seeds, and rank the test interactions."""
    from nsbench.study.pool import WorkerPool, default_workers

    home = current_home()
    console = Console()
    with WorkerPool(workers or default_workers(), home.root) as pool:
        from nsbench.cli.dataset import open_dataset
        from nsbench.cli.study_view import EXIT_FAILED_RUNS, StudyView
        from nsbench.config import Settings, parse_assignments
        from nsbench.study.repeat import repeats_of
        from nsbench.study.session import Session
        from nsbench.watcher import DEFAULT_OBJECTIVE

        values = parse_assignments(assignments or [])
        names = list(dict.fromkeys(sampler))
        for name in names:
            Settings.of(name, values)
        data = open_dataset(dataset, home)
        session = Session.open(home, pool)
        lists = []
        for name in names:
            if defaults:
                lists.append(repeats_of(Settings.of(name, values), data, repeats, None, home, DEFAULT_OBJECTIVE))
            else:
                best = _best(study, dataset, name, home)
                settings = best.settings.changed(values)
                lists.append(repeats_of(settings, data, repeats, best.study, home, best.objective))
        with StudyView() as view:
            session.run(lists, dataset, view)
    n_failed = sum(runs.failures.n_failed for runs in lists)
    if n_failed:
        console.print(f"{n_failed} runs failed; the same command tries them again", highlight=False)
        raise typer.Exit(EXIT_FAILED_RUNS)
    console.print(f"next: nsbench report --dataset {dataset}", soft_wrap=True, highlight=False)


def _best(study: str | None, dataset: str, sampler: str, home: Home) -> "Best":
    from nsbench.study.best import best_of
    from nsbench.study.plan import study_name

    return best_of(study or study_name(dataset, sampler), dataset, sampler, home)
