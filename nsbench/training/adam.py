"""Adam with a learning rate for each replica, over a whole tensor or over some rows of a table.

Source: Kingma and Ba, ICLR 2015. The row-wise form moves only the rows of the step (as `torch.optim.SparseAdam`): a row's
moments stand still while it isn't drawn, where dense Adam lets them fade and goes on moving the row by what is left of
them.
"""

import math

import torch
from torch import Tensor

EPS = 1e-8


class Adam:
    """The moments of one parameter of shape [replicas, ...]."""

    def __init__(self, parameter: Tensor, learning_rates: Tensor, beta1: float = 0.9, beta2: float = 0.98) -> None:
        """Starts with moments of zero.

        Args:
            parameter: [replicas, ...]; changed in place by the steps.
            learning_rates: float32[replicas].
            beta1: Decay of the mean of gradients.
            beta2: Decay of the mean of squared gradients; .98 in SASRec.
        """
        self._parameter = parameter.detach()
        self._rates = learning_rates.view(-1, *([1] * (parameter.dim() - 1)))
        self._beta1, self._beta2 = beta1, beta2
        self._mean = torch.zeros_like(self._parameter)
        self._square = torch.zeros_like(self._parameter)
        self._n_steps = 0

    def step(self, gradient: Tensor) -> None:
        """Moves the whole parameter; `gradient` has its shape."""
        self._n_steps += 1
        self._parameter.sub_(self._move(self._mean, self._square, gradient).mul_(self._rates))

    def step_rows(self, rows: Tensor, gradient: Tensor) -> None:
        """Moves some rows of a parameter [replicas, n_rows, d].

        Args:
            rows: int64[k], distinct; row i of replica r is number r * n_rows + i.
            gradient: [k, d].
        """
        self._n_steps += 1
        mean, square = (moment.view(-1, moment.shape[-1]) for moment in (self._mean, self._square))
        row_mean, row_square = mean[rows], square[rows]
        move = self._move(row_mean, row_square, gradient)
        mean[rows], square[rows] = row_mean, row_square
        rates = self._rates.view(-1)[rows // self._parameter.shape[1]]
        self._parameter.view(-1, gradient.shape[-1]).index_add_(0, rows, move.mul_(rates[:, None]), alpha=-1)

    def _move(self, mean: Tensor, square: Tensor, gradient: Tensor) -> Tensor:
        """Updates the moments in place and gives the step for a learning rate of 1."""
        mean.lerp_(gradient, 1 - self._beta1)
        square.mul_(self._beta2).addcmul_(gradient, gradient, value=1 - self._beta2)
        root = square.sqrt().div_(math.sqrt(1 - self._beta2**self._n_steps)).add_(EPS)
        return torch.div(mean, root).div_(1 - self._beta1**self._n_steps)
