"""Slices of work."""

import pytest
import torch

from nsbench.bench.measuring.clock import Moment
from nsbench.bench.measuring.slice import Case, Slice, Span

CPU = torch.device("cpu")


def test_a_slice_takes_at_least_its_steps() -> None:
    drawn = iter(range(100))
    found = Case(lambda: next(drawn), lambda number: number, CPU).run(Span(0.0, "cpu", n_steps=4))
    assert found.n_units == 0 + 1 + 2 + 3


def test_a_slice_takes_at_least_its_time() -> None:
    found = Case(lambda: None, lambda _: 1, CPU).run(Span(0.02, "cpu"))
    assert (found.drawing + found.working).cpu >= 0.02


def test_drawing_is_charged_only_where_it_counts() -> None:
    def draw() -> int:
        return sum(range(200_000))

    charged = Case(draw, lambda _: 1, CPU).run(Span(0.0, "wall", n_steps=3))
    free = Case(draw, lambda _: 1, CPU, counts_drawing=False).run(Span(0.0, "wall", n_steps=3))
    assert charged.drawing.wall > charged.working.wall
    assert free.drawing.wall == 0


def test_the_share_of_a_core_is_cpu_time_over_the_walls() -> None:
    """0.1 s of drawing and 0.5 of work within 0.2 and 0.6 s."""
    assert Slice(1, Moment(0.1, 0.2), Moment(0.5, 0.6)).core_share == pytest.approx(0.75)
