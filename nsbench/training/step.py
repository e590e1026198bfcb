"""One optimisation step of several replicas: look up, encode, score, loss, gradient, Adam."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from nsbench.data.layout import Step
from nsbench.loss import BinaryCrossEntropy, Select
from nsbench.model import NO_DROPOUT, DropoutMasks, Sasrec
from nsbench.samplers.sampler import Negatives, Sampler
from nsbench.training.adam import Adam
from nsbench.training.dropout import ByteDropout
from nsbench.training.settings import TrainingSettings

ROW_WISE_FROM = 16_000
"""Rows of all replicas' item tables from which "auto" moves only the rows of the step: both cost the same there on a CPU."""


@dataclass(frozen=True)
class Lookup:
    """The item vectors of a step.

    Attributes:
        table: [n_rows, hidden_dim], a leaf that collects the gradient: all replicas' tables, or the step's rows of them.
        rows: int64[n_rows], which rows of the tables these are; None: all.
        inputs: int64[replicas, n_positions], rows of `table`.
        targets: int64[replicas, n_positions], rows of `table`.
        negatives: int64, the negatives' rows of `table`, with their replica axis.
    """

    table: Tensor
    rows: Tensor | None
    inputs: Tensor
    targets: Tensor
    negatives: Tensor


class Stepper:
    """Takes optimisation steps on a model; keeps Adam's moments and the dropout streams."""

    def __init__(
        self,
        model: Sasrec,
        sampler: Sampler,
        settings: TrainingSettings,
        learning_rates: Sequence[float],
        dropout_generators: Sequence[torch.Generator],
    ) -> None:
        """Prepares to train the model in place."""
        self._model = model
        self._sampler = sampler
        self._settings = settings
        self._loss = BinaryCrossEntropy(settings.negative_reduction, settings.unselected_negatives)
        self._generators = dropout_generators
        rates = torch.tensor(learning_rates, dtype=torch.float32, device=model.items.device)
        self._dense_adam = Adam(model.dense, rates)
        self._item_adam = Adam(model.items, rates)
        n_rows = model.items.shape[0] * model.items.shape[1]
        row_wise = (
            n_rows >= ROW_WISE_FROM if settings.item_optimizer == "auto" else settings.item_optimizer == "row-wise"
        )
        self._marks = torch.zeros(n_rows, dtype=torch.bool, device=rates.device) if row_wise else None
        self._numbers = torch.empty(n_rows, dtype=torch.int64, device=rates.device) if row_wise else None

    def step(self, step: Step, negatives: Negatives) -> Tensor:
        """One step of every replica.

        Args:
            step: The users.
            negatives: Of [replicas, batch | 1, length | 1, n].

        Returns:
            float32[replicas], the loss: mean over the replica's real positions, before the step.
        """
        model = self._model
        lookup = self._look_up(step, negatives)
        dense = model.dense.detach().requires_grad_()
        live = Sasrec(model.settings, dense, model.items)
        dropout: DropoutMasks = NO_DROPOUT
        if model.settings.dropout_rate > 0:
            dropout = ByteDropout(model.settings, step, self._generators)
        losses = self.losses(live, step, negatives, lookup, dropout)
        by_dense, by_table = torch.autograd.grad(losses.sum(), (dense, lookup.table))
        with torch.no_grad():
            self._dense_adam.step(by_dense)
            if lookup.rows is None:
                self._item_adam.step(by_table.view_as(model.items))
            else:
                self._item_adam.step_rows(lookup.rows, by_table)
        return losses.detach()

    def losses(self, model: Sasrec, step: Step, negatives: Negatives, lookup: Lookup, dropout: DropoutMasks) -> Tensor:
        """float32[replicas], each replica's loss, differentiable by the model's dense part and the lookup's table."""
        states = model.encode(step, functional.embedding(lookup.inputs, lookup.table), dropout)
        weights = self._position_weights(step)
        positives = (states * functional.embedding(lookup.targets, lookup.table)).sum(-1)
        losses = self._loss.positives(positives, weights)
        vectors = functional.embedding(lookup.negatives, lookup.table)
        parts = zip(step.blocks, step.split(states), step.split(weights), _split(vectors, step), strict=True)
        for block, block_states, block_weights, block_vectors in parts:
            shape = (model.n_replicas, block.n_rows, block.length)
            part = negatives.rows(block.first_row, block.end_row, block.length)
            losses = losses + self._loss.negatives(
                block_states.reshape(*shape, -1),
                block_vectors[:, :, : block.length],
                part.mask,
                self._selector(part),
                block_weights.reshape(shape),
            )
        if self._settings.padding == "trained":
            losses = losses + self._padding_loss(model, step, negatives, vectors)
        return losses

    def _position_weights(self, step: Step) -> Tensor:
        """[replicas, n_positions], 1 / number of positions in the mean where real, 0 where padded."""
        if self._settings.padding == "trained":
            n_positions = (step.lengths > 0).sum(1) * self._model.settings.max_length
        else:
            n_positions = step.lengths.sum(1)
        return step.real / n_positions[:, None]

    def _padding_loss(self, model: Sasrec, step: Step, negatives: Negatives, vectors: Tensor) -> Tensor:
        """What padded positions add in the published code.

        There, a padded position's state is the last LayerNorm's bias and its positive is the zero vector: a constant
        ln 2 and a user-independent push on the negatives, the same at each padded position of a user, so one is
        computed and counted as often as there are.
        """
        real_rows = step.lengths > 0
        n_padded = (model.settings.max_length - step.lengths) * real_rows
        weights = n_padded / (real_rows.sum(1, keepdim=True) * model.settings.max_length)
        states = model.named()["norm.bias"][:, None].expand(-1, step.lengths.shape[1], -1, -1)
        part = negatives.rows(0, step.lengths.shape[1], 1)
        loss = self._loss.negatives(states, vectors[:, :, :1], part.mask, self._selector(part), weights[..., None])
        return loss + self._loss.positives(torch.zeros_like(weights), weights)

    def _selector(self, negatives: Negatives) -> Select:
        return lambda scores: self._sampler.select(negatives, scores).mask

    def _look_up(self, step: Step, negatives: Negatives) -> Lookup:
        """Numbers the item vectors of the step: over the whole tables, or over the rows that it touches."""
        items = self._model.items.detach()
        replicas, n_rows, d = items.shape
        first = torch.arange(replicas, device=items.device)[:, None] * n_rows
        ids = [step.inputs + first, step.targets + first, negatives.item_ids + first[..., None, None]]
        table = items.view(-1, d)
        if self._marks is None or self._numbers is None:
            return Lookup(table.requires_grad_(), None, *ids)
        for part in ids:
            self._marks[part.flatten()] = True
        rows = self._marks.nonzero().squeeze(1)
        self._marks[rows] = False
        self._numbers[rows] = torch.arange(len(rows), device=rows.device)
        return Lookup(table[rows].requires_grad_(), rows, *(self._numbers[part] for part in ids))


def _split(vectors: Tensor, step: Step) -> Sequence[Tensor]:
    """The blocks' parts of vectors [replicas, batch | 1, length | 1, n, d]; what the batch shares goes to each."""
    if vectors.shape[1] == 1:
        return [vectors] * len(step.blocks)
    parts: Sequence[Tensor] = torch.split(vectors, [block.n_rows for block in step.blocks], 1)
    return parts
