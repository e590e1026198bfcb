"""Studies of settings: `tune`, and what it found."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import final

import pandas as pd

from nsbench.api.argument import Samplers, check_keep_models, check_least, names_of
from nsbench.api.dataset import Dataset, Place, arrays_of, home_of
from nsbench.api.progress import study_progress, warn_cut_off, warn_undecided
from nsbench.api.wording import worded
from nsbench.command.method_choice import budget_values, chosen_methods
from nsbench.command.tune import TRIALS, TuneChoice, study_orders
from nsbench.command.worker_pool import Engine, pool_of, replicas_of
from nsbench.config import Value
from nsbench.errors import SettingsError
from nsbench.files.home import Home
from nsbench.study.best_trial import Best, best_of
from nsbench.study.session import Session
from nsbench.study.study_summary import TrialCounts, counts_of
from nsbench.study.trials.tuning import Tuning
from nsbench.study.workers.job import Row
from nsbench.terms import KeepModels


@final
@dataclass(frozen=True)
class Study:
    """The study of one method.

    Attributes:
        name: The study's name.
        method: The method's name.
        objective: The validation metric that was maximised.
        counts: How its trials ended, those of earlier calls included.
        best: The best settings that were found; None where no trial is complete.
        rows: Its trials.
    """

    name: str
    method: str
    objective: str
    counts: TrialCounts
    best: Best | None
    rows: tuple[Row, ...]

    @property
    def trials(self) -> pd.DataFrame:
        """One row per trial: how it ended, its value of the objective, its epochs and seconds, and the searched settings."""
        rows = [
            {
                "trial": row.name,
                "state": row.state,
                "value": row.value,
                "epochs": row.epoch,
                "seconds": row.seconds,
                "cut_off": row.cut_off,
                "reason": row.reason,
                **row.settings,
            }
            for row in self.rows
        ]
        return pd.DataFrame(rows)


@final
@dataclass(frozen=True)
class Studies:
    """The studies of one call of `tune`, one per method.

    Attributes:
        dataset: The dataset's name.
        home: Where they are kept.
        studies: In the order in which the methods were given.
    """

    dataset: str
    home: Home
    studies: tuple[Study, ...]

    @property
    def best(self) -> Mapping[str, Best]:
        """The best settings by the method's name; methods without a complete trial are left out."""
        return {study.method: study.best for study in self.studies if study.best is not None}

    @property
    def table(self) -> pd.DataFrame:
        """One row per method: the best value of the objective, how the trials ended, and the best of the searched settings."""
        rows = []
        for study in self.studies:
            value = None if study.best is None else study.best.value
            searched = {} if study.best is None else study.best.searched
            rows.append(
                {"study": study.name, "objective": study.objective, "value": value, **asdict(study.counts), **searched}
            )
        return pd.DataFrame(rows, index=pd.Index([study.method for study in self.studies], name="method"))

    def _repr_html_(self) -> str:
        return str(self.table.to_html())


@worded
def tune(  # noqa: PLR0913 - the options of the command
    sampler: Samplers,
    dataset: Dataset | str = "demo",
    *,
    loss: str | None = None,
    model: str | None = None,
    trials: int = TRIALS,
    confirm: int | None = None,
    epochs: int | None = None,
    timeout: float | None = None,
    workers: int | None = None,
    replicas: int | None = None,
    engine: Engine = "processes",
    address: str | None = None,
    cpus_per_worker: float = 1.0,
    gpus_per_worker: float = 0.0,
    study: str | None = None,
    config: str | None = None,
    settings: Mapping[str, Value] | None = None,
    objective: str | None = None,
    seed: int = 0,
    keep_models: KeepModels = "best",
    home: Place = None,
    progress: bool = True,
) -> Studies:
    """Searches the best settings of one or several methods, in processes of their own. As `nsbench tune`.

    The same call goes on where an interrupted one stopped, and does nothing once all trials are done.

    Args:
        sampler: Negative sampler, composition or method, or several of them in a list.
        dataset: A prepared dataset, or its name.
        loss: Loss; None: bce.
        model: Backbone; None: sasrec.
        trials: Finished trials in the end, pruned and earlier ones included.
        confirm: Best points that are trained with 3 seeds each before one is called best; None: 3, from 10 trials on.
        epochs: Epochs of a run at most; None: by the log's size.
        timeout: Seconds after which no trial begins; running ones end.
        workers: Runs at once, one process each; None: the number of cores, or of GPUs.
        replicas: Runs that a worker trains side by side at most; None: 20 on a GPU, 1 on a CPU.
        engine: "processes" of this machine, or workers on a "ray" cluster.
        address: The Ray cluster: "auto" for this machine's, or "HOST:PORT"; None: one that is made here.
        cpus_per_worker: Cores that Ray keeps for a worker.
        gpus_per_worker: GPUs that Ray keeps for a worker; a share such as 0.25 too.
        study: The study's name; None: DATASET/METHOD/CONFIG.
        config: What is searched: a name in configs/studies, or the path of a YAML file.
        settings: Settings that are fixed and not searched, by name.
        objective: Metric to maximise; None: valid/all/hit_rate_at_10, or the cut-off nearest to 10.
        seed: Root of all randomness, 0 or more.
        keep_models: Whose models are kept: "best" of each method, "all" or "none".
        home: The folder where everything is kept; None: that of the dataset, or NSBENCH_HOME.
        progress: Whether a terminal or a notebook shows how far it is.

    Raises:
        DatasetError: There is no such dataset.
        SettingsError: A method or a setting isn't accepted.
        TrainingError: Too many trials failed.
        TrackingError: The tracking store can't be read or written.

    Examples:
        >>> studies = nsbench.tune(["random", "mixed"], "shop", trials=20)  # doctest: +SKIP
        >>> studies.best["mixed"].searched  # doctest: +SKIP
        {'learning_rate': 0.0031, 'n_uniform': 46}
    """
    check_keep_models(keep_models)
    check_least(1, trials=trials, epochs=epochs, workers=workers, replicas=replicas)
    check_least(0, confirm=confirm, timeout=timeout, seed=seed, gpus_per_worker=gpus_per_worker)
    names, values = chosen_methods(names_of(sampler), loss, model, settings or {})
    choice = TuneChoice(
        values={**values, **budget_values(epochs)},
        n_trials=trials,
        n_confirmed=confirm,
        timeout_s=timeout,
        study=study,
        config=config,
        objective=objective,
        seed=seed,
        n_replicas=replicas_of(engine, gpus_per_worker, replicas),
        keep_models=keep_models,
    )
    orders = study_orders(names, choice)
    place = home_of(home, dataset)
    data = arrays_of(dataset, place)
    with pool_of(engine, address, workers, cpus_per_worker, gpus_per_worker, place) as pool:
        session = Session.open(place, pool)
        tunings = [session.tuning(order, data) for order in orders]
        warn_undecided(data, tunings[0].plan.settings({}).evaluation)
        with study_progress(is_shown=progress) as view:
            session.run(tunings, data.card.name, view)
    warn_cut_off(tunings)
    return Studies(data.card.name, place, tuple(_found(tuning, place) for tuning in tunings))


def _found(tuning: Tuning, home: Home) -> Study:
    plan = tuning.plan
    best: Best | None
    try:
        best = best_of(plan.name, plan.dataset, plan.sampler, home)
    except SettingsError:  # No trial is complete: the trials say why.
        best = None
    return Study(plan.name, plan.sampler, plan.objective, counts_of(tuning), best, tuple(tuning.rows()))
