"""What a study found, as its own run keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nsbench.tracking.record import Scalar


@dataclass(frozen=True)
class StudySummary:
    """The status of a study; written again each time the study ends or goes on.

    Attributes:
        study: The study's name; one run of kind `study` stands for it.
        dataset: The dataset's name; MLflow's experiment.
        dataset_hash: The content hash of its card.
        sampler: The method's name: a sampler's, and what of loss and backbone isn't the default.
        label: What tables and figures call it.
        objective: The full name of the metric that the study maximises.
        best_params: The best point's searched settings; empty while no trial has finished.
        best_value: The mean objective of its trials, or None while no trial has finished.
        best_trial: The number of the first of them, or None.
        n_planned: Trials asked for.
        n_finished: Trials that ended with a value.
        n_pruned: Trials that the pruner ended.
        n_failed: Trials that raised or were killed.
        n_cut_off: Those of `n_finished` that ended at their last epoch, while they might still have got better.
        figures: Image or HTML files to keep with the run, such as the history and the importance of the settings.
    """

    study: str
    dataset: str
    dataset_hash: str
    sampler: str
    label: str
    objective: str
    best_params: Mapping[str, Scalar]
    best_value: float | None
    best_trial: int | None
    n_planned: int
    n_finished: int
    n_pruned: int
    n_failed: int
    n_cut_off: int
    figures: tuple[Path, ...] = ()
