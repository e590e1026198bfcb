"""Independent draws that leave out the user's history, by drawing again where an item is in it."""

from collections.abc import Callable

import torch
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.samplers.drawing.history import UserHistory
from nsbench.samplers.drawing.sharing import BY_USER, Sharing
from nsbench.samplers.sampler import Negatives

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
    item_ids = draw(shape, places)  # [draws, length | 1, n]
    if sharing.by_position:
        seen = history.contains(batch.users[:, None, None], item_ids)
    else:
        users_per_row = sharing.n_users or len(batch.users) // batch.n_replicas
        seen = history.shared(batch.users, item_ids[:, 0], users_per_row, batch.n_replicas)[:, None]
    if sharing.n_users != 1:
        return Negatives(item_ids, ~seen, sharing.users_per_draw)
    redraw = _redraw if item_ids.device.type == "cpu" else _redraw_on_gpu
    for _ in range(N_ROUNDS):
        item_ids, seen = redraw(draw, batch.users, item_ids, seen, history)
    return Negatives(item_ids, ~seen)


def _redraw(draw: Draw, users: Tensor, item_ids: Tensor, seen: Tensor, history: UserHistory) -> tuple[Tensor, Tensor]:
    """One round: draws again, in place, what is in the history."""
    flat, flat_seen, n = item_ids.view(-1), seen.view(-1), item_ids.shape[2]
    again = flat_seen.nonzero()  # [k, 1]
    if len(again) == 0:
        return item_ids, seen
    fresh = draw(torch.Size((len(again), DRAWS_A_ROUND)), again % n)  # [k, DRAWS_A_ROUND]
    chosen, is_in_vain = _first_unseen(fresh, history.contains(users[again // (item_ids.shape[1] * n)], fresh))
    flat.index_copy_(0, again[:, 0], chosen[:, 0])
    flat_seen.index_copy_(0, again[:, 0], is_in_vain[:, 0])
    return item_ids, seen


def _redraw_on_gpu(
    draw: Draw, users: Tensor, item_ids: Tensor, seen: Tensor, history: UserHistory
) -> tuple[Tensor, Tensor]:
    """The same on a GPU: draws for every place, since to read which ones need it takes longer."""
    places = torch.arange(item_ids.shape[2], device=users.device)
    fresh = draw(torch.Size((*item_ids.shape, DRAWS_A_ROUND)), places[:, None])  # [batch, length | 1, n, DRAWS_A_ROUND]
    chosen, is_in_vain = _first_unseen(fresh, history.contains(users[:, None, None, None], fresh))
    return torch.where(seen, chosen[..., 0], item_ids), seen & is_in_vain[..., 0]


def _first_unseen(fresh: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
    """Of the draws along the last axis the first that is not in the history, or the last one; and whether all are."""
    n_in_vain = seen.cumprod(-1).sum(-1, keepdim=True)  # [..., 1]
    return fresh.gather(-1, n_in_vain.clamp(max=DRAWS_A_ROUND - 1)), n_in_vain == DRAWS_A_ROUND


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
