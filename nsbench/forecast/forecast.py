"""Puts a prediction together: a profile's runs, their epochs, and the rates of where they would run."""

import hashlib
import json
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from nsbench import __version__
from nsbench.config import Settings
from nsbench.files.home import Home
from nsbench.forecast.dataset_shape import DatasetShape, shape_of
from nsbench.forecast.epochs import EpochRecord, Epochs
from nsbench.forecast.prediction import LEADER_BYTES, RANK_BYTES, RUN_DISK_BYTES, Part, Prediction, Stage
from nsbench.forecast.rate import Parallelism, Rates, RateSource
from nsbench.forecast.run_work import RunWork, model_bytes, typical_settings, work_of
from nsbench.study.confirmation import n_trials_in_all
from nsbench.study.profile import Profile, ProfileDataset
from nsbench.study.search.space import space_of
from nsbench.terms import RunKind


def predict(
    profile: Profile,
    name: str,
    home: Home,
    source: RateSource,
    parallelism: Parallelism,
    record: EpochRecord,
    stages: Collection[Stage] = ("trials", "baselines", "repeats"),
) -> Prediction:
    """What a profile takes, or some stages of it.

    Args:
        profile: What would be run.
        name: Its name.
        home: Where prepared datasets are.
        source: Where rates come from.
        parallelism: Workers and replicas.
        record: What epochs are expected by.
        stages: Which runs are made.

    Raises:
        DatasetError: A dataset is not prepared, and nothing says what it will be like.
        SettingsError: The source has no rates of a sampler.
    """
    parts: list[Part] = []
    how: dict[str, str] = {}
    process_bytes, disk_bytes = 0, 0
    for entry in profile.datasets:
        shape = shape_of(entry.name, home)
        works = [work_of(shape, _typical(profile, entry, sampler)) for sampler in profile.samplers]
        rates = source.rates(shape, works, parallelism.n_replicas)
        own = _parts(profile, entry, _Builder(shape, record, parallelism), works, rates)
        own = [part for part in own if part.stage in stages]
        parts += own
        how[entry.name] = shape.how
        disk_bytes += shape.disk_bytes + sum(part.n_runs * part.run_disk_bytes for part in own)
        process_bytes = max(process_bytes, *(rate.memory_bytes for rate in rates))
    return Prediction(
        profile=name,
        fingerprint=fingerprint_of_profile(profile),
        device=source.device,
        is_measured=source.is_measured,
        how=source.how,
        n_at_once=parallelism.n_workers,
        parts=tuple(parts),
        datasets=how,
        memory_bytes=process_bytes if source.is_per_device else parallelism.n_workers * process_bytes + LEADER_BYTES,
        memory_limit_bytes=source.memory_limit_bytes,
        is_per_device=source.is_per_device,
        disk_bytes=disk_bytes,
        nsbench=__version__,
        n_replicas=parallelism.n_replicas,
    )


def fingerprint_of_profile(profile: Profile) -> str:
    """A short hash of all that decides what a profile's runs are, its study file's content included."""
    fields = [profile.model_dump(mode="json")]
    fields += [profile.study_file(entry).model_dump(mode="json") for entry in profile.datasets]
    return hashlib.blake2b(json.dumps(fields, sort_keys=True).encode(), digest_size=6).hexdigest()


def _typical(profile: Profile, entry: ProfileDataset, sampler: str) -> Settings:
    return typical_settings(space_of(sampler, profile.study_file(entry), profile.values))


def _parts(
    profile: Profile, entry: ProfileDataset, builder: "_Builder", works: Sequence[RunWork], rates: Sequence[Rates]
) -> list[Part]:
    """A dataset's runs in the order in which they are made: trials and baselines side by side, then repeats."""
    rated = list(zip(profile.samplers, works, rates, strict=True))
    trials, repeats = n_trials_in_all(profile.tune.trials, profile.tune.confirm), profile.repeat.repeats
    alike = {name: space_of(name, profile.study_file(entry), profile.values).is_rate_only for name in profile.samplers}
    return [
        *(
            builder.trained(
                "trials", work, rate, trials, work.settings, n_alike=math.ceil(trials / 2) if alike[name] else 1
            )
            for name, work, rate in rated
        ),
        builder.baselines(profile.baselines, works[0], rates[0]),
        *(
            builder.trained("repeats", work, rate, repeats, work.repeated(profile.repeat_values), n_alike=repeats)
            for _, work, rate in rated
        ),
    ]


@dataclass(frozen=True)
class _Builder:
    """Makes the parts of one dataset."""

    shape: DatasetShape
    record: EpochRecord
    parallelism: Parallelism

    def trained(
        self, stage: Stage, work: RunWork, rates: Rates, n_runs: int, settings: Settings, *, n_alike: int
    ) -> Part:
        """Trials or repeats of a sampler, of which `n_alike` could be trained side by side at a time."""
        is_trial = stage == "trials"
        n_workers = self.parallelism.n_workers if is_trial else 1
        n_together = min(self.parallelism.n_replicas, math.ceil(n_alike / n_workers)) if rates.together_per_s else 1
        kind = RunKind.TRIAL if is_trial else RunKind.REPEAT
        return Part(
            dataset=self.shape.name,
            sampler=settings.method.name,
            stage=stage,
            n_runs=n_runs,
            epochs=self.record.epochs(self.shape.name, kind, settings),
            validate_every=settings.training.validate_every,
            n_steps=work.n_steps,
            n_positives=work.n_positives,
            epoch_s=work.n_positives / rates.positives_per_s,
            look_s=work.n_valid_targets / rates.valid_targets_per_s,
            test_s=0.0 if is_trial else work.n_test_targets / rates.test_targets_per_s,
            setup_s=rates.setup_s,
            run_disk_bytes=RUN_DISK_BYTES + (0 if is_trial else RANK_BYTES * work.n_test_targets),
            n_together=n_together,
            together_epoch_s=self._together_epoch_s(work, rates, n_together),
            model_bytes=0 if is_trial else model_bytes(settings, self.shape.dataset.n_items),
        )

    def _together_epoch_s(self, work: RunWork, rates: Rates, n_together: int) -> float | None:
        """Of fewer than were measured: a step takes some time for itself and some for each run."""
        if rates.together_per_s is None or n_together == 1:
            return None
        alone_s, n_measured = work.n_positives / rates.positives_per_s, self.parallelism.n_replicas
        each_s = (n_measured * work.n_positives / rates.together_per_s - alone_s) / (n_measured - 1)
        return alone_s + (n_together - 1) * each_s

    def baselines(self, names: Sequence[str], work: RunWork, rates: Rates) -> Part:
        """The baselines, which are counted rather than trained; ranking takes about as long as a model's."""
        return Part(
            dataset=self.shape.name,
            sampler=",".join(names),
            stage="baselines",
            n_runs=len(names),
            epochs=Epochs(least=0, most=0, typical=0, expected=0),
            validate_every=0,
            n_steps=0,
            n_positives=0,
            epoch_s=0.0,
            look_s=0.0,
            test_s=work.n_test_targets / rates.test_targets_per_s,
            setup_s=0.0,
            run_disk_bytes=RUN_DISK_BYTES + RANK_BYTES * work.n_test_targets,
        )
