"""What happens to replicas while they train, and the two that the training loop calls: an observer and an evaluator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from nsbench.models.model import Model
from nsbench.samplers.drawing.stream import SamplerState
from nsbench.training.progress import Validation


class StopReplica(Exception):
    """Raised by an observer to end one replica without a result; those beside it go on."""


@dataclass(frozen=True)
class Resumed:
    """An earlier attempt is resumed, whose last validation was after this epoch (0: none); its validations follow."""

    epoch: int


@dataclass(frozen=True)
class Stepped:
    """A step was taken of all replicas that train side by side.

    Attributes:
        n_positives: Positives trained on, by all of them.
        losses: float32[replicas], one per replica. May still be on the device: reading them waits for it.
    """

    n_positives: int
    losses: Tensor


@dataclass(frozen=True)
class Validated:
    """The validation interactions were ranked after this epoch, counted from 1; metrics by full name."""

    epoch: int
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Ended:
    """The replica ends without a result, for this error, while others beside it go on."""

    error: Exception


TrainingEvent = Resumed | Stepped | Validated | Ended
"""What the loop reports; that all have been trained is its return value."""


class TrainingObserver(Protocol):
    """Observes replicas, which are counted from 0 as the training began with them.

    It may raise to end the training. A KeyboardInterrupt is a wish to resume later: a checkpoint is written before it is
    passed on. StopReplica ends the replica that the event is about, and no other.
    """

    @property
    def observes_steps(self) -> bool:
        """Whether it receives steps; where it doesn't, a step costs no event."""

    def observe(self, replicas: Sequence[int], event: TrainingEvent) -> None:
        """Takes an event in: that of a step is all replicas' that go on, any other one replica's.

        Where several processes train, each has an observer; validations go to process 0's alone.
        """


@dataclass(frozen=True)
class TrainedEpoch:
    """An epoch of a replica that has ended.

    Attributes:
        number: Counted from 1.
        loss: The mean over its positions.
        no_negative_share: The share of its positions that had no negative, in [0, 1].
        n_drawn: Items that were drawn as negatives at least once, in this epoch or an earlier one.
        sampler_state: What the sampler remembers of its steps; not to be changed.
    """

    number: int
    loss: float
    no_negative_share: float
    n_drawn: int
    sampler_state: SamplerState


class Evaluator(Protocol):
    """Ranks the validation interactions when the loop asks."""

    def validate(self, replica: int, model: Model, epoch: TrainedEpoch) -> Validation:
        """Ranks them by a replica; where several processes train, all call it together.

        Args:
            replica: Its number.
            model: The replica, with what this process holds of the item table.
            epoch: The epoch that has ended.
        """
