"""A profile's steps on one dataset: what of its baselines, studies and repeats is still to be done."""

from collections import defaultdict

from nsbench.data.dataset import Dataset
from nsbench.files.home import Home
from nsbench.study.best_trial import best_for
from nsbench.study.profile import Profile, ProfileDataset
from nsbench.study.repeat import RepeatOrder, baselines_of
from nsbench.study.run_list import RunList
from nsbench.study.search.plan import study_name
from nsbench.study.search.space import space_of
from nsbench.study.session import Session, StudyOrder
from nsbench.study.trials.tuning import Tuning
from nsbench.terms import KeepModels, RunKind
from nsbench.tracking.store import open_store


def baselines(profile: Profile, entry: ProfileDataset, dataset: Dataset, home: Home) -> RunList:
    """The baselines under the protocol that the samplers are evaluated by."""
    base = space_of(profile.samplers[0], profile.study_file(entry), profile.values).base
    return baselines_of(profile.baselines, dataset, base.evaluation, home)


def studies(
    profile: Profile,
    name: str,
    entry: ProfileDataset,
    dataset: Dataset,
    session: Session,
    n_replicas: int = 1,
    keep_models: KeepModels = "best",
) -> list[Tuning]:
    """A study per sampler, named after the profile; of their trials a worker trains up to `n_replicas` side by side."""
    file = profile.study_file(entry)
    return [
        session.tuning(
            StudyOrder(
                sampler=sampler,
                file=file,
                values=profile.values,
                n_trials=profile.tune.trials,
                objective=profile.tune.objective,
                seed=profile.seed,
                profile=name,
                n_replicas=n_replicas,
                n_confirmed=profile.tune.confirm,
                keep_models=keep_models,
            ),
            dataset,
        )
        for sampler in profile.samplers
    ]


def repeats(
    profile: Profile,
    name: str,
    entry: ProfileDataset,
    dataset: Dataset,
    session: Session,
    n_replicas: int = 1,
    keep_models: KeepModels = "best",
) -> list[RunList]:
    """The repeats of each study's best settings; of their seeds a worker trains up to `n_replicas` side by side.

    Raises:
        SettingsError: A study has no complete trial, or is of another preparation of the log.
    """
    lists = []
    for sampler in profile.samplers:
        best = best_for(study_name(entry.name, sampler, name), dataset.card, sampler, session.home)
        settings = best.settings.changed(profile.repeat_values)
        order = RepeatOrder(profile.repeat.repeats, best.study, best.objective, n_replicas, keep_models)
        lists.append(session.repeats(settings, order, dataset))
    return lists


def best_mean(dataset: Dataset, metric: str, home: Home) -> tuple[str, float]:
    """The sampler whose finished repeats have the highest mean of a metric, by label, with that mean.

    Only repeats of this preparation of the log count; not a number where there are none.
    """
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    for run in open_store(home).reader().runs(dataset.card.name, (RunKind.REPEAT,)):
        if run.status == "FINISHED" and run.dataset_hash == dataset.card.content_hash and metric in run.metrics:
            values[run.label, run.fingerprint].append(run.metric(metric))
    means = {label: sum(found) / len(found) for (label, _), found in values.items()}
    return max(means.items(), key=lambda item: item[1], default=("no method", float("nan")))
