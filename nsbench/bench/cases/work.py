"""What one positive takes at the least, and what share of the machine's limits a rate of positives therefore reaches.

All of it is counted from the model's definition and from what is drawn, not from how a step goes about it: an implementation
that multiplies weights beforehand or moves a whole table has no more useful work for it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from operator import itemgetter

import torch

from nsbench.bench.cases.training import encoder_flops, scoring_flops
from nsbench.bench.measuring.machine import Limits
from nsbench.models.backbone import BackboneSettings
from nsbench.training.batch_stream import TrainingBatch

_TABLES = 3
"""The item table and Adam's two moments."""


@dataclass(frozen=True)
class Work:
    """What one positive takes, on average.

    Attributes:
        encoder_flops: Operations of attention and feed-forward blocks, forward and backward.
        scoring_flops: Operations of the scores of the positive and its negatives, forward and backward.
        gathered_bytes: Rows of the item table looked up, and the distinct ones read and written again with Adam's moments.
        copied_bytes: The scores and their gradients, written and read once each.
        n_negatives: Negatives that it asks for.
        n_drawn: Negatives drawn, which positives may share.
    """

    encoder_flops: float
    scoring_flops: float
    gathered_bytes: float
    copied_bytes: float
    n_negatives: float
    n_drawn: float


@dataclass(frozen=True)
class LimitShares:
    """The share of the time that each kind of useful work would take at the machine's limit; together at most about 1.

    Attributes:
        encoder: At the rate of the encoder's product.
        scoring: At the rate of the scoring product.
        gather: At the gather bandwidth.
        copy: At the copy bandwidth.
    """

    encoder: float
    scoring: float
    gather: float
    copy: float

    @property
    def total(self) -> float:
        """The share of the time that all useful work would take, one thing after the other."""
        return self.encoder + self.scoring + self.gather + self.copy

    @property
    def binding(self) -> str:
        """The name of the limit that takes the largest share."""
        return max(asdict(self).items(), key=itemgetter(1))[0]


def work_of(draws: Sequence[TrainingBatch], model: BackboneSettings, n_negatives: int) -> Work:
    """The mean work of a positive over some draws.

    Args:
        draws: What was drawn.
        model: The model's size.
        n_negatives: What a positive asks for; a sampler that scores more to mask them has no more useful work for it.
    """
    n_positives = sum(draw.batch.n_positives for draw in draws)
    context = sum(float((draw.batch.lengths * (draw.batch.lengths + 1)).sum()) / 2 for draw in draws) / n_positives
    n_looked_up = sum(2 * draw.batch.n_positives + draw.negatives.item_ids.numel() for draw in draws)
    n_moved = sum(_n_distinct_items(draw) for draw in draws)
    return Work(
        encoder_flops=encoder_flops(model, context),
        scoring_flops=scoring_flops(model, n_negatives),
        gathered_bytes=4 * model.hidden_dim * (n_looked_up + 2 * _TABLES * n_moved) / n_positives,
        copied_bytes=4 * 4.0 * n_negatives,
        n_negatives=n_negatives,
        n_drawn=sum(draw.negatives.item_ids.numel() for draw in draws) / n_positives,
    )


def shares_of(work: Work, positives_per_s: float, limits: Limits) -> LimitShares:
    """What share of each limit a rate reaches."""
    return LimitShares(
        encoder=positives_per_s * work.encoder_flops / limits.encoder_flops,
        scoring=positives_per_s * work.scoring_flops / limits.scoring_flops,
        gather=positives_per_s * work.gathered_bytes / limits.gather_bytes,
        copy=positives_per_s * work.copied_bytes / limits.copy_bytes,
    )


def _n_distinct_items(draw: TrainingBatch) -> int:
    parts = [draw.batch.inputs, draw.batch.targets, draw.negatives.item_ids]
    items = torch.cat([part.flatten() for part in parts]).unique()
    return int((items > 0).sum())
