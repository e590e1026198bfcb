"""Adam against torch's own."""

import math

import numpy as np
import pytest
import torch

from nsbench.training.optimizer import adam
from nsbench.training.optimizer.adam import Adam


def gradients(n_steps: int, *shape: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator) for _ in range(n_steps)]


def test_each_replica_moves_as_torchs_adam_with_its_learning_rate() -> None:
    parameter = torch.zeros(2, 5, 3)
    ours = Adam(parameter, torch.tensor([1e-2, 1e-3]))
    reference = [torch.zeros(5, 3, requires_grad=True) for _ in range(2)]
    optimisers = [
        torch.optim.Adam([p], lr=rate, betas=(0.9, 0.98)) for p, rate in zip(reference, (1e-2, 1e-3), strict=True)
    ]
    for gradient in gradients(5, 2, 5, 3):
        ours.step(gradient)
        for p, g, optimiser in zip(reference, gradient, optimisers, strict=True):
            p.grad = g
            optimiser.step()
    for moved, p in zip(parameter, reference, strict=True):
        assert torch.allclose(moved, p.detach(), atol=1e-6)


@pytest.mark.parametrize("rates", [(1e-2, 1e-3), (1e-2, 1e-2)])
@pytest.mark.parametrize("form", ["dense", "rows"])
def test_epsilon_before_the_correction_gives_tensorflows_steps(form: str, rates: tuple[float, float]) -> None:
    """As TensorFlow documents it: lr_t = lr sqrt(1 - beta2^t) / (1 - beta1^t), x -= lr_t m_t / (sqrt(v_t) + eps).

    Gradients about as large as epsilon, for which its place makes a difference: .02 of the mean square's root is left of
    it in the first step, so the other form takes steps that are up to seven times as large.
    """
    parameter, expected = torch.zeros(2, 5, 3), np.zeros((2, 5, 3))
    ours = Adam(parameter, torch.tensor(rates), epsilon="before_correction")
    m, v = np.zeros((2, 5, 3)), np.zeros((2, 5, 3))
    for t, gradient in enumerate(gradients(5, 2, 5, 3), 1):
        g = 1e-8 * gradient.double().numpy()
        m, v = 0.9 * m + 0.1 * g, 0.98 * v + 0.02 * g**2
        lr_t = np.array(rates)[:, None, None] * math.sqrt(1 - 0.98**t) / (1 - 0.9**t)
        expected -= lr_t * m / (np.sqrt(v) + 1e-8)
        if form == "dense":
            ours.step(torch.from_numpy(g).float())
        else:
            ours.step_rows(torch.arange(10), torch.from_numpy(g).float().view(10, 3))
    assert np.allclose(parameter.numpy(), expected, rtol=1e-5, atol=1e-9)


def test_rows_that_are_always_there_move_as_in_the_dense_form() -> None:
    dense, rows = torch.zeros(2, 3, 4), torch.zeros(2, 3, 4)
    adams = Adam(dense, torch.tensor([1e-2, 1e-3])), Adam(rows, torch.tensor([1e-2, 1e-3]))
    for gradient in gradients(4, 2, 3, 4):
        adams[0].step(gradient)
        adams[1].step_rows(torch.arange(6), gradient.view(6, 4))
    assert torch.allclose(dense, rows, atol=1e-7)


def test_rows_move_alike_however_many_move_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven rows of 2 x 5, all at once and by twos: the same step for each of them, the fourth one included."""
    rows = torch.tensor([0, 2, 3, 5, 6, 8, 9])
    tables = torch.zeros(2, 5, 3), torch.zeros(2, 5, 3)
    for table, at_once in zip(tables, (100, 2), strict=True):
        monkeypatch.setattr(adam, "ROWS_AT_ONCE", at_once)
        stepper = Adam(table, torch.tensor([1e-2, 1e-3]))
        for gradient in gradients(4, 7, 3):
            stepper.step_rows(rows, gradient)
    assert torch.allclose(tables[0], tables[1], atol=1e-7)
    assert tables[0].view(10, 3)[rows].all()


def test_a_step_without_a_row_counts_as_one() -> None:
    """As a process does that looks up no row of its part of a table: the next step's correction is that of the second."""
    parameter = torch.zeros(1, 4, 2)
    stepper = Adam(parameter, torch.tensor([0.1]))
    stepper.step_rows(torch.empty(0, dtype=torch.int64), torch.empty(0, 2))
    assert not parameter.any()
    assert stepper.state()["n_steps"].tensor == 1


def test_rows_that_are_not_drawn_stand_still() -> None:
    parameter = torch.zeros(1, 4, 2)
    Adam(parameter, torch.tensor([0.1])).step_rows(torch.tensor([1, 3]), torch.ones(2, 2))
    assert not parameter[0, [0, 2]].any()
    assert torch.allclose(parameter[0, [1, 3]], torch.tensor(-0.1))
