"""A log that follows one rule, which every backbone learns without an error."""

import pytest

from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.models import MODELS
from nsbench.runs.experiment import run
from nsbench.runs.request import RunRequest
from nsbench.terms import RunKind
from nsbench.tracking.tracker import NullTracker
from tests.builder import dataset_of

N_ITEMS = 30
TRAINED = {
    "hidden_dim": 32,
    "n_blocks": 1,
    "max_length": 8,
    "dropout_rate": 0.0,
    "batch_size": 16,
    "learning_rate": 1e-2,
    "max_epochs": 30,
    "validate_every": 10,
    "seen_items": "exclude",
    "cutoffs": [1, 10],
}


def cycle_log(step: int = 7) -> Dataset:
    """Users go on by `step` items around a ring of 30, two of them from each start: no item has two that may follow."""
    walks = [[(start + step * place) % N_ITEMS + 1 for place in range(12)] for start in range(N_ITEMS)] * 2
    return dataset_of([w[:9] for w in walks], [[w[9]] for w in walks], [w[10:] for w in walks], n_items=N_ITEMS)


@pytest.mark.parametrize("loss", ["bce", "softmax"])
@pytest.mark.parametrize("backbone", MODELS)
def test_a_rule_without_an_exception_is_learnt_to_a_hit_rate_of_one(backbone: str, loss: str) -> None:
    """All 120 test interactions at rank 1 of the 19 or 20 items that the user has not had."""
    fields = {name: value for name, value in TRAINED.items() if name != "n_blocks" or backbone != "gru4rec"}
    settings = Settings.of(f"random+{loss}+{backbone}", {**fields, "n_negatives": 20})  # type: ignore[dict-item]
    record = run(settings, cycle_log(), NullTracker(), RunRequest(RunKind.SINGLE, seed=0, objective="valid/all/mrr"))
    assert record.metrics["test/all/n_targets"] == 120
    assert record.metrics["test/all/hit_rate_at_1"] == 1
