"""A method's repeats in one run: means, standard deviations and their number."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from nsbench.terms import Tag, deviation_name, is_target_count
from nsbench.tracking.stored_run import StoredRun

N_REPEATS = "summary/n_repeats"
"""MLflow's name of the repeats that a summary stands for."""

_NOT_THE_METHOD = ("max_epochs",)
"""Settings in which repeats of one method may differ."""

_KEPT_TAGS = (Tag.TRAITS, Tag.PAPER_NAME, Tag.N_TARGETS, Tag.VERSION)


@dataclass(frozen=True)
class MethodSummary:
    """What the repeats of a method say together; written again whenever there are more of them.

    Attributes:
        dataset: The dataset's name; MLflow's experiment.
        dataset_hash: The content hash of its card.
        dataset_card: The card as JSON text.
        sampler: The method's name: a sampler's, and what of loss and backbone isn't the default.
        label: What tables and figures call it.
        fingerprint: Hash of the settings, seed and budget apart.
        protocol: How the repeats were evaluated.
        study: The study that found the settings, or None.
        params: The settings by name, as text.
        metrics: Means by the metrics' own names, standard deviations of test metrics by `deviation_name`, `N_REPEATS`.
        tags: Further tags, by full name.
    """

    dataset: str
    dataset_hash: str
    dataset_card: str
    sampler: str
    label: str
    fingerprint: str
    protocol: str
    study: str | None
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]


def summary_of(repeats: Sequence[StoredRun]) -> MethodSummary | None:
    """Sums up finished repeats of one sampler, of one setting and protocol, on one dataset; None where there are none.

    Args:
        repeats: Oldest first; those that are `counted` are summed up.
    """
    if not repeats:
        return None
    newest, runs = repeats[-1], counted(repeats)
    return MethodSummary(
        dataset=newest.dataset,
        dataset_hash=newest.dataset_hash,
        dataset_card=newest.dataset_card,
        sampler=newest.sampler,
        label=newest.label,
        fingerprint=newest.fingerprint,
        protocol=newest.protocol,
        study=newest.study,
        params={name: value for name, value in newest.params.items() if name not in _NOT_THE_METHOD},
        metrics=_metrics_of(runs),
        tags={tag.value: newest.tags[tag] for tag in _KEPT_TAGS if tag in newest.tags},
    )


def counted(repeats: Sequence[StoredRun]) -> list[StoredRun]:
    """The repeats of a method that its summary stands for.

    As in the report, those of the newest run's version of nsbench count, and of a seed that ran twice the later run.

    Args:
        repeats: Oldest first.
    """
    version = repeats[-1].tags.get(Tag.VERSION) if repeats else None
    return list({run.seed: run for run in repeats if run.tags.get(Tag.VERSION) == version}.values())


def _metrics_of(runs: Sequence[StoredRun]) -> dict[str, float]:
    """A metric that is undefined for some of the runs is left out: its mean would be one over other runs."""
    shared = set(runs[0].metrics).intersection(*(run.metrics for run in runs))
    found = {N_REPEATS: float(len(runs))}
    for name in sorted(name for name in shared if not is_target_count(name)):
        values = [run.metrics[name] for run in runs]
        found[name] = fmean(values)
        if name.startswith("test/") and len(values) > 1:
            found[deviation_name(name)] = stdev(values)
    return found
