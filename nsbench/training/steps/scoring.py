"""Scores, loss and gradient of a step's positions, for every loss alike: products, shared draws, cache cuts, gradient buffers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from nsbench.batching.bucket import Bucket
from nsbench.batching.positions import Positions
from nsbench.batching.step import Step
from nsbench.losses.loss import Loss, Pointwise, Scores, Select
from nsbench.samplers.drawing.stream import SamplerState
from nsbench.samplers.sampler import Negatives, Sampler
from nsbench.training.steps.log_q import LogQ
from nsbench.training.steps.lookup import Lookup

SCORES_AT_ONCE = 300_000
"""Scores of negatives that are worked on together on a CPU: so many stay in its cache from the product to the gradient."""

GPU_SCORES_AT_ONCE = 1 << 26
"""The same on a GPU, whose memory is the bound: 256 MiB in float32, and as much for their gradient."""


@dataclass(frozen=True)
class Scored:
    """What the loss of a step needs of it.

    Attributes:
        step: The users.
        positions: Its positions, as the encoder has them.
        states: [replicas, n_positions, hidden_dim], of these positions.
        lookup: The vectors of targets and negatives, and where gradients go.
        negatives: Of [replicas, draws, length | 1, n].
        weights: [replicas, n_positions], what each of these positions counts; 0 where padded.
        weights_in_buckets: The same in the order of the buckets.
        observed: float32[replicas, n_observed], to which is added what the sampler observes.
        sampler_states: The replicas', as they drew these negatives; empty where the sampler remembers nothing.
    """

    step: Step
    positions: Positions
    states: Tensor
    lookup: Lookup
    negatives: Negatives
    weights: Tensor
    weights_in_buckets: Tensor
    observed: Tensor
    sampler_states: Sequence[SamplerState] = ()


@final
class Scoring:
    """Works out the loss of steps.

    Args:
        loss: Of a position.
        sampler: Selects negatives.
    """

    def __init__(self, loss: Loss, sampler: Sampler) -> None:
        self._loss = loss
        self._sampler = sampler
        # Terms of their own never meet the positive, which has to leave the negatives.
        self._pointwise = None if sampler.proposes_positive else loss.pointwise()

    def loss_of(self, scored: Scored) -> tuple[Tensor, Tensor]:
        """The losses, and their gradient by the states; those by targets and negatives go to the lookup.

        Returns:
            float32[replicas]; and [replicas, n_positions, hidden_dim].
        """
        if self._pointwise is not None:
            return self._pointwise_loss(self._pointwise, scored)
        return self._joint_loss(scored)

    def constant_states(self, scored: Scored, states: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """The loss of positions, one per user, whose positive is the zero vector: what the published code trains as padding.

        Args:
            scored: The step.
            states: [replicas, n_users, 1, hidden_dim].
            weights: [replicas, n_users].

        Returns:
            float32[replicas]; and the gradient by the states.
        """
        if self._pointwise is None:
            raise NotImplementedError("a loss that isn't pointwise trains no padding; settings refuse it")
        n_users = weights.shape[1]
        users = Bucket(n_users, length=1, first_position=0)
        part = scored.negatives.rows(0, n_users, 1)
        vectors = replace(scored.lookup.negatives_of(users), adds=True)
        loss, by_states = self._pointwise.negatives(
            states,
            vectors,
            part.mask,
            lambda scores: self._sampler.select(part, scores, torch.zeros_like(weights)[..., None]).mask,
            weights[..., None],
        )
        of_positives, _ = self._pointwise.positives(torch.zeros_like(weights), weights)
        return loss + of_positives, by_states

    def _pointwise_loss(self, loss: Pointwise, scored: Scored) -> tuple[Tensor, Tensor]:
        lookup, positions, states = scored.lookup, scored.positions, scored.states
        of_positives = (states * lookup.targets).sum(-1)  # [R, P]
        losses, by_scores = loss.positives(of_positives, scored.weights)
        by_states = by_scores[..., None] * lookup.targets  # [R, P, d]
        torch.mul(by_scores[..., None], states, out=lookup.by_targets)
        in_buckets, by_buckets = positions.to_buckets(states, by_states)
        positives = positions.values_in_buckets(of_positives)
        for bucket in self._scored_at_once(scored):
            here, by_here = in_buckets[:, bucket.positions], by_buckets[:, bucket.positions]  # [R, rows * length, d]
            part = scored.negatives.rows(bucket.first_row, bucket.end_row, bucket.length)
            shape = (len(states), bucket.n_rows, bucket.length)
            of_bucket, by_here_found = loss.negatives(
                here.reshape(*shape, -1),
                lookup.negatives_of(bucket),
                part.mask,
                self._selector(scored, bucket, part, positives[:, bucket.positions].reshape(shape)),
                scored.weights_in_buckets[:, bucket.positions].reshape(shape),
            )
            by_here.add_(by_here_found.view_as(by_here))
            losses = losses + of_bucket
        positions.from_buckets(by_buckets, by_states)
        return losses, by_states

    def _joint_loss(self, scored: Scored) -> tuple[Tensor, Tensor]:
        lookup, positions, states = scored.lookup, scored.positions, scored.states
        of_positives = (states * lookup.targets).sum(-1)[..., None]  # [R, P, 1]
        by_positives = torch.zeros_like(of_positives)
        positives, by_positives_in_buckets = positions.to_buckets(of_positives, by_positives)
        by_states = torch.zeros_like(states)
        in_buckets, by_buckets = positions.to_buckets(states, by_states)
        log_q = self._log_q(scored)
        losses = states.new_zeros(len(states))
        for bucket in self._scored_at_once(scored):
            here = slice(bucket.positions.start, bucket.positions.stop)
            shape = (len(states), bucket.n_rows, bucket.length)
            vectors = lookup.negatives_of(bucket)
            # [groups, positions, d] and [groups, n, d]
            grouped, shared = vectors.grouped(in_buckets[:, here].reshape(*shape, -1))
            scores = torch.bmm(grouped, shared.transpose(1, 2)).view(*shape, -1)  # [R, rows, length, n]
            part = scored.negatives.rows(bucket.first_row, bucket.end_row, bucket.length)
            of_own = positives[:, here].reshape(shape)
            chosen = self._selector(scored, bucket, part, of_own)(scores)
            if self._sampler.proposes_positive:
                own = scored.step.in_buckets.targets[:, here].reshape(*shape, 1)
                # Item i is the negative i - 1. Padded positions, whose target is 0, weigh nothing.
                chosen = chosen.expand(scores.shape).scatter(-1, own.sub(1).clamp_(min=0), value=False)
            slopes = self._loss.slopes(
                Scores(
                    of_own,
                    scores,
                    chosen,
                    None if log_q is None else log_q.of_negatives(bucket),
                    None if log_q is None else log_q.of_positives(bucket),
                )
            )
            weights = scored.weights_in_buckets[:, here].reshape(shape)
            losses = losses + (slopes.value * weights).flatten(1).sum(1)
            slope = (slopes.negative * weights[..., None]).view(
                len(grouped), -1, scores.shape[-1]
            )  # [groups, positions, n]
            vectors.write(slope, grouped)
            by_buckets[:, here].add_(torch.bmm(slope, shared).view_as(by_buckets[:, here]))
            by_positives_in_buckets[:, here].copy_((slopes.positive * weights).reshape(len(states), -1, 1))
        positions.from_buckets(by_buckets, by_states)
        positions.from_buckets(by_positives_in_buckets, by_positives)
        by_states.add_(by_positives * lookup.targets)
        torch.mul(by_positives, states, out=lookup.by_targets)
        return losses, by_states

    def _scored_at_once(self, scored: Scored) -> Iterator[Bucket]:
        """The buckets, cut so that the scores of each stay in a CPU's cache, or take a bounded part of a GPU's memory."""
        negatives = scored.negatives
        n_at_once = SCORES_AT_ONCE if scored.step.device.type == "cpu" else GPU_SCORES_AT_ONCE
        for bucket in scored.step.buckets:
            a_draw = len(scored.states) * negatives.users_per_draw * bucket.length * negatives.item_ids.shape[-1]
            yield from bucket.split(negatives.users_per_draw * max(1, n_at_once // a_draw))

    def _log_q(self, scored: Scored) -> LogQ | None:
        if not self._loss.needs_log_q:
            return None
        return LogQ.of(scored.step, scored.negatives, self._sampler, scored.sampler_states)

    def _selector(self, scored: Scored, bucket: Bucket, part: Negatives, positive_scores: Tensor) -> Select:
        """Selects among a bucket's negatives, and lets the sampler observe what was selected."""

        def select(scores: Tensor) -> Tensor:
            selected = self._sampler.select(part, scores, positive_scores)
            if scored.observed.shape[1] > 0:
                targets = scored.step.in_buckets.targets[:, bucket.positions].reshape(positive_scores.shape)
                self._sampler.observe(selected, positive_scores, targets, scored.observed)
            return selected.mask

        return select
