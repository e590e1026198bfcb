"""What one run is, before it starts (`RunPlan`) and when it has ended (`RunRecord`).

Plain values only, so that the report can read records without torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from typing import Literal

from nsbench.evaluation.rank_table import RankTable
from nsbench.terms import RunKind

Scalar = str | int | float | bool | None
"""What a parameter can be."""


@dataclass(frozen=True)
class RunPlan:
    """What is known before a run starts; all of it is written before training begins.

    Attributes:
        kind: What the run stands for.
        dataset: The dataset's name; MLflow's experiment.
        dataset_hash: The content hash of its card.
        sampler: The method's or baseline's name, such as "mixed" or "popularity-baseline".
        label: What tables and figures call it.
        params: Every setting by its field's name.
        fingerprint: Hash of the settings, seed apart: runs with the same one may be averaged.
        protocol: How it is evaluated, as `nsbench.runs.plan.protocol_of` says it; others are never averaged with it.
        seed: The root seed.
        study: The study's name, or None.
        trial: The trial's number within the study, or None.
        tags: Further tags, by full name.
        dataset_card: The card as JSON text, for `log_input` and for the report.
    """

    kind: RunKind
    dataset: str
    dataset_hash: str
    sampler: str
    label: str
    params: Mapping[str, Scalar]
    fingerprint: str
    protocol: str
    seed: int
    study: str | None = None
    trial: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    dataset_card: str = "{}"


@dataclass(frozen=True)
class Validation:
    """Metrics of one ranking of the validation interactions, by full metric name; `epoch` counts from 1."""

    epoch: int
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Cost:
    """What a run took.

    Attributes:
        train_s: Seconds of training by the clock, validation apart.
        evaluate_s: Seconds of validation and test.
        n_epochs: Epochs trained.
        n_positives: Positives trained on, over all epochs.
        n_negatives_scored: Negatives scored, over all epochs.
        peak_memory_bytes: Peak of the process, or of the device.
        device: Such as "cpu" or a card's name.
        train_cpu_s: CPU seconds of the same training, over all threads and processes; not-a-number on a GPU, where it is the
            clock that tells.
    """

    train_s: float
    evaluate_s: float
    n_epochs: int
    n_positives: int
    n_negatives_scored: int
    peak_memory_bytes: int
    device: str
    train_cpu_s: float = nan


@dataclass(frozen=True)
class KeptModel:
    """A run's trained model, to be kept with it.

    Attributes:
        folder: Holds the model's files; they are copied.
        group: What models have in common of which only the best is kept.
        keep: Whether this one goes when a better one of its group is there, or stays.
        objective: The validation metric that says which is better.
        value: Its value; not-a-number where undefined, which is worse than any other.
    """

    folder: Path
    group: str
    keep: Literal["best", "all"]
    objective: str
    value: float


@dataclass(frozen=True)
class RunRecord:
    """A finished run.

    Attributes:
        plan: What was asked.
        metrics: Final metrics by full name (`nsbench.terms.metric_name`); not-a-number where undefined.
        validations: The metrics at each validation, in order; empty for baselines.
        best_epoch: The epoch whose parameters were kept; 0 for baselines.
        ranks: The test ranks; None where the test interactions were not ranked (trials).
        cost: What it took.
        run_id: MLflow's id, or None when nothing is tracked.
        model: The trained model; None where none is kept.
        negative_ranks: The test ranks of explicit negatives; None where there are none.
    """

    plan: RunPlan
    metrics: Mapping[str, float]
    validations: tuple[Validation, ...]
    best_epoch: int
    ranks: RankTable | None
    cost: Cost
    run_id: str | None = None
    model: KeptModel | None = None
    negative_ranks: RankTable | None = None
