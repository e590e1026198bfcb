"""Every backbone learns one batch by heart: what it can't, its gradient or its optimiser doesn't let it."""

import pytest
import torch

from nsbench.batching.batch import UserBatch
from nsbench.batching.step import step_of
from nsbench.losses import LOSSES
from nsbench.losses.loss import LossContext
from nsbench.models import MODELS
from nsbench.models.model import initial_model
from nsbench.samplers.random import RandomSettings
from nsbench.samplers.sampler import Negatives
from nsbench.training.settings import TrainingSettings
from nsbench.training.steps.step import Stepper
from tests.samplers.log import context_of, skewed_log

LOG = skewed_log()
LENGTH, N_ITEMS = 4, 24


def batch() -> UserBatch:
    """Six users with four positions each; each user's items are 1 to 24 from another place on, so that no two rows are alike."""
    rows = (torch.arange(6)[:, None] * 5 + torch.tensor([0, 7, 2, 11, 4])) % N_ITEMS + 1
    return UserBatch(torch.arange(6), torch.full((6,), LENGTH), rows[:, :-1], rows[:, 1:])


def every_other_item(batch: UserBatch) -> Negatives:
    """The whole catalogue as negatives, but the positive."""
    others = torch.arange(1, N_ITEMS).expand(6, LENGTH, -1)
    item_ids = others + (others >= batch.targets[..., None])
    return Negatives(item_ids[None], torch.ones_like(item_ids, dtype=torch.bool)[None])


@pytest.mark.parametrize("loss", ["bce", "softmax"])
@pytest.mark.parametrize("backbone", MODELS)
def test_one_batch_is_learnt_by_heart(backbone: str, loss: str) -> None:
    """With scores of 0 it is 2 ln 2 = 1.39 (BCE) or ln 24 = 3.18 (softmax of 24 items) at first; below .05 within 300 steps.

    The lowest of them: single steps of Adam may leap.
    """
    settings = MODELS[backbone].model_validate({"hidden_dim": 16, "max_length": LENGTH, "dropout_rate": 0.0})
    model = initial_model(settings, LOG.n_items, [torch.Generator().manual_seed(0)])
    built = LOSSES[loss]().build(LossContext(N_ITEMS - 1, N_ITEMS))
    stepper = Stepper(model, RandomSettings().build(context_of(LOG)), built, TrainingSettings(), [1e-2], [])
    users = batch()
    step, negatives = step_of([users]), every_other_item(users)
    losses = [stepper.step(step, negatives).item() for _ in range(300)]
    assert losses[0] > 1
    assert min(losses) < 0.05
