"""States after the last item, against the definition at every position."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from nsbench.batching.batch import UserBatch
from nsbench.batching.step import step_of
from nsbench.data.dataset import Histories
from nsbench.errors import TrainingError
from nsbench.evaluation.model_scorer import ModelScorer
from nsbench.models.model import initial_model
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.models.sasrec.last_state import LastStateEncoder


@pytest.mark.parametrize("attention_output", [True, False])
@pytest.mark.parametrize("n_blocks", [1, 2, 3])
@pytest.mark.parametrize("n_heads", [1, 2])
def test_states_equal_those_of_the_whole_model_at_the_last_positions(
    n_heads: int, n_blocks: int, attention_output: bool
) -> None:
    """Rows of 1 to 7 items in several rectangles; biases and scales off their first values."""
    settings = SasrecSettings(
        hidden_dim=8, n_heads=n_heads, n_blocks=n_blocks, attention_output=attention_output, max_length=9
    )
    random = torch.Generator().manual_seed(0)
    model = initial_model(settings, 30, [random])
    model.dense.add_(0.2 * torch.randn(model.dense.shape, generator=random))
    lengths = torch.tensor([7] * 60 + [6, 4, 3] + [2] * 80 + [1] * 50)
    ids = torch.randint(1, 31, (len(lengths), 7), generator=random)
    ids = torch.where(torch.arange(7) < lengths[:, None], ids, 0)
    step = step_of([UserBatch(torch.zeros_like(lengths), lengths, ids, ids)])
    assert len(step.buckets) > 1
    vectors = functional.embedding(step.in_buckets.inputs, model.items[0])
    everywhere = model.backbone.encode(model.named(), step.in_buckets, vectors, None)[0]
    ends = np.flatnonzero((step.in_buckets.column == step.lengths[0, step.in_buckets.row] - 1).numpy())
    ranking = model.backbone.ranking_pass(model.dense, lambda items: functional.embedding(items, model.items[0]))
    assert isinstance(ranking, LastStateEncoder)
    assert torch.allclose(ranking.encode(step), everywhere[ends], atol=1e-5)


@pytest.mark.parametrize("part", ["dense", "items"])
def test_a_model_that_has_diverged_is_an_error(part: str) -> None:
    """One parameter that is no number, in an item that no history holds."""
    model = initial_model(SasrecSettings(hidden_dim=8, max_length=4), 5, [torch.Generator().manual_seed(0)])
    getattr(model, part)[0, -1] = torch.nan
    histories = Histories(np.array([1, 2], dtype=np.int32), np.array([0]), np.array([2]))
    with pytest.raises(TrainingError, match="diverged"):
        ModelScorer(model).encode(histories)
