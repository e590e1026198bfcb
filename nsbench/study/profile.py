"""A profile: everything that a comparison consists of, in one YAML file of `configs/profiles/`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from nsbench.config import Value
from nsbench.errors import SettingsError
from nsbench.method import Method
from nsbench.objective import checked_objective
from nsbench.runs.baseline import BASELINES
from nsbench.study.search.config_file import find_config
from nsbench.study.search.space import Choice, StudyFile, read_study_file, space_of
from nsbench.study.search.yaml_model import read_yaml_as
from nsbench.suggestion import did_you_mean


class _Part(BaseModel):
    """Frozen, and without fields that aren't declared: a misspelt one is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ProfileDataset(_Part):
    """A dataset of a profile.

    Attributes:
        name: A prepared dataset, `demo`, or a public log that `nsbench data fetch` knows.
        settings: Settings that are fixed on this dataset; they go before the profile's.
    """

    name: str = Field(min_length=1)
    settings: dict[str, Choice] = {}


class TuneBudget(_Part):
    """What each sampler's study may take.

    Attributes:
        trials: Finished trials.
        epochs: Epochs of a trial, at most; None: by the log's size, so that few reach it.
        config: A study file that changes the space: a name in `configs/studies`, or a path; None: the default space.
        confirm: Best points that are trained with further seeds before one is called best; None: by the number of trials.
        objective: The validation metric that is maximised; None: the hit rate in total at the cut-off nearest to 10.
    """

    trials: int = Field(default=20, ge=1)
    epochs: int | None = Field(default=None, ge=1)
    config: str | None = None
    confirm: int | None = Field(default=None, ge=0)
    objective: str | None = None


class RepeatBudget(_Part):
    """What the repeats of each sampler's best settings may take.

    Attributes:
        repeats: Seeds.
        epochs: Epochs of a repeat, at most; None: by the log's size, so that few reach it.
    """

    repeats: int = Field(default=20, ge=1)
    epochs: int | None = Field(default=None, ge=1)


class Profile(_Part):
    """Which methods are compared on which datasets, with what budget.

    Attributes:
        description: What it is for, in a sentence.
        datasets: One after the other.
        samplers: Names of methods, such as mixed or mixed+gbce.
        baselines: Names in BASELINES.
        settings: Settings that are fixed for every sampler that has them.
        tune: The studies' budget.
        repeat: The repeats' budget.
        seed: The studies' root seed; repeats have seeds 0, 1, ...
    """

    description: str
    datasets: tuple[ProfileDataset, ...] = Field(min_length=1)
    samplers: tuple[str, ...] = Field(min_length=1)
    baselines: tuple[str, ...] = tuple(BASELINES)
    settings: dict[str, Choice] = {}
    tune: TuneBudget = TuneBudget()
    repeat: RepeatBudget = RepeatBudget()
    seed: int = Field(default=0, ge=0)

    @field_validator("samplers", "baselines")
    @classmethod
    def _once_each(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(names))

    def study_file(self, dataset: ProfileDataset) -> StudyFile:
        """The study file that `tune.config` names, with the profile's and the dataset's settings fixed.

        Raises:
            SettingsError: There is no such file, or it isn't accepted.
        """
        config = self.tune.config
        file = StudyFile() if config is None else read_study_file(find_config("studies", config))
        return file.model_copy(update={"fixed": {**file.fixed, **self.settings, **dataset.settings}})

    @property
    def values(self) -> dict[str, Value]:
        """What the budget fixes of a study's settings."""
        return {} if self.tune.epochs is None else {"max_epochs": self.tune.epochs}

    @property
    def repeat_values(self) -> dict[str, Value]:
        """What of a study's settings is otherwise in repeats: they are trained out, whatever the trials' budget."""
        return {"max_epochs": self.repeat.epochs or 0}


def study_profile(
    dataset: str,
    samplers: Sequence[str],
    values: Mapping[str, Value],
    config: str | None,
    n_trials: int,
    n_confirmed: int | None = None,
) -> Profile:
    """The profile of the studies that one command asks for, without repeats or baselines worth the name."""
    fixed = {name: ",".join(map(str, value)) if isinstance(value, list) else value for name, value in values.items()}
    return Profile(
        description="one command",
        datasets=(ProfileDataset(name=dataset),),
        samplers=tuple(samplers),
        baselines=(),
        settings={name: value for name, value in fixed.items() if value is not None},
        tune=TuneBudget(trials=n_trials, config=config, confirm=n_confirmed),
        repeat=RepeatBudget(repeats=1),
    )


def load_profile(name: str) -> Profile:
    """Reads a profile and checks all that can be checked before anything is run.

    Args:
        name: A name in `configs/profiles`, or the path of a YAML file.

    Raises:
        SettingsError: There is none, or it holds what no study takes.
    """
    path = find_config("profiles", name)
    profile = read_yaml_as(Profile, path)
    try:
        # A method may be written in several ways, and has one name.
        profile = profile.model_copy(update={"samplers": tuple(Method.of(name).name for name in profile.samplers)})
        _check(profile)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error
    return profile


def profile_name(name: str) -> str:
    """What a profile's studies are called by: its file's name without folder and suffix."""
    return Path(name).stem


def _check(profile: Profile) -> None:
    unknown = [name for name in profile.baselines if name not in BASELINES]
    if unknown:
        raise SettingsError(
            f"unknown baseline {unknown[0]!r}{did_you_mean(unknown[0], BASELINES)}; there are: {', '.join(BASELINES)}"
        )
    for dataset in profile.datasets:
        for sampler in profile.samplers:
            space = space_of(sampler, profile.study_file(dataset), profile.values)
            checked_objective(profile.tune.objective, space.base.evaluation.cutoffs)
