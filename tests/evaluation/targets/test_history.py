"""What of a history a model sees, on logs of a few interactions."""

import numpy as np
import pytest
import torch

from nsbench.data.dataset import Dataset, Histories
from nsbench.evaluation.baseline import MarkovBaseline
from nsbench.evaluation.evaluate import evaluate
from nsbench.evaluation.model_scorer import ModelScorer
from nsbench.evaluation.ranking import rank_targets
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.shard import WHOLE
from nsbench.evaluation.targets.history import encoded, seen_in_training
from nsbench.evaluation.targets.target import TargetMode, targets_of
from nsbench.models.model import Model, initial_model
from nsbench.models.sasrec.definition import SasrecSettings
from tests.builder import dataset_of
from tests.evaluation.scorer_builder import WrittenScorer

KEEP = EvaluationSettings(unseen_in_history="keep")


def log() -> Dataset:
    """Items 1 to 3 in training, 4 and 5 not; the test part begins with 4 and 5 for user 1, who is new."""
    return dataset_of(
        train=[[1, 2, 3, 1, 2, 1], []], valid=[[4, 3], []], test=[[5, 2], [4, 5, 1, 4, 2]], n_items=5, seen_items="keep"
    )


class Listener:
    """A scorer that writes down the histories that it is shown."""

    shard = WHOLE

    def __init__(self) -> None:
        self.shown: list[list[int]] = []

    def encode(self, histories: Histories) -> torch.Tensor:
        bounds = zip(histories.start, histories.end, strict=True)
        self.shown = [histories.item_ids[start:end].tolist() for start, end in bounds]
        return torch.zeros(len(histories), 1)

    def score(self, states: torch.Tensor, first: int, end: int) -> torch.Tensor:
        return torch.arange(first, end).float().repeat(len(states), 1)


def model(max_length: int = 3) -> Model:
    """A model of random parameters over five items."""
    random = torch.Generator().manual_seed(0)
    found = initial_model(SasrecSettings(hidden_dim=8, max_length=max_length), 5, [random])
    found.dense.add_(0.3 * torch.randn(found.dense.shape, generator=random))
    return found


@pytest.mark.parametrize(
    ("mode", "shown"),
    [
        ("rolling", [[1, 2, 3, 1, 2, 1, 3], [1, 2, 3, 1, 2, 1, 3], [], [], [1], [1]]),
        ("frozen", [[1, 2, 3, 1, 2, 1, 3]]),
        ("last", [[1, 2, 3, 1, 2, 1, 3], [1]]),
    ],
)
def test_items_without_a_training_interaction_are_not_shown(mode: TargetMode, shown: list[list[int]]) -> None:
    """The histories are 1 2 3 1 2 1 4 3 (5), and 4, 4 5, 4 5 1 and 4 5 1 4; those of 4 and 5 alone are empty."""
    scorer = Listener()
    evaluate(scorer, log(), "test", EvaluationSettings(targets=mode))
    assert scorer.shown == shown


def test_validation_goes_by_the_same_rule() -> None:
    scorer = Listener()
    evaluate(scorer, log(), "valid", EvaluationSettings())
    assert scorer.shown == [[1, 2, 3, 1, 2, 1], [1, 2, 3, 1, 2, 1]]


def test_kept_items_are_shown() -> None:
    scorer = Listener()
    evaluate(scorer, log(), "test", KEEP)
    assert scorer.shown[0] == [1, 2, 3, 1, 2, 1, 4, 3]
    assert scorer.shown[3] == [4, 5]


def test_targets_and_seen_items_are_those_of_the_whole_history() -> None:
    """Unseen items are candidates here. After 4 5 1, of which 1 is shown, target 4 is ranked against 2 and 3 alone.

    Scores rise with the id, so 4 is first of 2 3 4; with item 5 among them it would be second. User 0 has had all but the target.
    """
    dataset = log()
    settings = EvaluationSettings(seen_items="exclude", cold_items="tail")
    ranks = rank_targets(Listener(), dataset, targets_of(dataset, "test", "rolling"), settings)
    assert ranks.items.tolist() == [5, 2, 5, 1, 4, 2]
    assert ranks.ranks.tolist() == [1, 1, 1, 3, 1, 2]


