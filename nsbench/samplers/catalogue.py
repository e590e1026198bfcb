"""The whole catalogue as negatives: nothing is sampled, so that the loss `softmax` is exact cross-entropy.

The yardstick of every sampler. A step costs [positions, items] scores, which are never held at once
(`nsbench.training.steps.scoring`): the memory that a step takes beside the model is that of one more item table, and its time
grows with the items.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal, final

import torch
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.samplers.context import SamplerContext
from nsbench.samplers.drawing.stream import Streams
from nsbench.samplers.sampler import Negatives, Sampler, SamplerSettings
from nsbench.terms import Trait


@final
@dataclass(frozen=True)
class Catalogue(Sampler):
    """Every candidate for every position; the position's own positive among them, which scoring takes out."""

    n_candidates: int

    proposes_positive: ClassVar[bool] = True

    def propose(self, batch: UserBatch, streams: Streams) -> Negatives:
        """The items 1..n_candidates, shared by the whole batch; nothing is drawn."""
        device = batch.users.device
        item_ids = torch.arange(1, self.n_candidates + 1, device=device).expand(batch.n_replicas, 1, -1)
        return Negatives(item_ids, torch.ones(len(batch.users), 1, 1, dtype=torch.bool, device=device))

    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        """0: every item is there once."""
        return torch.zeros(1, 1, 1, device=item_ids.device)


class CatalogueSettings(SamplerSettings):
    """Every item of the catalogue: with the loss `softmax`, exact cross-entropy."""

    name: ClassVar[str] = "catalogue"
    label: ClassVar[str] = "Catalogue"
    traits: ClassVar[frozenset[Trait]] = frozenset({"global"})
    proposes_positive: ClassVar[bool] = True

    # No setting: all items are negatives, those of the user's history too.
    exclude_history: ClassVar[Literal["whole"]] = "whole"  # type: ignore[misc]

    def n_scored(self, n_candidates: int) -> int:
        """All of them."""
        return n_candidates

    def n_trained_on(self, n_candidates: int) -> int:
        """All but the positive."""
        return n_candidates - 1

    def build(self, context: SamplerContext) -> Sampler:
        """All candidates."""
        return Catalogue(context.n_candidates)

    def explain_shortage(self, batch_size: int) -> str:
        """Only a catalogue of one item leaves none."""
        return "the catalogue holds no other item than the positive"
