"""Studies of several methods, from what is asked of all of them to the best settings of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nsbench.config import Value
from nsbench.errors import SettingsError
from nsbench.objective import checked_objective
from nsbench.study.search.config_file import find_config
from nsbench.study.search.plan import DEFAULT_PROFILE
from nsbench.study.search.space import StudyFile, read_study_file, space_of
from nsbench.study.session import StudyOrder
from nsbench.terms import KeepModels

TRIALS = 20
"""Finished trials of a study in the end, unless asked otherwise."""


@dataclass(frozen=True)
class TuneChoice:
    """What is asked of the studies of one command.

    Attributes:
        values: Settings that are fixed and not searched, by flat name.
        n_trials: Finished trials in the end, pruned and earlier ones included.
        n_confirmed: Best points that are trained with further seeds; None: by the number of trials.
        timeout_s: No trial begins after this many seconds; None: no limit.
        study: The study's name; None: dataset, method and `config`.
        config: What is searched: a name in configs/studies, or the path of a YAML file; None: the defaults.
        objective: The validation metric that is maximised; None: that of `default_objective`.
        seed: The root seed.
        n_replicas: Trials that a worker trains side by side, at most.
        keep_models: Whose models are kept, of the trials that confirm a point.
    """

    values: Mapping[str, Value]
    n_trials: int = TRIALS
    n_confirmed: int | None = None
    timeout_s: float | None = None
    study: str | None = None
    config: str | None = None
    objective: str | None = None
    seed: int = 0
    n_replicas: int = 1
    keep_models: KeepModels = "best"


def study_orders(names: Sequence[str], choice: TuneChoice) -> list[StudyOrder]:
    """One order per method, checked before anything is opened or made.

    Args:
        names: The methods' names.
        choice: What is asked of all of them.

    Raises:
        SettingsError: A setting, the file or the objective isn't accepted, or one study is to be of several methods.
    """
    if choice.study is not None and len(names) > 1:
        raise SettingsError(
            f"--study {choice.study} names one study, but there are {len(names)} samplers; leave it out"
        )
    file = StudyFile() if choice.config is None else read_study_file(find_config("studies", choice.config))
    orders = [
        StudyOrder(
            sampler=name,
            file=file,
            values=choice.values,
            n_trials=choice.n_trials,
            objective=choice.objective,
            seed=choice.seed,
            timeout_s=choice.timeout_s,
            name=choice.study,
            profile=Path(choice.config).stem if choice.config else DEFAULT_PROFILE,
            n_replicas=choice.n_replicas,
            n_confirmed=choice.n_confirmed,
            keep_models=choice.keep_models,
        )
        for name in names
    ]
    for order in orders:
        space = space_of(order.sampler, order.file, order.values)
        checked_objective(order.objective, space.base.evaluation.cutoffs)
    return orders
