"""A run as it is read back, and what a reader of runs can be asked. Free of MLflow, so that the report is too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import nan
from typing import Literal, Protocol

from nsbench.evaluation.rank_table import RankTable
from nsbench.negative_count import UNTAGGED, CountFields
from nsbench.terms import PRUNED, RunKind, Tag

RunStatus = Literal["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]
"""MLflow's states of a run. A run whose process was killed stays RUNNING: nothing closes it."""


@dataclass(frozen=True)
class StoredRun:
    """A run in the store.

    Attributes:
        run_id: The store's id.
        name: What the store's table calls it.
        status: How far it got.
        kind: What the run stands for.
        dataset: The dataset's name.
        dataset_hash: The content hash of its card.
        dataset_card: The card as JSON text; "{}" where the run holds none.
        sampler: The method's or baseline's name.
        label: What tables and figures call it.
        study: The study's name, or None.
        trial: The trial's number within the study, or None.
        seed: The root seed; None for a study.
        protocol: How it was evaluated.
        fingerprint: Hash of the settings, seed apart.
        params: Settings by name, as text.
        metrics: Latest value by full name; undefined ones are missing.
        tags: All tags by full name.
        started: When it started.
        ended: When it ended, or None.
        experiment_id: The store's id of the experiment that it lies in.
        artifact_uri: Where its artifacts lie.
        faults: What of it could not be read, in sentences without a full stop; such a field has its default.
    """

    run_id: str
    name: str
    status: RunStatus
    kind: RunKind
    dataset: str
    dataset_hash: str
    sampler: str
    label: str
    started: datetime
    ended: datetime | None = None
    dataset_card: str = "{}"
    study: str | None = None
    trial: int | None = None
    seed: int | None = None
    protocol: str = ""
    fingerprint: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    experiment_id: str = ""
    artifact_uri: str = ""
    faults: tuple[str, ...] = ()

    def metric(self, name: str) -> float:
        """The metric's latest value; not-a-number where undefined."""
        return self.metrics.get(name, nan)

    @property
    def is_pruned(self) -> bool:
        """Whether a study's pruner ended it."""
        return self.tags.get(Tag.END_REASON, "").startswith(PRUNED)

    @property
    def count_fields(self) -> CountFields:
        """The settings that count its sampler's negatives."""
        if Tag.N_PROPOSED not in self.tags:
            return UNTAGGED
        return CountFields.read(self.tags[Tag.N_PROPOSED], self.tags.get(Tag.N_KEPT, ""))


@dataclass(frozen=True)
class MetricPoint:
    """A metric at a validation; `epoch` counts from 1, and is 0 for what was never validated."""

    epoch: int
    value: float


class RunReader(Protocol):
    """Where runs are read back from."""

    @property
    def location(self) -> str:
        """The store, as it may be shown."""

    def datasets(self) -> tuple[str, ...]:
        """The datasets that have runs, in alphabetical order."""

    def runs(
        self, dataset: str, kinds: Sequence[RunKind] = (), sampler: str | None = None, study: str | None = None
    ) -> tuple[StoredRun, ...]:
        """The runs of a dataset, oldest first.

        Args:
            dataset: Its name.
            kinds: Only these kinds; empty: all.
            sampler: Only this sampler.
            study: Only this study.

        Raises:
            TrackingError: The store has no such dataset.
        """

    def all_runs(self, datasets: Sequence[str]) -> Mapping[str, tuple[StoredRun, ...]]:
        """All runs of some datasets by the dataset's name, each oldest first; may build upon what was read before.

        Raises:
            TrackingError: The store lacks one of the datasets.
        """

    def histories(self, run_ids: Sequence[str], name: str) -> Mapping[str, tuple[MetricPoint, ...]]:
        """A metric of some runs at every validation, by epoch; empty where it was never recorded."""

    def ranks(self, run_id: str) -> RankTable:
        """The test ranks of a run.

        Raises:
            DamagedRanks: The file holds no ranks.
            UnreachableRanks: The place where they lie can't be read.
            TrackingError: The run has none.
        """
