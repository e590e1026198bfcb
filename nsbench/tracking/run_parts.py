"""MLflow's run as ours: which tag, parameter or dataset input holds which field."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from nsbench.terms import RunKind, Tag
from nsbench.tracking.stored_run import RunStatus, StoredRun

NO_CARD = "{}"
"""The card of a run that holds none."""

_KINDS = frozenset(kind.value for kind in RunKind)


@dataclass(frozen=True)
class RunParts:
    """What MLflow tells of a run, whichever way it was asked.

    Attributes:
        run_id: MLflow's id.
        experiment_id: The experiment that it lies in.
        name: What MLflow's table calls it.
        status: How far it got.
        started_ms: Milliseconds since 1970.
        ended_ms: The same; 0 where it has not ended.
        artifact_uri: Where its artifacts lie.
        params: By name.
        metrics: Latest values by name.
        tags: By name.
        card: The profile of its first dataset input.
    """

    run_id: str
    experiment_id: str
    name: str
    status: RunStatus
    started_ms: int
    ended_ms: int
    artifact_uri: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    card: str


@contextmanager
def paused_collection() -> Iterator[None]:
    """Keeps Python's garbage collector from walking over the 100 objects of every run, again and again.

    Measured on a store of 5,000 runs, through MLflow's client: 7 s instead of 19 s to read them all.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def stored_run_of(parts: RunParts, dataset: str) -> StoredRun | None:
    """A run of an experiment that is named after its dataset; None where it is of none of nsbench's kinds."""
    tags = parts.tags
    if tags.get(Tag.KIND) not in _KINDS:
        return None
    return StoredRun(
        run_id=parts.run_id,
        experiment_id=parts.experiment_id,
        artifact_uri=parts.artifact_uri,
        name=parts.name,
        status=parts.status,
        kind=RunKind(tags[Tag.KIND]),
        dataset=tags.get(Tag.DATASET, dataset),
        dataset_hash=tags.get(Tag.DATASET_HASH, ""),
        sampler=tags.get(Tag.SAMPLER, ""),
        label=tags.get(Tag.LABEL) or tags.get(Tag.SAMPLER, ""),
        started=_time(parts.started_ms),
        ended=_time(parts.ended_ms) if parts.ended_ms else None,
        dataset_card=parts.card,
        study=tags.get(Tag.STUDY),
        trial=_whole(tags.get(Tag.TRIAL)),
        seed=_whole(tags.get(Tag.SEED)),
        protocol=tags.get(Tag.PROTOCOL, ""),
        fingerprint=tags.get(Tag.SETTINGS, ""),
        params=parts.params,
        metrics=parts.metrics,
        tags=tags,
    )


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.lstrip("-").isdigit() else None
