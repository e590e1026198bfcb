"""What a probe says of negatives, worked by hand."""

import numpy as np
import pytest
import torch
from torch import Tensor

from nsbench.batching.batch import BatchSampler, UserBatch
from nsbench.batching.window import windows_of
from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.evaluation.model_scorer import own_vectors
from nsbench.losses.binary_cross_entropy import BinaryCrossEntropy
from nsbench.models.model import Model, initial_model
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.runs.preparation import prepared
from nsbench.samplers import SAMPLERS
from nsbench.samplers.drawing.history import history_of, validation_items_of
from nsbench.samplers.drawing.stream import Streams
from nsbench.samplers.sampler import Negatives, Sampler
from nsbench.training.negative_probe import NegativeProbe
from tests.builder import dataset_of, with_some_negatives
from tests.samplers.log import CPU

SIZE = SasrecSettings(hidden_dim=4, n_blocks=1, max_length=4, dropout_rate=0.0)
LOG = dataset_of([[1, 2, 3], [1, 2, 4]], valid=[[5], [6]], test=[[7], [8]], n_items=8)
COHORTS = torch.tensor([-1, 0, 0, 1, 1, 2, 2, 2, 2])
"""Items 1 and 2 are head, 3 and 4 mid, the others tail."""


class Fixed(Sampler):
    """Proposes the same items to everybody."""

    def __init__(self, item_ids: list[int], mask: list[bool] | None = None) -> None:
        self._item_ids = torch.tensor(item_ids)
        self._mask = torch.ones(len(item_ids), dtype=torch.bool) if mask is None else torch.tensor(mask)

    def propose(self, batch: UserBatch, streams: Streams) -> Negatives:
        n = len(batch.users)
        return Negatives(self._item_ids.expand(n, 1, -1).contiguous(), self._mask.expand(n, 1, -1).contiguous())

    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        return torch.zeros(1, 1, 1)


def probe_of(sampler: Sampler, log: Dataset = LOG) -> NegativeProbe:
    batches = BatchSampler(log, windows_of(log, SIZE.max_length), 8, CPU)
    later = validation_items_of(log, CPU)
    return NegativeProbe(batches, sampler, BinaryCrossEntropy(), history_of(log, CPU), later, COHORTS, 8, CPU)


def flat_model() -> Model:
    """All scores are 0."""
    model = initial_model(SIZE, LOG.n_items, [torch.Generator().manual_seed(0)])
    model.items.zero_()
    return model


def metrics_of(sampler: Sampler, model: Model | None = None) -> dict[str, float]:
    of = flat_model() if model is None else model
    found = probe_of(sampler).metrics(of, seed=0, epoch=1, look_up=own_vectors, sampler_state=sampler.initial_state())
    return {name.removeprefix("negatives/"): value for name, value in found.items()}


def test_items_that_a_user_takes_in_validation_or_has_had_are_false_negatives() -> None:
    """Of 5, 6 and 7, user 0 takes 5 and user 1 takes 6: a third; of 3 and 8 user 0 has had 3: a quarter."""
    assert metrics_of(Fixed([5, 6, 7]))["false_share"] == pytest.approx(1 / 3)
    # Item 3 is user 0's own positive at one of its two positions, where it is no negative: 1 false of 7.
    assert metrics_of(Fixed([3, 8]))["false_share"] == pytest.approx(1 / 7)


def test_equal_scores_push_all_negatives_alike() -> None:
    """Sigmoid 1/2 each: three effective negatives, differences of 0, and the gradient by cohort as the items are."""
    found = metrics_of(Fixed([1, 7, 8]))
    assert found["effective_number"] == pytest.approx(3)
    assert [found[f"hardness_p{share}"] for share in (10, 50, 90)] == [0, 0, 0]
    assert found["gradient_share_head"] == pytest.approx(1 / 3)
    assert found["gradient_share_mid"] == 0
    assert found["gradient_share_tail"] == pytest.approx(2 / 3)
    assert found["catalogue_share"] == pytest.approx(3 / 8)


