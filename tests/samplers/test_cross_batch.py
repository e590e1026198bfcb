"""What the queue of the last batches' positives holds, for whom, and what is drawn from it."""

import pytest
import torch
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.samplers.cross_batch import CrossBatchSettings, PositiveQueue
from nsbench.samplers.drawing.stream import SamplerState, Streams
from tests.builder import dataset_of
from tests.pretend_gpu import PRETEND_GPU, pretended_gpu
from tests.samplers.log import CPU, context_of, streams_of

BATCHES = [[[1, 2, 3], [4, 0, 0]], [[5, 0, 0], [6, 0, 0]], [[7, 8, 0], [9, 0, 0]]]
"""Positives of three steps: 1 to 4, 5 and 6, 7 to 9."""


def queue_on(device: torch.device) -> PositiveQueue:
    return PositiveQueue(n_batches=2, width=6, target_share=torch.full((10,), 0.1, dtype=torch.float64, device=device))


def held(state: SamplerState) -> list[list[int]]:
    rows = zip(state["queued_items"].tolist(), state["queued_sizes"].tolist(), strict=True)
    return [row[:size] for row, size in rows]


def pushed(queue: PositiveQueue, device: torch.device, n: int) -> SamplerState:
    state = queue.initial_state()
    for targets in BATCHES[:n]:
        queue.push(state, torch.tensor(targets).to(device))
    return state


def drawn(queue: PositiveQueue, states: list[SamplerState], device: torch.device) -> Tensor:
    """[replicas, 3000]."""
    streams = Streams(*(torch.Generator(device).manual_seed(seed) for seed in range(len(states))), states=states)
    return queue.draw(torch.Size((len(states), 3000)), streams).cpu()


def test_the_queue_holds_the_positives_of_the_last_two_batches() -> None:
    """The third takes the place of the first."""
    states = [pushed(queue_on(CPU), CPU, n) for n in (1, 2, 3)]
    assert [held(state) for state in states] == [
        [[1, 2, 3, 4], []],
        [[1, 2, 3, 4], [5, 6]],
        [[7, 8, 9], [5, 6]],
    ]


@pytest.mark.parametrize("place", ["cpu", "gpu"])
def test_each_positive_of_a_replicas_own_queue_is_drawn_as_often(place: str) -> None:
    """Four positives for the first replica, five for the second: 750 and 600 draws each, give or take 120 (five deviations)."""
    with pretended_gpu():
        device = CPU if place == "cpu" else PRETEND_GPU
        queue = queue_on(device)
        found = drawn(queue, [pushed(queue, device, n) for n in (1, 3)], device)
    for own, items, n in ((found[0], [1, 2, 3, 4], 750), (found[1], [5, 6, 7, 8, 9], 600)):
        assert sorted(set(own.tolist())) == items
        assert [int((own == item).sum()) for item in items] == pytest.approx([n] * len(items), abs=120)


def test_a_user_gets_what_users_of_the_step_before_chose_and_never_an_item_of_the_own_history() -> None:
    """User 0 chose 2 and 3 after 1, user 1 chose 5 and 6 after 4: alone in a step, each gets what the other one chose."""
    log = dataset_of([[1, 2, 3], [4, 5, 6]])
    sampler = CrossBatchSettings(n_negatives=50).build(context_of(log))
    streams = streams_of(sampler, 0)
    steps = [
        UserBatch(*(torch.tensor(part) for part in own))
        for own in (([0], [2], [[1, 2]], [[2, 3]]), ([1], [2], [[4, 5]], [[5, 6]]))
    ]
    first, second = (sampler.propose(step, streams) for step in steps)
    assert not first.mask.any()
    assert set(second.item_ids[second.mask].tolist()) == {2, 3}


def test_what_one_replica_remembers_another_does_not() -> None:
    """The sampler is shared; the states are not, and one that has taken no step holds nothing."""
    log = dataset_of([[1, 2, 3], [4, 5, 6]])
    sampler = CrossBatchSettings().build(context_of(log))
    states = [sampler.initial_state() for _ in range(2)]
    step = UserBatch(*(torch.tensor(part) for part in ([0], [2], [[1, 2]], [[2, 3]])))
    sampler.propose(step, Streams(torch.Generator(), states=states[:1]))
    assert [int(state["n_queued"]) for state in states] == [1, 0]