def test_a_window_holds_the_last_items_that_are_left() -> None:
    """Of 1 2 3 9 9 with two positions that is 2 3; a window of the last two alone would hold nothing."""
    scorer = ModelScorer(
        initial_model(SasrecSettings(hidden_dim=8, max_length=2), 9, [torch.Generator().manual_seed(0)])
    )
    histories = Histories(np.array([1, 2, 3, 9, 9, 2, 3], dtype=np.int32), np.array([0, 5]), np.array([5, 7]))
    cut, wanted = scorer.encode(seen_in_training(histories, 3))
    assert torch.allclose(cut, wanted, atol=1e-6)


def test_a_model_sees_a_position_without_an_item_where_a_history_is_empty() -> None:
    """The state of an item whose vector is zero, the same for all empty histories, beside rows of other lengths."""
    sasrec = model()
    items = np.array([1, 2, 3, 5], dtype=np.int32)
    histories = Histories(items, np.array([2, 0, 0]), np.array([2, 3, 0]))
    first, whole, last = ModelScorer(sasrec).encode(histories)
    sasrec.items[0, 5] = 0
    (zero,) = ModelScorer(sasrec).encode(Histories(items, np.array([3]), np.array([4])))
    assert torch.allclose(first, zero, atol=1e-6)
    assert torch.allclose(last, zero, atol=1e-6)
    assert not torch.allclose(whole, zero, atol=1e-2)


def test_histories_that_are_all_empty_are_encoded() -> None:
    states = ModelScorer(model()).encode(Histories(np.array([], dtype=np.int32), np.zeros(3, int), np.zeros(3, int)))
    assert states.shape == (3, 8)
    assert bool(states.isfinite().all())


def test_a_model_does_not_look_at_the_vectors_of_unseen_items_unless_they_are_kept() -> None:
    """Other vectors of items 4 and 5 change nothing but where they are kept; as no candidates they are not scored."""
    dataset = log()
    targets = targets_of(dataset, "test", "rolling")
    one, other = model(), model()
    other.items[0, 4:] += 1.0
    states = [encoded(ModelScorer(each), dataset, targets, EvaluationSettings()) for each in (one, other)]
    assert torch.equal(*states)
    kept = [encoded(ModelScorer(each), dataset, targets, KEEP) for each in (one, other)]
    assert not torch.allclose(*kept)


def test_without_unseen_items_histories_are_the_datasets_own() -> None:
    dataset = dataset_of(train=[[1, 2, 3]], test=[[1, 2]])
    histories = targets_of(dataset, "test", "rolling").histories
    assert seen_in_training(histories, dataset.n_candidates) is histories


def test_a_markov_chain_goes_on_from_the_last_item_that_it_knows_and_from_none_by_popularity() -> None:
    """In training 2 follows 1 twice and 3 once. After 1 4 comes 2; after 4 alone the most popular, 1."""
    dataset = dataset_of(
        train=[[1, 2, 1], [1, 2, 1], [1, 3], [], []], test=[[], [], [], [1, 4, 2], [4, 1]], n_items=4, seen_items="keep"
    )
    ranks = rank_targets(MarkovBaseline(dataset), dataset, targets_of(dataset, "test", "rolling"), EvaluationSettings())
    assert ranks.items.tolist() == [4, 2, 1]
    assert ranks.ranks.tolist() == [np.inf, 1, 1]


def test_a_sample_of_users_is_shown_the_same() -> None:
    """The first history of the sample begins anywhere in the flat array."""
    items = np.array([9, 9, 1, 9, 2, 9, 3], dtype=np.int32)
    cut = seen_in_training(Histories(items, np.array([2, 4]), np.array([4, 7])), 3)
    shown = [cut.item_ids[start:end].tolist() for start, end in zip(cut.start, cut.end, strict=True)]
    assert shown == [[1], [2, 3]]


def test_exposure_lists_are_made_from_what_is_shown() -> None:
    """The scorer encodes once for ranks and lists."""
    scorer = WrittenScorer([[1, 2, 3, 4, 5]])
    evaluate(scorer, log(), "test", EvaluationSettings(), with_exposure=True)
    assert scorer.n_encoded == 6
