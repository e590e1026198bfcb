"""`nsbench worker`: joins a study from any machine that shares its storage and its tracking store."""

from typing import TYPE_CHECKING, Annotated

import typer

from nsbench.cli.completion import complete_study
from nsbench.cli.process.worker_pool import ReplicasOption
from nsbench.cli.program import program
from nsbench.cli.tune import WorkersOption, print_best
from nsbench.command.worker_pool import replicas_of
from nsbench.files.home import Home, current_home
from nsbench.view.console import Console

if TYPE_CHECKING:
    from nsbench.study.session import Session
    from nsbench.study.shared_study import JoinedStudy
    from nsbench.study.workers.process_pool import ProcessPool


def worker(
    study: Annotated[
        str, typer.Argument(help="The study's name, as DATASET/SAMPLER/CONFIG.", autocompletion=complete_study)
    ],
    workers: WorkersOption = None,
    replicas: ReplicasOption = None,
) -> None:
    """Join a study from any machine and work on it until it has all its trials, then on the repeats that were begun of it.

    Settings, space and number of trials come from the study. NSBENCH_STUDY_STORAGE and MLFLOW_TRACKING_URI must be those of
    the command that began it, and its dataset must be prepared here.
    """
    from nsbench.study.shared_study import join
    from nsbench.study.workers.process_pool import ProcessPool, default_workers

    home = current_home()
    joined = join(study, home)
    check_dataset(joined, home)
    check_tracking(joined, home)
    with ProcessPool(workers or default_workers(), home.root) as pool:
        _work(joined, replicas_of("processes", 0.0, replicas), home, pool)


def check_dataset(joined: "JoinedStudy", home: Home) -> None:
    """Checks that the study's dataset is prepared here, and that it is the same.

    Raises:
        DatasetError: It isn't; the message holds the command that prepares it.
    """
    from nsbench.cli.data.prepare_command import prepare_command
    from nsbench.data.store import dataset_exists, read_card
    from nsbench.data.synthetic.generate import ensure_builtin
    from nsbench.errors import DatasetError

    plan, made_from = joined.plan, joined.made_from
    ensure_builtin(plan.dataset, home)
    command = prepare_command(plan.dataset, made_from.origin, made_from.options)
    if not dataset_exists(plan.dataset, home):
        raise DatasetError(
            f"the study {plan.name!r} is of the dataset {plan.dataset!r} ({made_from.origin.text}, hash {plan.dataset_hash}), "
            f"which is not prepared under {home.datasets}; prepare it with: {command}"
        )
    found = read_card(plan.dataset, home).content_hash
    if found != plan.dataset_hash:
        raise DatasetError(
            f"the study {plan.name!r} is of a dataset {plan.dataset!r} with hash {plan.dataset_hash}; the one under "
            f"{home.datasets} has hash {found}; prepare the same one with: {command} --replace"
        )


def check_tracking(joined: "JoinedStudy", home: Home) -> None:
    """Checks that the runs of the study are recorded where this process would record its own.

    Raises:
        TrackingError: The store here doesn't know the study's latest run.
    """
    from nsbench.errors import TrackingError
    from nsbench.retry import OPENING_WAIT_S
    from nsbench.study.shared_study import last_run_of
    from nsbench.tracking.store import open_store
    from nsbench.tracking.store_uri import without_password

    store = open_store(home)
    store.create(OPENING_WAIT_S)
    run_id = last_run_of(joined.study)
    if run_id is not None and not store.tracker().has_run(run_id):
        raise TrackingError(
            f"the MLflow store {without_password(home.tracking_uri)} doesn't have run {run_id} of the study "
            f"{joined.plan.name!r}, so its runs would be scattered over two stores; set MLFLOW_TRACKING_URI as on the machine "
            "that began the study"
        )


def _work(joined: "JoinedStudy", n_replicas: int, home: Home, pool: "ProcessPool") -> None:
    from nsbench.study.session import Session
    from nsbench.view.study_view import StudyView, say_start

    plan = joined.plan
    say_start(pool.n_workers)
    session = Session.open(home, pool)
    tuning = session.joined(joined, n_replicas)
    with StudyView() as view:
        session.run([tuning], plan.dataset, view)
    print_best(plan.name, plan.dataset, plan.sampler, Console())
    _repeat(joined, n_replicas, session)


def _repeat(joined: "JoinedStudy", n_replicas: int, session: "Session") -> None:
    """Works on the repeats of the study's best settings that `nsbench repeat` commands have begun."""
    from nsbench.cli.process.exit_code import EXIT_FAILED_RUNS
    from nsbench.data.store import load_dataset
    from nsbench.study.repeat import RepeatOrder
    from nsbench.study.shared_study import announced_repeats
    from nsbench.view.study_view import StudyView

    plan = joined.plan
    announced = announced_repeats(joined.study)
    if not announced:
        return
    dataset = load_dataset(plan.dataset, session.home)
    lists = [
        session.repeats(settings, RepeatOrder(n_repeats, plan.name, plan.objective, n_replicas, keep), dataset)
        for settings, n_repeats, keep in announced
    ]
    with StudyView() as view:
        session.run(lists, plan.dataset, view)
    if n_failed := sum(runs.n_failed for runs in lists):
        Console().print(f"{n_failed} repeats failed; `{program()} repeat` tries them again", highlight=False)
        raise typer.Exit(EXIT_FAILED_RUNS)
