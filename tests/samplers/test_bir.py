"""How often BIR draws each candidate again, by its score and its popularity."""

import math

import pytest
import torch
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.config import Settings
from nsbench.errors import SettingsError
from nsbench.samplers.bir import Resampled
from nsbench.samplers.drawing.stream import Streams
from nsbench.samplers.sampler import Negatives, Sampler
from tests.samplers.log import streams_of

N = 4000


class Fixed(Sampler):
    """Proposes the same items to everybody; item 4 is masked."""

    def __init__(self, *item_ids: int) -> None:
        self._item_ids = item_ids

    def propose(self, batch: UserBatch, streams: Streams) -> Negatives:
        ids = torch.tensor(self._item_ids).expand(len(batch.users), 1, -1).contiguous()
        return Negatives(ids, ids < 4)

    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        return torch.zeros(1, 1, 1)


LOG_SHARE = torch.tensor([0.0, 0.5, 0.25, 0.25, 1.0], dtype=torch.float64).log()


def shares(n_resampled: int, scores: list[float], *item_ids: int) -> list[float]:
    """How often each candidate is kept, of N positions of two users."""
    sampler = Resampled(Fixed(*item_ids), n_resampled, LOG_SHARE)
    ids = torch.ones(2, N // 2, dtype=torch.int64)
    batch = UserBatch(torch.arange(2), torch.full((2,), N // 2), ids, ids)
    negatives = sampler.propose(batch, streams_of(sampler, 0))
    of_model = torch.tensor(scores).expand(2, N // 2, -1).contiguous()
    kept = sampler.select(negatives, of_model, of_model[..., 0]).mask
    found: list[float] = kept.double().mean((0, 1)).tolist()
    return found


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        # Equal scores: weights 1 / p, 2 to 4 to 4.
        ([0.0, 0.0, 0.0], [0.2, 0.4, 0.4]),
        # The pool is as popularity is: what is wanted is what is there.
        ([math.log(0.5), math.log(0.25), math.log(0.25)], [1 / 3, 1 / 3, 1 / 3]),
        # Weights 2 e^log 2, 4 and 4 e^-log 4: 4 to 4 to 1.
        ([math.log(2), 0.0, -math.log(4)], [4 / 9, 4 / 9, 1 / 9]),
    ],
)
def test_a_candidate_is_drawn_again_in_proportion_to_its_exponential_score_over_its_popularity(
    scores: list[float], expected: list[float]
) -> None:
    """Of 4000 positions: within four standard deviations of .8 points."""
    assert shares(1, scores, 1, 2, 3) == pytest.approx(expected, abs=0.032)


def test_two_are_drawn_without_putting_back() -> None:
    """Weights 2, 4, 4 of 10: the first is left out if the others come, 2 (.4 x .4 / .6) = .533; so it is in by .467."""
    assert shares(2, [0.0, 0.0, 0.0], 1, 2, 3) == pytest.approx([0.467, 0.767, 0.767], abs=0.032)


def test_what_the_user_has_had_is_never_drawn_again() -> None:
    """Item 4 is masked, whatever it scores."""
    found = shares(2, [0.0, 50.0, 0.0], 1, 4, 2)
    assert found == [1, 0, 1]


def test_more_resampled_than_proposed_is_refused() -> None:
    with pytest.raises(SettingsError, match="n_resampled is 200, but only 100 negatives are proposed"):
        Settings.of("bir", {"n_resampled": 200})
