"""Adam with a learning rate for each replica, over a whole tensor or over some rows of a table.

Source: Kingma and Ba, ICLR 2015: algorithm 1, as torch has it, or the form at the end of its section 2, as TensorFlow and so
the paper's published code have it; they differ in where epsilon is added. The row-wise form moves only the rows of the step
(as `torch.optim.SparseAdam`): a row's moments stand still while it isn't drawn, where dense Adam lets them fade and goes on
moving the row by what is left of them.

torch's fused kernel does the arithmetic of the first form in one pass over memory. It takes one learning rate: where
replicas differ in theirs, it moves zeros at a rate of 1, and each replica's rate scales the result.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.optim.adam import adam

from nsbench.tensors.row_ops import read_rows, write_rows
from nsbench.training.checkpoint.state_tensor import State, StateTensor, leading, shared

EPS = 1e-8

EpsilonPlace = Literal["after_correction", "before_correction"]
"""Whether epsilon is added to the corrected root of the mean square (torch), or to the root itself (TensorFlow)."""

ROWS_AT_ONCE = 3_000
"""Rows of a table that are read, moved and written together on a CPU: they are still in its cache when they are written,
which takes a fifth off."""


class Adam:
    """The moments of one parameter of shape [replicas, ...]."""

    def __init__(
        self,
        parameter: Tensor,
        learning_rates: Tensor,
        *,
        beta1: float = 0.9,
        beta2: float = 0.98,
        epsilon: EpsilonPlace = "after_correction",
    ) -> None:
        """Starts with moments of zero.

        Args:
            parameter: [replicas, ...]; changed in place by the steps.
            learning_rates: float32[replicas].
            beta1: Decay of the mean of gradients.
            beta2: Decay of the mean of squared gradients; .98 in SASRec.
            epsilon: Where epsilon is added.
        """
        self._parameter = parameter.detach()
        self._rates = learning_rates.view(-1, *([1] * (parameter.dim() - 1)))
        self._beta1, self._beta2 = beta1, beta2
        self._epsilon = epsilon
        self._mean = torch.zeros_like(self._parameter)
        self._square = torch.zeros_like(self._parameter)
        self._n_steps = torch.zeros((), device=parameter.device)
        distinct = set(learning_rates.tolist())
        self._only_rate = distinct.pop() if len(distinct) == 1 else None

    def step(self, gradient: Tensor) -> None:
        """Moves the whole parameter; `gradient` has its shape."""
        self._move(self._parameter, self._mean, self._square, gradient, self._rates)

    def step_rows(self, rows: Tensor, gradient: Tensor) -> None:
        """Moves some rows of a parameter [replicas, n_rows, d].

        Args:
            rows: int64[k]; row i of replica r is number r * n_rows + i. Distinct, or on a GPU each time with the same gradient.
            gradient: [k, d].
        """
        d = self._parameter.shape[2]
        tables = [table.view(-1, d) for table in (self._parameter, self._mean, self._square)]
        at_once = ROWS_AT_ONCE if rows.device.type == "cpu" else max(1, len(rows))
        n_steps = self._n_steps.clone()
        parts = (tensor.split(at_once) for tensor in (rows, gradient, self._rates_of(rows)))
        for own, by_own, rates in zip(*parts, strict=True):
            self._n_steps.copy_(n_steps)
            moved = values, mean, square = tuple(read_rows(table, own) for table in tables)
            self._move(values, mean, square, by_own, rates)
            for table, part in zip(tables, moved, strict=True):
                write_rows(table, own, part)

    def state(self) -> dict[str, StateTensor]:
        """What the next step depends on beside the parameter; shares memory."""
        return {"mean": leading(self._mean), "square": leading(self._square), "n_steps": shared(self._n_steps)}

    def restore(self, state: State) -> None:
        """Takes over what `state` gave."""
        # Copied in place: a loaded tensor's memory may be aligned otherwise, and sums then round otherwise.
        self._mean.copy_(state["mean"].tensor)
        self._square.copy_(state["square"].tensor)
        self._n_steps.copy_(state["n_steps"].tensor)

    def _rates_of(self, rows: Tensor) -> Tensor:
        """float32[k, 1], the learning rate of each row."""
        rates = self._rates.view(-1)
        if self._only_rate is not None:
            return rates[:1, None].expand(len(rows), 1)
        return rates.index_select(0, rows // self._parameter.shape[1])[:, None]

    def _move(self, values: Tensor, mean: Tensor, square: Tensor, gradient: Tensor, rates: Tensor) -> None:
        """Takes a step in place, at rates that broadcast against the values."""
        if self._epsilon == "before_correction":
            self._uncorrected(values, mean, square, gradient, rates)
            return
        if self._only_rate is not None:
            self._fused(values, mean, square, gradient, self._only_rate)
            return
        change = torch.zeros_like(gradient)
        self._fused(change, mean, square, gradient, 1.0)
        values.addcmul_(change, rates)

    def _uncorrected(self, values: Tensor, mean: Tensor, square: Tensor, gradient: Tensor, rates: Tensor) -> None:
        """As TensorFlow: the rate takes both corrections, so epsilon weighs more in early steps than in the other form."""
        # The count stays on the device, where a recorded step reads it.
        n_steps = self._n_steps.add_(1).double()
        correction = (1 - self._beta2**n_steps).sqrt_() / (1 - self._beta1**n_steps)
        mean.lerp_(gradient, 1 - self._beta1)
        square.mul_(self._beta2).addcmul_(gradient, gradient, value=1 - self._beta2)
        values.sub_((mean / square.sqrt().add_(EPS)).mul_(rates * correction.float()))

    def _fused(self, values: Tensor, mean: Tensor, square: Tensor, gradient: Tensor, rate: float) -> None:
        adam(
            [values],
            [gradient],
            [mean],
            [square],
            [],
            [self._n_steps],
            fused=True,
            amsgrad=False,
            beta1=self._beta1,
            beta2=self._beta2,
            lr=rate,
            weight_decay=0.0,
            eps=EPS,
            maximize=False,
        )
