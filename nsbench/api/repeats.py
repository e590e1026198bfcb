"""Runs that a comparison rests on: `repeat` with many seeds, and `baseline` without training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import pandas as pd

from nsbench.api.argument import Samplers, check_keep_models, check_least, names_of
from nsbench.api.dataset import Dataset, Place, arrays_of, home_of
from nsbench.api.progress import logger, study_progress, warn_cut_off, warn_undecided
from nsbench.api.results import table_of_runs
from nsbench.api.wording import worded
from nsbench.command.method_choice import budget_values, chosen_methods
from nsbench.command.repeat import REPEATS, RepeatChoice, check_choice, chosen_repeats
from nsbench.command.worker_pool import Engine, pool_of, replicas_of
from nsbench.config import Value
from nsbench.errors import TrainingError
from nsbench.files.home import Home
from nsbench.runs.baseline import BASELINES
from nsbench.study.method import Method, finished_repeats
from nsbench.study.repeat import baselines_of, evaluation_of, finished_baselines
from nsbench.study.run_list import RunList
from nsbench.study.session import Session
from nsbench.terms import KeepModels
from nsbench.tracking.stored_run import StoredRun


@final
@dataclass(frozen=True)
class Runs:
    """Finished runs of one dataset, as `repeat` and `baseline` give them; `compare` compares them.

    Attributes:
        dataset: The dataset's name.
        home: Where they are kept.
        stored: The runs, those of earlier calls included.
    """

    dataset: str
    home: Home
    stored: tuple[StoredRun, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row per run, with the columns of `results`."""
        return table_of_runs(self.stored)

    def _repr_html_(self) -> str:
        shown = self.table[["label", "seed", "status", "run_id"]]
        return str(shown.join(self.table.filter(regex=r"^test/\w+/(?:hit_rate|ndcg)_at_10$")).to_html())


@worded
def repeat(  # noqa: PLR0913 - the options of the command
    sampler: Samplers,
    dataset: Dataset | str = "demo",
    *,
    loss: str | None = None,
    model: str | None = None,
    repeats: int = REPEATS,
    epochs: int | None = None,
    workers: int | None = None,
    replicas: int | None = None,
    engine: Engine = "processes",
    address: str | None = None,
    cpus_per_worker: float = 1.0,
    gpus_per_worker: float = 0.0,
    study: str | None = None,
    defaults: bool = False,
    settings: Mapping[str, Value] | None = None,
    sweep: Mapping[str, Sequence[Value]] | None = None,
    keep_models: KeepModels = "best",
    home: Place = None,
    progress: bool = True,
) -> Runs:
    """Trains the best settings of a study with many seeds, and ranks the test interactions. As `nsbench repeat`.

    Seeds that are done already are skipped, so that the same call goes on where an interrupted one stopped.

    Args:
        sampler: Negative sampler, composition or method, or several of them in a list.
        dataset: A prepared dataset, or its name.
        loss: Loss; None: bce.
        model: Backbone; None: sasrec.
        repeats: How many seeds: 0, 1 and so on.
        epochs: Epochs of a run at most; None: by the log's size. Runs that were cut off go on when more are given.
        workers: Runs at once, one process each; None: the number of cores, or of GPUs.
        replicas: Seeds that a worker trains side by side at most; None: 20 on a GPU, 1 on a CPU.
        engine: "processes" of this machine, or workers on a "ray" cluster.
        address: The Ray cluster: "auto" for this machine's, or "HOST:PORT"; None: one that is made here.
        cpus_per_worker: Cores that Ray keeps for a worker.
        gpus_per_worker: GPUs that Ray keeps for a worker; a share such as 0.25 too.
        study: The study whose best settings are taken; None: DATASET/METHOD/default.
        defaults: Take the default settings; no study is needed.
        settings: What is changed of the settings, by name.
        sweep: Settings with several values, such as {"n_negatives": [10, 100]}: each value, and of several settings each
            combination, is a method of its own.
        keep_models: Whose models are kept: "best" of each method, "all" or "none".
        home: The folder where everything is kept; None: that of the dataset, or NSBENCH_HOME.
        progress: Whether a terminal or a notebook shows how far it is.

    Raises:
        DatasetError: There is no such dataset.
        SettingsError: A method or a setting isn't accepted, or there is no study to take settings of.
        TrainingError: Runs failed; all others have been made, and the same call tries the failed ones again.
        TrackingError: The tracking store can't be read or written.

    Examples:
        >>> runs = nsbench.repeat(["random", "mixed"], "shop", repeats=5)  # doctest: +SKIP
        >>> runs.table.groupby("method")["test/all/hit_rate_at_10"].mean()  # doctest: +SKIP
    """
    check_keep_models(keep_models)
    check_least(1, repeats=repeats, epochs=epochs, workers=workers, replicas=replicas)
    check_least(0, gpus_per_worker=gpus_per_worker)
    names, values = chosen_methods(names_of(sampler), loss, model, settings or {})
    n_replicas = replicas_of(engine, gpus_per_worker, replicas)
    choice = RepeatChoice(
        study, defaults, {**values, **budget_values(epochs)}, sweep or {}, repeats, n_replicas, keep_models
    )
    check_choice(names, choice)
    place = home_of(home, dataset)
    data = arrays_of(dataset, place)
    with pool_of(engine, address, workers, cpus_per_worker, gpus_per_worker, place) as pool:
        session = Session.open(place, pool)
        chosen = chosen_repeats(names, data, choice, session)
        lists = [each.runs for each in chosen]
        for note in filter(None, (each.note for each in chosen)):
            logger.warning("%s", note)
        warn_undecided(data, chosen[0].settings.evaluation)
        with study_progress(is_shown=progress) as view:
            session.run(lists, data.card.name, view)
    warn_cut_off(lists)
    check_failures(lists)
    stored = [run for each in chosen for run in finished_repeats(Method.of(each.settings, data), place)]
    return Runs(data.card.name, place, tuple(stored))