def test_masked_negatives_count_nothing() -> None:
    found = metrics_of(Fixed([1, 7, 8], [False, True, True]))
    assert found["effective_number"] == pytest.approx(2)
    assert found["gradient_share_head"] == 0
    assert found["catalogue_share"] == pytest.approx(2 / 8)


def test_without_any_negative_there_is_nothing_to_say() -> None:
    assert metrics_of(Fixed([7], [False])) == {}


def test_one_negative_that_outscores_the_others_is_the_effective_one() -> None:
    """The state is the last LayerNorm's bias where its scale is 0: (10, 0, 0, 0); items 7 and 8 score 10 and -10."""
    model = flat_model()
    named = model.named()
    named["norm.weight"].zero_()
    named["norm.bias"].zero_()
    named["norm.bias"][..., 0] = 10
    model.items[0, 7, 0], model.items[0, 8, 0] = 1, -1
    found = metrics_of(Fixed([7, 8]), model)
    assert found["effective_number"] == pytest.approx(1, abs=1e-3)
    assert found["hardness_p90"] == pytest.approx(10, abs=1e-3)
    assert found["hardness_p10"] == pytest.approx(-10, abs=1e-3)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_is_looked_at_and_the_same_way_twice(sampler: str) -> None:
    rng = np.random.default_rng(0)
    rows = [[1, *(int(item) for item in rng.permutation(np.arange(2, 25))[:6])] for _ in range(30)]
    log = with_some_negatives(dataset_of(_by_frequency(rows), [[3]] * 30, [[4]] * 30, n_items=24))
    settings = Settings.of(sampler, {"hidden_dim": 4, "n_blocks": 1, "max_length": 4, "batch_size": 16})
    _, probe = prepared(settings, log)
    model = initial_model(settings.model, log.n_items, [torch.Generator().manual_seed(0)])
    state = probe.sampler.initial_state()
    first, second = (probe.metrics(model, 0, 1, own_vectors, state) for _ in range(2))
    assert first == second
    shares = [first[f"negatives/gradient_share_{cohort}"] for cohort in ("head", "mid", "tail")]
    assert sum(shares) == pytest.approx(1, abs=1e-6)
    # The whole catalogue holds what users have had; the others leave it out.
    assert 0 <= first["negatives/false_share"] < (0.5 if settings.sampler.proposes_positive else 0.2)
    assert 1 <= first["negatives/effective_number"] <= settings.sampler.n_scored(24)
    assert probe.metrics(model, 0, 2, own_vectors, state) != first


def test_of_a_sampler_that_learns_what_the_training_has_learned_is_looked_at() -> None:
    """All draws from the tail: no negative is of the head or of mid, and what was given isn't changed."""
    settings = Settings.of("adaptive-cohort", {"hidden_dim": 4, "n_blocks": 1, "max_length": 4, "batch_size": 16})
    log = dataset_of([[1, 2, 3, 4], [1, 2, 5, 6], [1, 7, 8, 9]], [[3]] * 3, [[4]] * 3, n_items=9)
    _, probe = prepared(settings, log)
    model = initial_model(settings.model, log.n_items, [torch.Generator().manual_seed(0)])
    state = {**probe.sampler.initial_state(), "cohort_probabilities": torch.tensor([0, 0, 1.0], dtype=torch.float64)}
    found = probe.metrics(model, 0, 1, own_vectors, state)
    assert found["negatives/gradient_share_tail"] == pytest.approx(1)
    assert state["cohort_probabilities"].tolist() == [0, 0, 1]


def _by_frequency(rows: list[list[int]]) -> list[list[int]]:
    counts = np.bincount([item for row in rows for item in row], minlength=25)
    number = np.zeros(25, dtype=np.int64)
    number[np.argsort(-counts[1:], kind="stable") + 1] = np.arange(1, 25)
    return [number[row].tolist() for row in rows]
