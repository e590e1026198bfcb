"""Which candidate AHNS takes for a position, by the score of its positive."""

import pytest
import torch

from nsbench.config import Settings
from nsbench.errors import SettingsError
from nsbench.samplers.ahns import AhnsSettings
from nsbench.samplers.sampler import Negatives, Sampler
from tests.samplers.log import context_of, skewed_log
from tests.samplers.on_gpu import SamplerOnGpu

LOG = skewed_log()
IDS = torch.tensor([[[1, 2, 3, 4]]])
VALID = torch.ones(1, 1, 4, dtype=torch.bool)


@pytest.fixture(name="place", params=["cpu", "gpu"])
def _place(request: pytest.FixtureRequest) -> str:
    place: str = request.param
    return place


def ahns(place: str, n_nearest: int = 1) -> Sampler:
    settings = AhnsSettings(n_negatives=4, n_nearest=n_nearest, hardness_alpha=1.0, hardness_beta=2.0)
    return settings.build(context_of(LOG)) if place == "cpu" else SamplerOnGpu(settings, LOG)


def taken(sampler: Sampler, mask: torch.Tensor, scores: list[float], positives: list[float]) -> list[list[int]]:
    """For each position, all of which have the same candidates, the ids that are kept."""
    candidates = torch.tensor(scores).expand(1, len(positives), -1).contiguous()
    kept = sampler.select(Negatives(IDS, mask), candidates, torch.tensor([positives])).mask[0]
    return [IDS[0, 0, row].tolist() for row in kept]


def test_a_positive_that_scores_higher_gets_a_negative_that_scores_lower(place: str) -> None:
    """2 / (s+ + 1) is 2, 1 and 1/2 for positives of 0, 1 and 3; one below 0 is as one of 0."""
    found = taken(ahns(place), VALID, [0.6, 1.9, 5.0, 1.1], [0.0, 1.0, 3.0, -7.0])
    assert found == [[2], [4], [1], [2]]


def test_the_nearest_are_taken_from_both_sides_and_of_equal_ones_the_first(place: str) -> None:
    """2 / (1 + 1) = 1 is wanted: .75 and 1.5 are the nearest; of 2 and twice 0 all are 1 away, and the first is taken."""
    assert taken(ahns(place, 2), VALID, [0.75, 3.0, 1.5, 0.0], [1.0]) == [[1, 3]]
    assert taken(ahns(place), VALID, [-4.0, 2.0, 0.0, 0.0], [1.0]) == [[2]]


def test_what_the_user_has_had_is_never_the_nearest(place: str) -> None:
    """1 is wanted, and the candidate that scores 1 is masked; with fewer valid ones than are asked for, those are kept."""
    mask = torch.tensor([[[False, True, True, True]]])
    assert taken(ahns(place), mask, [1.0, 3.0, -0.5, 7.0], [1.0]) == [[3]]
    assert taken(ahns(place, 3), torch.tensor([[[False, False, True, False]]]), [1.0, 3.0, -0.5, 7.0], [1.0]) == [[3]]


def test_more_nearest_than_proposed_is_refused() -> None:
    with pytest.raises(SettingsError, match="n_nearest is 40, but only 32 negatives are proposed"):
        Settings.of("ahns", {"n_nearest": 40})
