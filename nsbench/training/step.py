"""One optimisation step of several replicas: look up, encode, score, loss, gradient, Adam."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from nsbench.batching.buckets import Block
from nsbench.batching.dropout_masks import ByteDropout
from nsbench.batching.packed_positions import Places
from nsbench.batching.step import Step
from nsbench.device import tf32_products
from nsbench.losses.binary_cross_entropy import BinaryCrossEntropy, Select
from nsbench.models.sasrec.definition import Sasrec, dropout_sites
from nsbench.models.sasrec.encoder import Encoder
from nsbench.samplers.sampler import Negatives, Sampler
from nsbench.training.checkpoint.tensor_names import prefixed, under
from nsbench.training.distributed.batch_shard import part_of
from nsbench.training.distributed.table_placement import ONE_PROCESS, Placement
from nsbench.training.lookup import Lookup, look_up
from nsbench.training.optimizer.adam import Adam
from nsbench.training.settings import TrainingSettings

ROW_WISE_FROM = 16_000
"""Rows of an item table from which "auto" moves only the rows of the step: both cost the same there on a CPU.

How many replicas there are makes no difference: one must not train otherwise for those beside it.
"""

SCORES_AT_ONCE = 300_000
"""Scores of negatives that are worked on together on a CPU: so many stay in its cache from the product to the gradient."""


@dataclass(frozen=True)
class Gradients:
    """Of one step, or of a process's part of it: the parts add up to the whole.

    Attributes:
        losses: float32[replicas].
        by_dense: float32[replicas, n], of the sum of the losses by all parameters but the item table.
        rows: int64[n], rows of all replicas' item tables, which may repeat; the others' gradients are 0.
        by_rows: float32[n, hidden_dim], which add up where a row repeats.
    """

    losses: Tensor
    by_dense: Tensor
    rows: Tensor
    by_rows: Tensor


class Stepper:
    """Takes optimisation steps on a model; keeps Adam's moments and the dropout streams."""

    def __init__(
        self,
        model: Sasrec,
        sampler: Sampler,
        settings: TrainingSettings,
        learning_rates: Sequence[float],
        dropout_generators: Sequence[torch.Generator],
        placement: Placement = ONE_PROCESS,
    ) -> None:
        """Prepares to train the model in place.

        Args:
            model: The parameters; the item table as the placement has it.
            sampler: Selects negatives.
            settings: Optimiser and loss.
            learning_rates: One a replica.
            dropout_generators: One a replica.
            placement: Which processes take the steps together, and where the item table lies.
        """
        self._model = model
        self._sampler = sampler
        self._settings = settings
        self._loss = BinaryCrossEntropy(settings.negative_reduction, settings.unselected_negatives)
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
        """The dropout streams, one a replica."""
        return self._generators

    @torch.inference_mode()
    def step(self, step: Step, negatives: Negatives) -> Tensor:
        """One step of every replica.

        Args:
            step: The users of all processes.
            negatives: Of [replicas, draws, length | 1, n].

        Returns:
            float32[replicas], the loss: mean over the replica's real positions, before the step.
        """
        settings = self._model.settings
        step, negatives = part_of(step, negatives, self._group)
        dropout = ByteDropout(dropout_sites(settings), step, self._generators) if settings.dropout_rate > 0 else None
        with tf32_products(step.device):
            gradients = self.gradients(step, negatives, dropout)
        losses, by_dense = self._group.sum(gradients.losses, gradients.by_dense)
        self._dense_adam.step(by_dense)
        self._table.step(gradients.rows, gradients.by_rows)
        return losses

    def state(self) -> dict[str, Tensor]:
        """What the next step depends on beside the model: Adam's moments and the dropout streams; shares memory."""
        dropout = {f"dropout.{number}": generator.get_state() for number, generator in enumerate(self._generators)}
        return prefixed("dense_adam", self._dense_adam.state()) | prefixed("item_adam", self._table.state()) | dropout

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Takes over what `state` gave."""
        self._dense_adam.restore(under("dense_adam", state))
        self._table.restore(under("item_adam", state))
        for number, generator in enumerate(self._generators):
            generator.set_state(state[f"dropout.{number}"])

    @torch.no_grad()
    def gradients(self, step: Step, negatives: Negatives, dropout: ByteDropout | None) -> Gradients:
        """The losses and their gradient, without moving anything.

        Args:
            step: The users, or a process's part of them.
            negatives: Theirs, as for `step`.
            dropout: Masks for this step; None: no dropout.
        """
        lookup = look_up(self._table, step, negatives)
        encoder = Encoder(self._model, step, dropout)
        positions, weights = step.on_shelves, self._weights(step, step.places)
        states = encoder.forward(lookup.inputs)
        of_positives = weights if positions.swap is None else self._weights(step, positions.places)
        losses, by_scores = self._loss.positives((states * lookup.targets).sum(-1), of_positives)
        by_states = by_scores[..., None] * lookup.targets
        torch.mul(by_scores[..., None], states, out=lookup.by_targets)
        in_blocks, by_blocks = positions.to_blocks(states, by_states)
        for block in self._scored_at_once(step, negatives):
            losses = losses + self._block(block, (in_blocks, by_blocks), weights, negatives, lookup)
        positions.from_blocks(by_blocks, by_states)
        encoder.backward(by_states, lookup.by_inputs)
        if self._settings.padding == "trained":
            losses = losses + self._padding(step, negatives, lookup, encoder.by_dense)
        return Gradients(losses, encoder.by_dense, lookup.rows, lookup.gradients)

    def _scored_at_once(self, step: Step, negatives: Negatives) -> Iterator[Block]:
        """The blocks, on a CPU cut so that the scores of each stay in the cache."""
        for block in step.blocks:
            if step.device.type != "cpu":
                yield block
                continue
            a_draw = self._model.n_replicas * negatives.users_per_draw * block.length * negatives.item_ids.shape[-1]
            yield from block.split(negatives.users_per_draw * max(1, SCORES_AT_ONCE // a_draw))

    def _block(
        self, block: Block, states: tuple[Tensor, Tensor], weights: Tensor, negatives: Negatives, lookup: Lookup
    ) -> Tensor:
        """The loss of a block's negatives; its gradient goes to those of the states and of the lookup."""
        shape = (self._model.n_replicas, block.n_rows, block.length)
        here, by_here = (part[:, block.positions] for part in states)
        part = negatives.rows(block.first_row, block.end_row, block.length)
        loss, by_states = self._loss.negatives(
            here.reshape(*shape, -1),
            lookup.negatives_of(block),
            part.mask,
            self._selector(part),
            weights[:, block.positions].reshape(shape),
        )
        by_here.add_(by_states.view_as(by_here))
        return loss

    def _weights(self, step: Step, places: Places) -> Tensor:
        """[replicas, n_positions], 1 / number of positions in the mean where real, 0 where padded."""
        return places.real / self._n_averaged(step)[:, None]

    def _n_averaged(self, step: Step) -> Tensor:
        """int64[replicas], positions in the mean, those of other processes included."""
        lengths = step.joined.lengths
        if self._settings.padding == "trained":
            return (lengths > 0).sum(1) * self._model.settings.max_length
        return lengths.sum(1)

    def _padding(self, step: Step, negatives: Negatives, lookup: Lookup, by_dense: Tensor) -> Tensor:
        """What padded positions add in the published code.

        There, a padded position's state is the last LayerNorm's bias and its positive is the zero vector: a constant
        ln 2 and a user-independent push on the negatives, the same at each padded position of a user, so one is
        computed and counted as often as there are.
        """
        lengths = step.rows.lengths
        n_users = lengths.shape[1]
        n_padded = (self._model.settings.max_length - lengths) * (lengths > 0)
        weights = n_padded / self._n_averaged(step)[:, None]
        states = self._model.named()["norm.bias"][:, None].expand(-1, n_users, -1, -1)
        users = Block(0, n_users, 0, 1)
        part = negatives.rows(0, n_users, 1)
        vectors = replace(lookup.negatives_of(users), adds=True)
        loss, by_states = self._loss.negatives(states, vectors, part.mask, self._selector(part), weights[..., None])
        Sasrec(self._model.settings, by_dense, self._model.items).named()["norm.bias"].add_(by_states.sum(1))
        positives, _ = self._loss.positives(torch.zeros_like(weights), weights)
        return loss + positives

    def _selector(self, negatives: Negatives) -> Select:
        return lambda scores: self._sampler.select(negatives, scores).mask
