"""One observer for a training whose steps one process takes, or several together."""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

from nsbench.errors import TrainingError
from nsbench.tensors.process_group import ProcessGroup, from_first
from nsbench.training.event import Ended, Resumed, Stepped, TrainingObserver, Validated
from nsbench.training.progress import Validation


@final
class GroupObserver:
    """Makes the loop's events, sends validations to process 0 alone, and stops all processes at the same step.

    Args:
        observer: This process's own.
        group: The processes.
    """

    def __init__(self, observer: TrainingObserver, group: ProcessGroup) -> None:
        self._observer = observer
        self._observes_steps = observer.observes_steps
        self._group = group

    def resumed(self, replica: int, validations: Sequence[Validation]) -> None:
        """An earlier attempt is resumed, in which a replica had these validations; all processes know them."""
        self._observer.observe((replica,), Resumed(validations[-1].epoch if validations else 0))
        for validation in validations:
            self._observer.observe((replica,), Validated(validation.epoch, validation.metrics))

    def stepped(self, replicas: Sequence[int], n_positives: int, losses: Tensor) -> None:
        """A step was taken; a process that is stopped by it stops the others.

        Raises:
            KeyboardInterrupt: Another process wants to stop.
        """
        try:
            if self._observes_steps:
                self._observer.observe(replicas, Stepped(n_positives, losses))
        except BaseException:
            self._any_stops(own=True)
            raise
        if self._any_stops(own=False):
            raise KeyboardInterrupt

    def validated(self, replica: int, validation: Validation) -> Validation:
        """Gives process 0's validation to all, once its observer has taken it in."""

        def observed() -> Validation:
            self._observer.observe((replica,), Validated(validation.epoch, validation.metrics))
            return validation

        return from_first(self._group, observed)

    def failed(self, replica: int, error: TrainingError) -> None:
        """A replica's loss is NaN or infinite, or it had no negatives; every process sees the same."""
        self._observer.observe((replica,), Ended(error))

    def _any_stops(self, *, own: bool) -> bool:
        if self._group.size == 1:
            return own
        (n_stopping,) = self._group.all_reduce(torch.tensor([float(own)]))
        return n_stopping.item() > 0
