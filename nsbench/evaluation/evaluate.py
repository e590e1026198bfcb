"""One evaluation from scorer to metrics: targets, ranks, metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from nsbench.data.dataset import Dataset
from nsbench.evaluation.candidate import candidates_of
from nsbench.evaluation.explicit_negative import negative_targets_of
from nsbench.evaluation.lists.exposure import exposure_of
from nsbench.evaluation.lists.truth import truth_metrics_of
from nsbench.evaluation.metrics.explicit_negative import negative_metrics_of
from nsbench.evaluation.metrics.exposure import exposure_metrics_of
from nsbench.evaluation.metrics.of_ranks import metrics_of
from nsbench.evaluation.rank_table import RankTable
from nsbench.evaluation.ranking import rank_targets
from nsbench.evaluation.scorer import Scorer
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.targets.history import encoded
from nsbench.evaluation.targets.target import EvaluatedSplit, targets_of

EXPOSURE_CUTOFF = 10
"""Length of the lists whose exposure is counted."""


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation gives.

    Attributes:
        metrics: By full metric name; not a number where undefined.
        ranks: Every target's rank.
        negative_ranks: Those of explicit negatives; None where the dataset has none at that time.
    """

    metrics: Mapping[str, float]
    ranks: RankTable
    negative_ranks: RankTable | None = None


@torch.inference_mode()
def evaluate(
    scorer: Scorer,
    dataset: Dataset,
    split: EvaluatedSplit,
    settings: EvaluationSettings,
    *,
    n_users: int = 0,
    seed: int = 0,
    with_exposure: bool = False,
) -> Evaluation:
    """Ranks the targets of a split and computes the metrics; of the test those of explicit negatives too, where there are any.

    Where several processes evaluate together, all call it, each with its own share of the scorer, and get the same.

    Args:
        scorer: The model or baseline.
        dataset: The log.
        split: The part to predict.
        settings: The protocol. Its `validation_users` is not read: say `n_users`.
        n_users: How many users, as a sample; 0: all of them.
        seed: Root seed of that sample. Keep it the same over runs that are compared.
        with_exposure: Whether to count what is recommended too, which takes about as long as the ranks; and, where the log holds
            what users want, how much of that it is.

    Raises:
        DatasetError: The split holds no target.
        TrainingError: A score is not a number.
    """
    targets = targets_of(dataset, split, settings.targets, n_users, seed)
    states = encoded(scorer, dataset, targets, settings)
    ranks = rank_targets(scorer, dataset, targets, settings, states)
    metrics = metrics_of(ranks, split, settings.cutoffs)
    if with_exposure:
        ids = slice(1, candidates_of(dataset, settings).n_items + 1)
        exposure = exposure_of(scorer, dataset, targets, settings, EXPOSURE_CUTOFF, states)[ids]
        metrics |= exposure_metrics_of(exposure, np.asarray(dataset.train_counts)[ids], split, EXPOSURE_CUTOFF)
        if dataset.truth is not None:
            metrics |= truth_metrics_of(scorer, dataset, dataset.truth, targets, settings, EXPOSURE_CUTOFF, states)
    negatives = negative_targets_of(dataset, settings)
    if split != "test" or n_users or not len(negatives):
        return Evaluation(metrics, ranks)
    negative_ranks = rank_targets(scorer, dataset, negatives, settings)
    of_negatives = negative_metrics_of(negative_ranks, ranks, split, settings.cutoffs)
    return Evaluation({**metrics, **of_negatives}, ranks, negative_ranks)
