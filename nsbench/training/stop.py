"""How a training stops before its end: one replica alone, or all of it with a checkpoint kept."""

from collections.abc import Iterator
from contextlib import contextmanager

from nsbench.training.checkpoint.training_checkpoint import Checkpoint
from nsbench.training.event import StopReplica
from nsbench.training.state import TrainingState


@contextmanager
def kept_when_interrupted(state: TrainingState, checkpoint: Checkpoint) -> Iterator[None]:
    """Wraps what happens between two steps, where all that moves stands still."""
    try:
        yield
    except KeyboardInterrupt:
        snapshot, staying = state.snapshot(), state.staying
        if len(staying) < len(state.replicas):
            checkpoint.select_replicas(staying)
        checkpoint.save(snapshot)
        raise


@contextmanager
def stopping_alone(state: TrainingState, slot: int) -> Iterator[None]:
    """Wraps what may end one replica."""
    try:
        yield
    except StopReplica:
        state.leaving.add(slot)