@worded
def baseline(
    dataset: Dataset | str = "demo",
    *,
    settings: Mapping[str, Value] | None = None,
    home: Place = None,
    progress: bool = True,
) -> Runs:
    """Ranks by popularity, by recent popularity and by a Markov chain; what is done is skipped. As `nsbench baseline`.

    Args:
        dataset: A prepared dataset, or its name.
        settings: What is changed of the evaluation settings, by name, such as {"targets": "last"}.
        home: The folder where everything is kept; None: that of the dataset, or NSBENCH_HOME.
        progress: Whether a terminal or a notebook shows how far it is.

    Raises:
        DatasetError: There is no such dataset.
        SettingsError: A setting isn't accepted.
        TrainingError: Baselines failed; the same call tries them again.
        TrackingError: The tracking store can't be read or written.

    Examples:
        >>> nsbench.baseline("shop").table[["label", "test/all/hit_rate_at_10"]]  # doctest: +SKIP
    """
    evaluation = evaluation_of(settings or {})
    place = home_of(home, dataset)
    data = arrays_of(dataset, place)
    warn_undecided(data, evaluation)
    with pool_of("processes", None, 1, 1.0, 0.0, place) as pool:
        session = Session.open(place, pool)
        runs = baselines_of(list(BASELINES), data, evaluation, place)
        with study_progress(is_shown=progress) as view:
            session.run([runs], data.card.name, view)
    check_failures([runs])
    fit = [name for name, found in BASELINES.items() if found.fits(data)]
    return Runs(data.card.name, place, tuple(finished_baselines(fit, data, evaluation, place)))


def check_failures(lists: Sequence[RunList]) -> None:
    """Raises a TrainingError if runs failed."""
    n_failed = sum(runs.n_failed for runs in lists)
    if not n_failed:
        return
    reasons = [row.reason for runs in lists for row in runs.rows() if row.state == "failed" and row.reason]
    why = f"; the last one because: {reasons[-1]}" if reasons else ""
    n_runs = sum(runs.n_planned for runs in lists)
    raise TrainingError(
        f"{n_failed} of {n_runs} runs failed{why}; the others are done, and the same call tries these again"
    )
