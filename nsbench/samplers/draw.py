"""Independent draws that leave out the user's history, by drawing again where an item is in it."""

from collections.abc import Callable

import torch
from torch import Tensor

from nsbench.data.batch import UserBatch
from nsbench.samplers.history import UserHistory
from nsbench.samplers.sampler import Negatives
from nsbench.samplers.sharing import BY_USER, Sharing

N_ROUNDS = 2
DRAWS_A_ROUND = 4
N_REDRAWS = N_ROUNDS * DRAWS_A_ROUND
"""After so many more draws an item that is still in the history is masked instead: only users whose history holds most
of the proposal's probability get that far. Several are drawn at once, since a round costs more than a draw."""

Draw = Callable[[torch.Size, Tensor], Tensor]
"""Gives int64 item ids of a shape; the second argument, int64 and broadcast to it, numbers each one's place among the n."""


def draw_unseen(
    draw: Draw, batch: UserBatch, n_negatives: int, history: UserHistory, sharing: Sharing = BY_USER
) -> Negatives:
    """Draws items that are not in the user's history.

    Draws that several users share can't be drawn again for one of them: there the history is masked.

    Args:
        draw: Independent draws from the proposal.
        batch: The users.
        n_negatives: Draws for each position.
        history: What each of them has had.
        sharing: Who shares a draw.
    """
    shape = sharing.shape(batch, n_negatives)
    places = torch.arange(n_negatives, device=batch.users.device)
    item_ids = draw(shape, places)
    if sharing.by_position:
        seen = history.contains(batch.users[:, None, None], item_ids)
    else:
        seen = history.shared(batch.users, item_ids[:, 0], sharing.n_users or len(batch.users))[:, None]
    if sharing.n_users != 1:
        return Negatives(item_ids, ~seen, sharing.users_per_draw)
    flat, flat_seen, n_a_user = item_ids.view(-1), seen.view(-1), shape[1] * shape[2]
    for _ in range(N_ROUNDS):
        again = flat_seen.nonzero()
        if len(again) == 0:
            break
        fresh = draw(torch.Size((len(again), DRAWS_A_ROUND)), again % shape[2])
        seen_again = history.contains(batch.users[again // n_a_user], fresh)
        # The first that is not in the history, or the last one.
        n_in_vain = seen_again.cumprod(1).sum(1)
        chosen = fresh.gather(1, n_in_vain.clamp(max=DRAWS_A_ROUND - 1)[:, None])
        flat.index_copy_(0, again[:, 0], chosen[:, 0])
        flat_seen.index_copy_(0, again[:, 0], n_in_vain == DRAWS_A_ROUND)
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
