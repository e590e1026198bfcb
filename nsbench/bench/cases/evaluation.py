"""Evaluation as the bench measures it: the test interactions of some users ranked over the whole catalogue."""

import torch

from nsbench.bench.measuring.slice import Case
from nsbench.data.dataset import Dataset
from nsbench.evaluation.evaluate import evaluate
from nsbench.evaluation.model_scorer import ModelScorer
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.models.backbone import BackboneSettings
from nsbench.models.model import initial_model

SETTINGS = EvaluationSettings(cold_items="tail", unseen_in_history="keep")
"""Every item of the catalogue is a candidate and seen in histories, whether the log has it or not."""

_FLOPS_OF_A_CALL = 6e10
_FEWEST_USERS, _MOST_USERS = 128, 2_000


def evaluation_flops(model: BackboneSettings, n_items: int) -> float:
    """Useful floating-point operations of a target: 2 d for each candidate."""
    return 2.0 * model.hidden_dim * n_items


def evaluation_case(model: BackboneSettings, dataset: Dataset, device: torch.device) -> Case[None]:
    """Encodes and ranks the test interactions of some users, as many as take about a second."""
    scorer = ModelScorer(initial_model(model, dataset.n_items, [torch.Generator(device).manual_seed(0)]))
    n_users = round(_FLOPS_OF_A_CALL / evaluation_flops(model, dataset.n_items))
    n_users = min(max(n_users, _FEWEST_USERS), _MOST_USERS, dataset.n_users)

    def step(_: None) -> int:
        return len(evaluate(scorer, dataset, "test", SETTINGS, n_users=n_users).ranks)

    return Case(lambda: None, step, device)
