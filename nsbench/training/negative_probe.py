"""What a model is trained against, in numbers: the negatives of one batch, looked at by the model of the moment.

A probe draws from streams of its own and moves nothing, so a training is the same with and without it. One batch per
validation costs well under a hundredth of the steps between two validations.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from itertools import islice
from typing import final

import numpy as np
import torch
from torch import Tensor

from nsbench.batching.batch import BatchSampler
from nsbench.batching.bucket import Bucket
from nsbench.batching.step import Step
from nsbench.losses.loss import Loss, NegativeVectors, Scores
from nsbench.models.model import Model
from nsbench.samplers.drawing.history import UserHistory
from nsbench.samplers.drawing.stream import SamplerState, Streams
from nsbench.samplers.sampler import Negatives, Sampler
from nsbench.seeding import derive_seed
from nsbench.terms import BALANCED_COHORTS, NEGATIVES
from nsbench.training.batch_stream import TrainingBatch
from nsbench.training.steps.log_q import LogQ
from nsbench.training.steps.replica_steps import laid_out

ENOUGH_SCORES = 40_000
"""About so many scores are looked at: rows evenly spaced over the batch, which is proposed to as a whole."""

ROWS_AT_ONCE = 4
"""Rows that are looked at together."""

STEPS_REMEMBERED = 10
"""Steps that are drawn for where a sampler remembers earlier ones."""

QUANTILES = (0.1, 0.5, 0.9)
"""Which quantiles of the hardness are recorded."""

LookUp = Callable[[Tensor, Tensor], Tensor]
"""Gives the vectors of some items from a table, which may lie in parts."""


@dataclass(frozen=True)
class _Seen:
    """The negatives of a bucket that are trained on.

    Attributes:
        slopes: float[n], how strongly each is pushed down.
        differences: float[n], its score less its positive's.
        item_ids: int64[n].
        is_false: bool[n], whether its user has it in training or validation.
        effective: float[n_positions], the effective number of negatives of each position.
    """

    slopes: Tensor
    differences: Tensor
    item_ids: Tensor
    is_false: Tensor
    effective: Tensor


@final
@dataclass(frozen=True)
class NegativeProbe:
    """Looks at the negatives of a batch.

    Attributes:
        batches: Of a training.
        sampler: Its sampler.
        loss: Its loss.
        histories: What each user has had in training.
        later: What each user takes in validation.
        cohorts: int64[n_items + 1] of `Cohort` values.
        n_candidates: Items that may be recommended.
        device: Where the training is.
    """

    batches: BatchSampler
    sampler: Sampler
    loss: Loss
    histories: UserHistory
    later: UserHistory
    cohorts: Tensor
    n_candidates: int
    device: torch.device

    @torch.no_grad()
    def metrics(
        self, model: Model, seed: int, epoch: int, look_up: LookUp, sampler_state: SamplerState
    ) -> dict[str, float]:
        """The metrics `negatives/...` of one model.

        Args:
            model: One replica.
            seed: The run's root seed.
            epoch: Decides the batch and its negatives, with the seed.
            look_up: Gives any item's vector.
            sampler_state: What the training's sampler remembers of the model; not changed.
        """
        step, negatives, state = self._drawn(seed, epoch, sampler_state)
        positions, table = step.in_buckets, model.items[0]
        x = look_up(table, positions.inputs[0])[None]  # [1, P, d]
        states = model.backbone.encode(model.named(), positions, x, None)
        positives = (states * look_up(table, positions.targets[0])).sum(-1)  # [1, P]
        log_q = LogQ.of(step, negatives, self.sampler, [state]) if self.loss.needs_log_q else None
        looks = []
        for bucket in _looked_at(step, negatives.item_ids.shape[-1]):
            rows = negatives.rows(bucket.first_row, bucket.end_row, bucket.length)
            shape = (1, bucket.n_rows, bucket.length)
            vectors = look_up(table, rows.item_ids.flatten()).view(*rows.item_ids.shape, -1)
            grouped, shared = NegativeVectors(vectors, vectors, adds=False).grouped(
                states[:, bucket.positions].reshape(*shape, -1)
            )
            scores = torch.bmm(grouped, shared.transpose(1, 2)).view(*shape, -1)  # [1, rows, length, n]
            targets = positions.targets[:, bucket.positions].reshape(*shape, 1)
            own = positives[:, bucket.positions].reshape(shape)
            chosen = (rows.item_ids != targets) & (targets > 0) & self.sampler.select(rows, scores, own).mask
            of_bucket = (None, None) if log_q is None else (log_q.of_negatives(bucket), log_q.of_positives(bucket))
            slopes = self.loss.slopes(Scores(own, scores, chosen, *of_bucket)).negative
            users = step.batches[0].users[bucket.first_row : bucket.end_row]
            looks.append(self._seen(users, scores - own[..., None], chosen, rows.item_ids, slopes))
        return self._summed(looks)

    def _drawn(self, seed: int, epoch: int, sampler_state: SamplerState) -> tuple[Step, Negatives, SamplerState]:
        """Some users with their negatives, from streams that no training knows, and the state they were drawn with."""
        rng = np.random.default_rng(derive_seed(seed, "probe users", epoch))
        generator = torch.Generator(self.device).manual_seed(derive_seed(seed, "probe negatives", epoch))
        # What was learned of a model can't be had from other steps, and what is remembered of batches can.
        learns = self.sampler.n_observed > 0
        remembered = sampler_state if learns else self.sampler.initial_state()
        state = {name: tensor.clone() for name, tensor in remembered.items()}
        streams = Streams(generator, states=[state])
        # Only the last one is looked at: what a sampler remembers of a training's steps comes from others before it.
        for batch in islice(self.batches.epoch(rng), STEPS_REMEMBERED if state and not learns else 1):
            drawn = TrainingBatch(batch, self.sampler.propose(batch, streams))
        step, negatives = laid_out([drawn])
        return step, negatives.by_user(), state

    def _seen(self, users: Tensor, differences: Tensor, chosen: Tensor, item_ids: Tensor, slopes: Tensor) -> _Seen:
        item_ids = item_ids.expand(chosen.shape)
        users = users[: chosen.shape[1]]
        of_user = users.view(1, -1, 1, 1)
        # Rows that fill up a bucket belong to no user, and none of their positions is real.
        filled = torch.cat([of_user, of_user.new_zeros(1, chosen.shape[1] - len(users), 1, 1)], 1)
        ids = item_ids[chosen]
        users_of_ids = filled.expand(chosen.shape)[chosen]
        is_false = self.later.contains(users_of_ids, ids) | self.histories.contains(users_of_ids, ids)
        squares = slopes.square().sum(-1)
        effective = slopes.sum(-1).square() / squares.clamp(min=torch.finfo(squares.dtype).tiny)
        return _Seen(slopes[chosen], differences[chosen], ids, is_false, effective[chosen.any(-1)])

    def _summed(self, looks: list[_Seen]) -> dict[str, float]:
        joined = _Seen(*(torch.cat([getattr(look, field.name) for look in looks]) for field in fields(_Seen)))
        if len(joined.item_ids) == 0:
            return {}
        mass = joined.slopes.sum().clamp(min=torch.finfo(joined.slopes.dtype).tiny)
        hardness = joined.differences.quantile(torch.tensor(QUANTILES, device=self.device)).tolist()
        found = {
            "false_share": joined.is_false.double().mean(),
            "false_gradient_share": joined.slopes[joined.is_false].sum() / mass,
            "effective_number": joined.effective.double().mean(),
            "catalogue_share": torch.tensor(len(joined.item_ids.unique()) / self.n_candidates),
        }
        found |= {
            f"hardness_p{100 * share:.0f}": torch.tensor(value)
            for share, value in zip(QUANTILES, hardness, strict=True)
        }
        of_cohort = self.cohorts[joined.item_ids]
        found |= {
            f"gradient_share_{cohort.label}": joined.slopes[of_cohort == cohort].sum() / mass
            for cohort in BALANCED_COHORTS
        }
        return {f"{NEGATIVES}/{name}": float(value) for name, value in found.items()}


def _looked_at(step: Step, n_negatives: int) -> list[Bucket]:
    """Parts of the buckets, evenly spaced, with about `ENOUGH_SCORES` in all; at least one."""
    parts = [part for bucket in step.buckets for part in bucket.split(ROWS_AT_ONCE)]
    n_scores = n_negatives * sum(part.n_rows * part.length for part in parts)
    return parts[:: max(1, n_scores // ENOUGH_SCORES)]
