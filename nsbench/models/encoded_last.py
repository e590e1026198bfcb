"""Any backbone's ranking pass: the definition, of whose states the last ones are taken."""

from typing import final

import torch
from torch import Tensor

from nsbench.batching.step import Step
from nsbench.models.backbone import Backbone, LookUp


@final
class EncodedLast:
    """Encodes every position, and keeps each row's last one."""

    def __init__(self, backbone: Backbone, dense: Tensor, look_up: LookUp) -> None:
        """Arguments as of `Backbone.ranking_pass`."""
        self._backbone = backbone
        self._p = backbone.named(dense)
        self._look_up = look_up

    def encode(self, step: Step) -> Tensor:
        """As of `RankingPass`."""
        positions = step.positions(packs_rows=False)
        vectors = self._look_up(positions.inputs[0])[None]  # [1, P, d]
        states = self._backbone.encode(self._p, positions, vectors, None)[0]  # [P, d]
        device = states.device
        starts = torch.cat([torch.arange(b.n_rows, device=device) * b.length + b.first_position for b in step.buckets])
        return states.index_select(0, starts + step.lengths[0] - 1)
