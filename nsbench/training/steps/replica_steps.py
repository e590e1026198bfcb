"""How replicas take their steps: in the same kernels, or one after the other.

Kernels that serve several replicas are launched once for all of them, which is most of what small steps and GPUs spend; but
rows then lie in rectangles as long as the longest replica's. Replicas that have enough to do by themselves are therefore
quicker one after the other on a CPU, and then equal the same seed trained alone bit for bit, not only up to rounding.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, final

import torch
from torch import Tensor

from nsbench.batching.batch import BatchSampler
from nsbench.batching.buckets import MEASURED, LayoutPolicy
from nsbench.batching.static_layout import StaticLayout
from nsbench.batching.step import Step, step_of
from nsbench.models.model import Model
from nsbench.samplers.sampler import Negatives
from nsbench.training.batch_stream import TrainingBatch, stacked, states_of
from nsbench.training.checkpoint.state_tensor import State, StateTensor, joined, select
from nsbench.training.steps.step import Stepper

IN_TURN_FROM = 1_000
"""Positives of a replica's step from which taking turns is quicker on a CPU."""


class ReplicaSteps(Protocol):
    """Takes the steps of some replicas."""

    def step(self, batches: Sequence[TrainingBatch]) -> Tensor:
        """One step of every replica; float32[replicas], the losses before it.

        Args:
            batches: One per replica, or one of all.
        """

    def state(self) -> dict[str, StateTensor]:
        """What the next step depends on beside the model, of all replicas, however steps are taken."""

    def restore(self, state: State) -> None:
        """Takes over what `state` gave."""


@final
class BatchedReplicas:
    """All replicas in the same kernels.

    Args:
        stepper: Of all replicas.
        static: The layout of most steps; None: each has its own.
    """

    def __init__(self, stepper: Stepper, static: StaticLayout | None = None) -> None:
        self._stepper = stepper
        self.static = static

    @property
    def generators(self) -> Sequence[torch.Generator]:
        """The dropout streams, one per replica."""
        return self._stepper.generators

    def step(self, batches: Sequence[TrainingBatch]) -> Tensor:
        """One step of every replica."""
        return self._stepper.step(*laid_out(batches, self.static), states_of(batches))

    def state(self) -> dict[str, StateTensor]:
        """The stepper's; shares memory."""
        return self._stepper.state()

    def restore(self, state: State) -> None:
        """Takes over what `state` gave."""
        self._stepper.restore(state)


@final
class SequentialReplicas:
    """One replica after the other.

    Args:
        steppers: One per replica.
    """

    def __init__(self, steppers: Sequence[Stepper]) -> None:
        self._steppers = steppers

    def step(self, batches: Sequence[TrainingBatch]) -> Tensor:
        """One step of every replica."""
        pairs = zip(self._steppers, batches, strict=True)
        return torch.cat([own.step(*laid_out([batch]), batch.sampler_states) for own, batch in pairs])

    def state(self) -> dict[str, StateTensor]:
        """The steppers', put together."""
        return joined([stepper.state() for stepper in self._steppers])

    def restore(self, state: State) -> None:
        """Takes over what `state` gave."""
        for slot, stepper in enumerate(self._steppers):
            stepper.restore(select(state, [slot]))


def laid_out(
    training_batches: Sequence[TrainingBatch], static: StaticLayout | None = None, policy: LayoutPolicy = MEASURED
) -> tuple[Step, Negatives]:
    """What a stepper takes of the replicas' training batches: users who share negatives lie in one bucket.

    Args:
        training_batches: One per replica, or one of all.
        static: Taken where the users fit in; None, or where they don't: a layout of their own.
        policy: What a layout of their own is weighed by.
    """
    negatives, batches = stacked(training_batches), [one.batch for one in training_batches]
    if static is None:
        return step_of(batches, negatives.users_per_draw, policy=policy), negatives
    step = step_of(batches, negatives.users_per_draw, static.layout_for(batches, negatives.users_per_draw))
    n_drawn = tuple(static.n_drawn(lengths) for batch in batches for lengths in batch.known_lengths)
    return replace(step, n_drawn=n_drawn), negatives


def static_layout(batches: BatchSampler, n_replicas: int, device: torch.device) -> StaticLayout | None:
    """The layout that most steps have on a GPU; None on a CPU, where each has its own."""
    return None if device.type == "cpu" else StaticLayout(batches.static_lengths(), n_replicas, device)


def replica_steps(model: Model, stepper: Callable[[Model, slice], Stepper], batches: BatchSampler) -> ReplicaSteps:
    """The steps of a model's replicas, taken in the way that is quicker.

    Args:
        model: All replicas.
        stepper: Makes the stepper of some of them, given as a model that shares memory and by their slots.
        batches: Of one replica.
    """
    device = model.items.device
    if not takes_turns(model.n_replicas, batches.mean_positives, device):
        return BatchedReplicas(stepper(model, slice(None)), static_layout(batches, model.n_replicas, device))
    slots = range(model.n_replicas)
    return SequentialReplicas([stepper(model.replica(slot), slice(slot, slot + 1)) for slot in slots])


def takes_turns(n_replicas: int, n_positives: float, device: torch.device) -> bool:
    """Whether replicas are quicker one after the other.

    Args:
        n_replicas: How many.
        n_positives: Of one replica's step.
        device: Where they run.
    """
    return n_replicas > 1 and device.type == "cpu" and n_positives >= IN_TURN_FROM
