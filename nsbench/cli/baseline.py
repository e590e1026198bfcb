"""`nsbench baseline`: the rankings that need no training."""

from typing import Annotated

import typer

from nsbench.cli.completion import complete_evaluation_setting
from nsbench.cli.data.dataset import DatasetOption
from nsbench.cli.output.json_output import JsonOption, JsonOutput, json_output
from nsbench.cli.program import program
from nsbench.files.home import current_home
from nsbench.view.console import Console


def baseline(
    dataset: DatasetOption = "demo",
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="An evaluation setting, as targets=last; may be given often.",
            autocompletion=complete_evaluation_setting,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Rank by popularity, by recent popularity and by a Markov chain; what is done is skipped."""
    with json_output(wanted=as_json) as output:
        _rank(dataset, assignments or [], output)


def _rank(dataset: str, assignments: list[str], output: JsonOutput) -> None:
    from nsbench.study.workers.process_pool import ProcessPool

    home = current_home()
    console = Console()
    with ProcessPool(1, home.root) as pool:
        from nsbench.cli.data.dataset import say_undecided
        from nsbench.cli.output.run_document import baselines_document
        from nsbench.cli.process.exit_code import EXIT_FAILED_RUNS
        from nsbench.config import parse_assignments
        from nsbench.data.opening import open_dataset
        from nsbench.runs.baseline import BASELINES
        from nsbench.study.repeat import baselines_of, evaluation_of, finished_baselines
        from nsbench.study.session import Session
        from nsbench.view.study_view import StudyView, say_start

        evaluation = evaluation_of(parse_assignments(assignments))
        data = open_dataset(dataset, home)
        say_undecided(data, evaluation)
        say_start(pool.n_workers)
        session = Session.open(home, pool)
        runs = baselines_of(list(BASELINES), data, evaluation, home)
        with StudyView() as view:
            session.run([runs], dataset, view)
    if output.is_wanted:
        labels = {name: found.label for name, found in BASELINES.items()}
        fit = [name for name, found in BASELINES.items() if found.fits(data)]
        finished = finished_baselines(fit, data, evaluation, home)
        output.document = baselines_document(dataset, labels, finished, runs.n_failed)
    if runs.n_failed:
        console.print(f"{runs.n_failed} baselines failed; the same command tries them again", highlight=False)
        raise typer.Exit(EXIT_FAILED_RUNS)
    console.print(f"next: {program()} report --dataset {dataset}", soft_wrap=True, highlight=False, markup=False)
