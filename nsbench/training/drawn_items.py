"""Which items each replica has been given as negatives since its training began: how much of the catalogue it has seen.

Marked at every step, so the count is no estimate; it takes part in no result.
"""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

from nsbench.training.checkpoint.state_tensor import StateTensor, leading


@final
class DrawnItems:
    """A mark for each item of each replica.

    Args:
        n_replicas: How many.
        n_items: Items, padding not counted.
        device: Where negatives are drawn.
    """

    def __init__(self, n_replicas: int, n_items: int, device: torch.device) -> None:
        self._is_drawn = torch.zeros(n_replicas, n_items + 1, dtype=torch.bool, device=device)

    def add(self, item_ids: Sequence[Tensor]) -> None:
        """Marks what was proposed for a step.

        Args:
            item_ids: int64[draws, length | 1, n] of each replica; or of all of them, one after the other, or shared by all.
        """
        if len(item_ids) < len(self._is_drawn):
            (of_all,) = item_ids
            n_own = len(self._is_drawn) if len(of_all) % len(self._is_drawn) == 0 else 1
            own = of_all.reshape(n_own, -1)
            self._is_drawn.scatter_(1, own.expand(len(self._is_drawn), -1), value=True)
            return
        for is_drawn, own in zip(self._is_drawn, item_ids, strict=True):
            if is_drawn.device.type == "cpu":
                # By numpy, in a third of torch's time.
                is_drawn.numpy()[own.numpy().ravel()] = True
            else:
                is_drawn.scatter_(0, own.flatten(), value=True)

    def counts(self) -> list[int]:
        """How many items of the catalogue each replica has been given; waits for the device."""
        counts: list[int] = self._is_drawn[:, 1:].sum(1).tolist()
        return counts

    def state(self) -> StateTensor:
        """bool[replicas, n_items + 1], the marks; shares memory."""
        return leading(self._is_drawn)

    def restore(self, state: StateTensor) -> None:
        """Takes over what `state` gave."""
        self._is_drawn.copy_(state.tensor)
