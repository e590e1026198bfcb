"""Evaluation rates: targets ranked a second over the whole catalogue."""

import time
from dataclasses import dataclass

import torch

from nsbench.bench.workload import Workload
from nsbench.data.dataset import Dataset
from nsbench.device import choose_device
from nsbench.evaluation.evaluate import evaluate
from nsbench.evaluation.model_scorer import ModelScorer
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.model import ModelSettings, initial_model


@dataclass(frozen=True)
class EvaluationRate:
    """What ranking the test interactions reaches.

    Attributes:
        targets_per_s: Targets encoded and ranked.
        useful_flops: FLOP/s of the scores, 2 d for each target and candidate.
    """

    targets_per_s: float
    useful_flops: float


def evaluation_rate(dataset: Dataset, workload: Workload, n_users: int) -> EvaluationRate:
    """Ranks the test interactions of some users once, after a small warm-up."""
    model = ModelSettings(max_length=workload.max_length)
    generator = torch.Generator(choose_device()).manual_seed(0)
    scorer = ModelScorer(initial_model(model, dataset.n_items, [generator]))
    settings = EvaluationSettings()
    evaluate(scorer, dataset, "test", settings, n_users=min(64, n_users))
    started = time.perf_counter()
    ranks = evaluate(scorer, dataset, "test", settings, n_users=n_users).ranks
    seconds = time.perf_counter() - started
    n_targets = len(ranks.ranks)
    return EvaluationRate(n_targets / seconds, 2 * model.hidden_dim * n_targets * dataset.n_candidates / seconds)
