"""What a training gives."""

from dataclasses import dataclass

from nsbench.models.model import Model
from nsbench.training.progress import Counts, Validation


@dataclass(frozen=True)
class TrainingResult:
    """What training gives.

    Attributes:
        replica_ids: The replicas that have a result, as the training began with them; what follows is theirs.
        model: Each replica's parameters at its best epoch, with what this process holds of the item table.
        best_epochs: Each replica's, counted from 1.
        n_epochs: Epochs until each replica stopped.
        cut_off: Whether each replica was at its last epoch before it could be told that it gets no better.
        validations: Each replica's validations, in order.
        counts: What these replicas took together, earlier attempts included.
    """

    replica_ids: tuple[int, ...]
    model: Model
    best_epochs: tuple[int, ...]
    n_epochs: tuple[int, ...]
    cut_off: tuple[bool, ...]
    validations: tuple[tuple[Validation, ...], ...]
    counts: Counts
