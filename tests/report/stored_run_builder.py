"""Made-up stored runs and the estimates that follow from them, without a store."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from nsbench.method import Method
from nsbench.report.analysis import summary_of_runs
from nsbench.report.summary import DatasetSummary
from nsbench.terms import RunKind, Tag
from nsbench.tracking.stored_run import RunStatus, StoredRun
from tests.tracking.run_builder import final_metrics

START = datetime(2026, 1, 1, tzinfo=UTC)


def stored(
    sampler: str = "mixed",
    seed: int = 0,
    metrics: Mapping[str, float] | None = None,
    *,
    minute: int = 0,
    kind: RunKind = RunKind.REPEAT,
    status: RunStatus = "FINISHED",
    dataset_hash: str = "hash",
    protocol: str = "rolling",
    fingerprint: str = "settings",
    study: str | None = None,
    tags: Mapping[str, str] | None = None,
    card: str = "{}",
    params: Mapping[str, str] | None = None,
) -> StoredRun:
    """A run that started `minute` minutes after all began; its label is the sampler's name."""
    return StoredRun(
        run_id=f"{sampler}-{seed}-{minute}",
        name=sampler,
        status=status,
        kind=kind,
        dataset="demo",
        dataset_hash=dataset_hash,
        sampler=sampler,
        label=sampler,
        started=START + timedelta(minutes=minute),
        seed=seed,
        protocol=protocol,
        fingerprint=fingerprint,
        study=study,
        metrics=final_metrics(0.1, 0.3, 0.1, 0.05, 0.5) if metrics is None else metrics,
        tags=tags or {},
        params=params or {},
        dataset_card=card,
    )


def repeats(
    sampler: str,
    hit_rates: list[float],
    balance: float,
    *,
    first_minute: int = 0,
    tags: Mapping[str, str] | None = None,
) -> list[StoredRun]:
    """One run a hit rate, with head, mid and tail hit rates of twice, once and half of it."""
    return [
        stored(
            sampler, seed, final_metrics(rate, 2 * rate, rate, rate / 2, balance), minute=first_minute + seed, tags=tags
        )
        for seed, rate in enumerate(hit_rates)
    ]


def summary_of(*groups: list[StoredRun]) -> DatasetSummary:
    return summary_of_runs("demo", [run for group in groups for run in group])


def with_exposure(runs: list[StoredRun], coverage: list[float], popularity: float, gini: float) -> list[StoredRun]:
    """The runs with what they recommend: one coverage per run, and the same popularity and Gini in all."""
    return [
        replace(
            run,
            metrics={
                **run.metrics,
                "test/all/coverage_at_10": share,
                "test/all/recommended_popularity_at_10": popularity,
                "test/all/exposure_gini_at_10": gini,
            },
        )
        for run, share in zip(runs, coverage, strict=True)
    ]


def of_method(runs: list[StoredRun], name: str, loss: str = "bce", model: str = "sasrec") -> list[StoredRun]:
    """The same runs as those of a method, with the label that the command line gives it."""
    tags = {Tag.LOSS: loss, Tag.MODEL: model}
    label = Method.of(name).label
    return [
        replace(run, run_id=f"{name}-{run.run_id}", sampler=name, label=label, tags={**run.tags, **tags})
        for run in runs
    ]
