"""Independent draws that leave out the user's history, by drawing again where an item is in it."""

from collections.abc import Callable

import torch
from torch import Tensor

from nsbench.data.batch import UserBatch
from nsbench.samplers.history import UserHistory
from nsbench.samplers.sampler import Negatives, Sharing

N_REDRAWS = 8
"""After so many more draws an item that is still in the history is masked instead: only users whose history holds most
of the proposal's probability get that far."""

Draw = Callable[[torch.Size], Tensor]
"""Gives int64 item ids of a shape."""


def shape_of(batch: UserBatch, sharing: Sharing, n_negatives: int) -> torch.Size:
    """The shape of a draw that is shared by positions or users."""
    n_users, length = batch.inputs.shape
    if sharing == "batch":
        return torch.Size((1, 1, n_negatives))
    return torch.Size((n_users, length if sharing == "position" else 1, n_negatives))


def draw_unseen(draw: Draw, shape: torch.Size, batch: UserBatch, history: UserHistory) -> Negatives:
    """Draws items that are not in the user's history.

    Draws that the whole batch shares can't be drawn again for one user: there the history is masked.

    Args:
        draw: Independent draws from the proposal.
        shape: [batch | 1, length | 1, n].
        batch: The users.
        history: What each of them has had.
    """
    item_ids = draw(shape)
    users = batch.users[:, None, None]
    seen = history.contains(users, item_ids)
    if shape[0] == 1 and len(batch.users) > 1:
        return Negatives(item_ids, ~seen)
    for _ in range(N_REDRAWS):
        again = seen.nonzero(as_tuple=True)
        if len(again[0]) == 0:
            break
        fresh = draw(torch.Size((len(again[0]),)))
        item_ids[again] = fresh
        seen[again] = history.contains(batch.users[again[0]], fresh)
    return Negatives(item_ids, ~seen)


def tries(mass: Tensor) -> Tensor:
    """Expected number of draws that `draw_unseen` spends on a place, by the history's probability under the proposal.

    A place holds item j with probability q_j * (1 + mass + mass ** 2 + ...), one term for each draw it may take.

    >>> tries(torch.tensor([0.0], dtype=torch.float64)).item()
    1.0
    """
    total = torch.ones_like(mass)
    for _ in range(N_REDRAWS):
        total = total * mass + 1
    return total
