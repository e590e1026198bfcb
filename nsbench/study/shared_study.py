"""What a process on another machine needs to join a study, kept with the study: its ranges, its goal, its dataset's origin."""

import json
from dataclasses import dataclass

from optuna.distributions import distribution_to_json, json_to_distribution
from optuna.study import Study
from pydantic import BaseModel, ConfigDict, model_validator

from nsbench.config import Settings
from nsbench.data.dataset import DatasetCard
from nsbench.data.origin import Origin, origin_of_source
from nsbench.errors import SettingsError
from nsbench.files.home import Home
from nsbench.study.claim import CLAIMS
from nsbench.study.search.plan import StudyPlan, load_plan
from nsbench.study.search.retrying_storage import RetryingStorage
from nsbench.study.search.space import Space, range_of
from nsbench.study.search.storage import existing_storage
from nsbench.study.trials.trial_state import RUN_ID
from nsbench.suggestion import did_you_mean
from nsbench.terms import METHOD_JOINT, KeepModels
from nsbench.tracking.store_uri import without_password

_RANGES = "nsbench.ranges"
_N_PLANNED = "nsbench.n_planned"
_ORIGIN = "nsbench.dataset_origin"
_REPEATS = "nsbench.repeats."


class MadeFrom(BaseModel):
    """What a dataset was prepared from, and with which options."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    origin: Origin
    options: dict[str, str | int | float | bool | None]

    @model_validator(mode="before")
    @classmethod
    def _of_older_version(cls, fields: object) -> object:
        """Studies that an older version began hold the origin in a line."""
        if not isinstance(fields, dict) or not isinstance(source := fields.get("source"), str):
            return fields
        return {"origin": origin_of_source(source), "options": fields.get("options")}


@dataclass(frozen=True)
class JoinedStudy:
    """A study that a process has joined.

    Attributes:
        study: The Optuna study.
        plan: What it is of.
        space: What it searches.
        made_from: What its dataset was prepared from.
    """

    study: Study
    plan: StudyPlan
    space: Space
    made_from: MadeFrom


def invite(study: Study, space: Space, card: DatasetCard) -> None:
    """Writes what others need to join a study, unless it is there."""
    known = study.user_attrs
    if _RANGES not in known:
        ranges = {name: distribution_to_json(found) for name, found in space.distributions().items()}
        study.set_user_attr(_RANGES, json.dumps(ranges))
    if _ORIGIN not in known:
        study.set_user_attr(_ORIGIN, MadeFrom(origin=card.origin, options=card.options).model_dump_json())


def join(name: str, home: Home) -> JoinedStudy:
    """Joins a study that another process began, in the home's storage.

    Raises:
        SettingsError: There is none of this name, or it was begun by a version that kept too little.
        TrackingError: It is not one of nsbench's.
    """
    storage = existing_storage(home)
    known = None if storage is None else load_plan(name, storage)
    if known is None:
        names = [] if storage is None else sorted(_names(storage))
        raise SettingsError(
            f"there is no study {name!r}{did_you_mean(name, names)} in {without_password(home.study_storage)}; "
            f"there are: {', '.join(names) or 'none'}; "
            "`nsbench tune` begins one, and NSBENCH_STUDY_STORAGE says where studies are"
        )
    study, plan = known
    attributes = study.user_attrs
    if not {_RANGES, _ORIGIN, _N_PLANNED} <= attributes.keys():
        raise SettingsError(
            f"the study {name!r} holds too little to be joined: it was cut off at its start, or begun by an older version; give "
            "its `nsbench tune` command once more"
        )
    ranges = {field: range_of(json_to_distribution(text)) for field, text in json.loads(attributes[_RANGES]).items()}
    return JoinedStudy(study, plan, Space(plan.settings({}), ranges), MadeFrom.model_validate_json(attributes[_ORIGIN]))


def announce_repeats(
    study: Study, storage: RetryingStorage, settings: Settings, n_repeats: int, keep_models: KeepModels = "best"
) -> None:
    """Notes that the best settings of a study are repeated, so that who joins it helps; the largest number of seeds counts.

    Whose models are kept is as the command says that was given last.
    """
    # Methods that their names alone make differ have the same settings.
    name = f"{_REPEATS}{METHOD_JOINT.join((settings.fingerprint(), *settings.fixed))}"
    with storage.locked(study.study_name):
        known = study.user_attrs.get(name)
        n_most = max(n_repeats, 0 if known is None else json.loads(known)["n_repeats"])
        told = {
            "n_repeats": n_most,
            "method": settings.method.name,
            "settings": settings.flat(),
            "keep_models": keep_models,
        }
        if known is None or json.loads(known) != told:
            study.set_user_attr(name, json.dumps(told))


def announced_repeats(study: Study) -> list[tuple[Settings, int, KeepModels]]:
    """The settings that commands repeat, with the number of seeds and whose models are kept."""
    found = []
    for name, text in sorted(study.user_attrs.items()):
        if name.startswith(_REPEATS):
            told = json.loads(text)
            fields = {field: value for field, value in told["settings"].items() if field != "sampler"}
            # Older versions named the sampler alone; its loss and backbone are among the settings.
            settings = Settings.of(told.get("method", told["settings"]["sampler"]), fields)
            # Older versions kept no models, and said nothing of it.
            found.append((settings, int(told["n_repeats"]), told.get("keep_models", "best")))
    return found


def _names(storage: RetryingStorage) -> list[str]:
    """The studies of trials; claims of repeats are none."""
    names = [study.study_name for study in storage.get_all_studies()]
    return [name for name in names if not name.startswith(CLAIMS)]


def raise_goal(study: Study, storage: RetryingStorage, n_planned: int) -> None:
    """Notes how many finished trials a command wants in the end; of several commands the largest number counts."""
    with storage.locked(study.study_name):
        if n_planned > goal_of(study):
            study.set_user_attr(_N_PLANNED, n_planned)


def goal_of(study: Study) -> int:
    """Finished trials that a study is to end with; 0 before any command has said so."""
    return int(study.user_attrs.get(_N_PLANNED, 0))


def last_run_of(study: Study) -> str | None:
    """The id of the latest run that a trial is tied to, or None."""
    tied = [trial.user_attrs[RUN_ID] for trial in study.get_trials(deepcopy=False) if trial.user_attrs.get(RUN_ID)]
    return tied[-1] if tied else None
