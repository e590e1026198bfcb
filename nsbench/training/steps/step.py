"""One optimisation step of several replicas: look up, encode, score, loss, gradient, Adam, and what the sampler learns."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from nsbench.batching.dropout_masks import ByteDropout
from nsbench.batching.positions import Positions
from nsbench.batching.step import Step
from nsbench.losses.loss import Loss
from nsbench.models.model import Model
from nsbench.samplers.drawing.stream import SamplerState
from nsbench.samplers.sampler import Negatives, Sampler
from nsbench.tensors.device import tf32_products
from nsbench.training.checkpoint.state_tensor import State, StateTensor, per_slot, prefixed, under
from nsbench.training.distributed.batch_shard import batch_shard_of
from nsbench.training.distributed.table_placement import ONE_PROCESS, Placement
from nsbench.training.optimizer.adam import Adam
from nsbench.training.settings import TrainingSettings
from nsbench.training.steps.lookup import look_up
from nsbench.training.steps.scoring import Scored, Scoring

ROW_WISE_FROM = 16_000
"""Rows of an item table from which "auto" moves only the rows of the step: both cost the same there on a CPU.

How many replicas there are makes no difference: one must not train otherwise for those beside it.
"""


@dataclass(frozen=True)
class Gradients:
    """Of one step, or of a process's part of it: the parts add up to the whole.

    Attributes:
        losses: float32[replicas].
        by_dense: float32[replicas, n], of the sum of the losses by all parameters but the item table.
        rows: int64[n], rows of all replicas' item tables, which may repeat; the others' gradients are 0.
        by_rows: float32[n, hidden_dim], which add up where a row repeats.
        observed: float32[replicas, n_observed], what the sampler learns from.
    """

    losses: Tensor
    by_dense: Tensor
    rows: Tensor
    by_rows: Tensor
    observed: Tensor


class Stepper:
    """Takes optimisation steps on a model; keeps Adam's moments and the dropout streams."""

    def __init__(
        self,
        model: Model,
        sampler: Sampler,
        loss: Loss,
        settings: TrainingSettings,
        learning_rates: Sequence[float],
        dropout_generators: Sequence[torch.Generator],
        placement: Placement = ONE_PROCESS,
    ) -> None:
        """Prepares to train the model in place.

        Args:
            model: The parameters; the item table as the placement has it.
            sampler: Selects negatives, and learns from the steps.
            loss: Of a position.
            settings: Of the optimiser.
            learning_rates: One per replica.
            dropout_generators: One per replica.
            placement: Which processes take the steps together, and where the item table lies.
        """
        self._model = model
        self._backbone = model.backbone
        self._settings = settings
        self._sampler = sampler
        self._scoring = Scoring(loss, sampler)
        self._generators = dropout_generators
        rates = torch.tensor(learning_rates, dtype=torch.float32, device=model.items.device)
        self._dense_adam = Adam(model.dense, rates, epsilon=settings.adam_epsilon)
        self._group = placement.group
        n_rows = model.items.shape[1] * placement.n_shards
        row_wise = (
            n_rows >= ROW_WISE_FROM if settings.item_optimizer == "auto" else settings.item_optimizer == "row-wise"
        )
        self._table = placement.table(model.items, rates, row_wise=row_wise, epsilon=settings.adam_epsilon)

    @property
    def generators(self) -> Sequence[torch.Generator]:
        """The dropout streams, one per replica."""
        return self._generators

    def step(self, step: Step, negatives: Negatives, sampler_states: Sequence[SamplerState] = ()) -> Tensor:
        """One step of every replica.

        Args:
            step: The users of all processes.
            negatives: Of [replicas, draws, length | 1, n].
            sampler_states: The replicas', with which these were drawn and which the step changes; empty where the sampler
                remembers nothing.

        Returns:
            float32[replicas], the loss: mean over the replica's real positions, before the step.
        """
        # Inference mode spares what autograd keeps of each tensor, and with it a share of small steps.
        with torch.inference_mode() if self._backbone.has_written_pass else torch.no_grad():
            step, negatives = batch_shard_of(step, negatives, self._group)
            with tf32_products(step.device):
                gradients = self.gradients(step, negatives, self._masks(step), sampler_states)
            losses, by_dense = self._group.all_reduce(gradients.losses, gradients.by_dense)
            self._dense_adam.step(by_dense)
            self._table.step(gradients.rows, gradients.by_rows)
            self._learn(gradients.observed, sampler_states)
        return losses

    def state(self) -> dict[str, StateTensor]:
        """What the next step depends on beside the model: Adam's moments and the dropout streams; shares memory."""
        dropout = per_slot([generator.get_state() for generator in self._generators])
        return {
            **prefixed("dense_adam", self._dense_adam.state()),
            **prefixed("item_adam", self._table.state()),
            "dropout": dropout,
        }

    def restore(self, state: State) -> None:
        """Takes over what `state` gave."""
        self._dense_adam.restore(under("dense_adam", state))
        self._table.restore(under("item_adam", state))
        for generator, stream in zip(self._generators, state["dropout"].parts, strict=True):
            generator.set_state(stream)

    @torch.no_grad()
    def gradients(
        self,
        step: Step,
        negatives: Negatives,
        dropout: ByteDropout | None,
        sampler_states: Sequence[SamplerState] = (),
    ) -> Gradients:
        """The losses and their gradient, without moving anything.

        Args:
            step: The users, or a process's part of them.
            negatives: Theirs, as for `step`.
            dropout: Masks for this step; None: no dropout.
            sampler_states: As for `step`.
        """
        positions, weights = self._positions(step), self._weights(step, step.in_buckets)
        lookup = look_up(self._table, positions, negatives)
        encoder = self._backbone.training_pass(self._model.dense, positions, dropout)
        states = encoder.forward(lookup.inputs)
        own_weights = weights if positions.packed is None else self._weights(step, positions)
        observed = weights.new_zeros(len(weights), self._sampler.n_observed)
        scored = Scored(
            step, positions, states, lookup, negatives, own_weights, weights, observed, tuple(sampler_states)
        )
        losses, by_states = self._scoring.loss_of(scored)
        by_dense = encoder.backward(by_states, lookup.by_inputs)
        if self._settings.padding == "trained":
            losses = losses + self._padding(scored, by_dense)
        return Gradients(losses, by_dense, lookup.rows, lookup.gradients, observed)

    def _learn(self, observed: Tensor, sampler_states: Sequence[SamplerState]) -> None:
        if observed.shape[1] == 0:
            return
        (joined,) = self._group.all_reduce(observed)
        for own, state in zip(joined, sampler_states, strict=True):
            self._sampler.learn(state, own)

    def _positions(self, step: Step) -> Positions:
        return step.positions(packs_rows=self._backbone.packs_rows)

    def _masks(self, step: Step) -> ByteDropout | None:
        sites = self._backbone.dropout_sites()
        return ByteDropout(sites, step, self._positions(step), self._generators) if sites.rate > 0 else None

    def _weights(self, step: Step, positions: Positions) -> Tensor:
        """[replicas, n_positions], 1 / number of positions in the mean where real, 0 where padded."""
        return positions.real / self._n_averaged(step)[:, None]

    def _n_averaged(self, step: Step) -> Tensor:
        """int64[replicas], positions in the mean, those of other processes included."""
        lengths = step.joined.lengths
        if self._settings.padding == "trained":
            return (lengths > 0).sum(1) * self._model.settings.max_length
        return lengths.sum(1)

    def _padding(self, scored: Scored, by_dense: Tensor) -> Tensor:
        """What padded positions add in the published code.

        There, a padded position's state is the last LayerNorm's bias and its positive is the zero vector: a constant
        ln 2 and a user-independent push on the negatives, the same at each padded position of a user, so one is
        computed and counted as often as there are.
        """
        name = self._backbone.padded_state
        assert name is not None
        lengths = scored.step.lengths
        n_padded = (self._model.settings.max_length - lengths) * (lengths > 0)
        weights = n_padded / self._n_averaged(scored.step)[:, None]
        states = self._model.named()[name][:, None].expand(-1, lengths.shape[1], -1, -1)
        losses, by_states = self._scoring.constant_states(scored, states, weights)
        self._backbone.named(by_dense)[name].add_(by_states.sum(1))
        return losses
