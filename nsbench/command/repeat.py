"""Repeats of several methods: which settings are taken, and which runs are still to be made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nsbench.config import Settings, Value
from nsbench.data.dataset import Dataset
from nsbench.errors import SettingsError
from nsbench.objective import check_objective
from nsbench.runs.plan import protocol_of
from nsbench.study.best_trial import Best, best_for
from nsbench.study.repeat import RepeatOrder
from nsbench.study.run_list import RunList
from nsbench.study.search.plan import study_name
from nsbench.study.session import Session
from nsbench.study.sweep import swept
from nsbench.terms import KeepModels

REPEATS = 20
"""Seeds of a method, unless asked otherwise: as many as the paper has."""


@dataclass(frozen=True)
class RepeatChoice:
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
    values: Mapping[str, Value]
    sweeps: Mapping[str, Sequence[Value]]
    n_repeats: int
    n_replicas: int
    keep_models: KeepModels = "best"


@dataclass(frozen=True)
class ChosenRepeats:
    """The repeats of one method.

    Attributes:
        settings: What is repeated.
        runs: Those that are missing, to be made.
        note: Where they are evaluated otherwise than the trials by which the settings were chosen, a sentence; else empty.
    """

    settings: Settings
    runs: RunList
    note: str = ""


def check_choice(names: Sequence[str], choice: RepeatChoice) -> None:
    """Refuses what can be refused before anything is opened or made.

    Raises:
        SettingsError: One study would serve several methods, or the default settings are to be taken beside a study's; there
            is no such method, or a setting isn't accepted.
    """
    study = choice.study
    if study is not None and choice.defaults:
        raise SettingsError(f"--study {study} and --defaults name two sources of the settings; leave one of them out")
    if study is not None and len(names) > 1:
        raise SettingsError(
            f"--study {study} names one study, which is of one sampler, but there are {len(names)} samplers "
            f"({', '.join(names)}); leave it out, or repeat one sampler at a time"
        )
    for name in names:
        swept(Settings.of(name, choice.values if choice.defaults else {}), choice.sweeps)


def chosen_repeats(
    names: Sequence[str], dataset: Dataset, choice: RepeatChoice, session: Session
) -> list[ChosenRepeats]:
    """The repeats of some methods that are missing.

    Args:
        names: The methods' names.
        dataset: The prepared log.
        choice: What is asked of all of them.
        session: The open stores.

    Raises:
        SettingsError: There is no study to take the settings of, or they aren't accepted.
        TrackingError: A store can't be read.
    """
    chosen = []
    for name in names:
        settings, order, note = _asked(name, dataset, choice, session)
        for one in swept(settings, choice.sweeps):
            chosen.append(ChosenRepeats(one, session.repeats(one, order, dataset), note))
            note = ""  # Of what is swept around the same settings it is said once.
    return chosen


def _asked(name: str, dataset: Dataset, choice: RepeatChoice, session: Session) -> tuple[Settings, RepeatOrder, str]:
    """What of a method is repeated, how, and what is to be noted of it."""
    if choice.defaults:
        order = RepeatOrder(choice.n_repeats, n_replicas=choice.n_replicas, keep_models=choice.keep_models)
        return Settings.of(name, choice.values), order, ""
    best = best_for(choice.study or study_name(dataset.card.name, name), dataset.card, name, session.home)
    # Trials may have been cut short; repeats are trained out unless they are asked for otherwise.
    settings = best.settings.changed({"max_epochs": 0, **choice.values})
    check_objective(best.objective, settings.evaluation.cutoffs)
    order = RepeatOrder(choice.n_repeats, best.study, best.objective, choice.n_replicas, choice.keep_models)
    return settings, order, _protocol_note(best, settings, dataset)


def _protocol_note(best: Best, settings: Settings, dataset: Dataset) -> str:
    tuned, wanted = protocol_of(best.settings.evaluation, dataset), protocol_of(settings.evaluation, dataset)
    if tuned == wanted:
        return ""
    return f"{best.study} was tuned under the protocol {tuned}; these repeats are evaluated under {wanted}"
