"""The selection gives what sorting all scores gives."""

import numpy as np
import pytest
import torch

from nsbench.trained import top_items
from nsbench.trained.top_items import TopItems

NOTHING = torch.zeros(0, dtype=torch.int64)


def by_sorting(scores: torch.Tensor, k: int) -> list[list[int]]:
    """The k highest columns of each row, by definition; the smaller column first among equal scores."""
    return [sorted(range(len(row)), key=lambda column: (-row[column], column))[:k] for row in scores.tolist()]


@pytest.mark.parametrize("n_items", [1, 5, 15, 16, 17, 300, 1000])
@pytest.mark.parametrize("k", [1, 3, 10])
def test_the_highest_are_those_of_a_full_sort(n_items: int, k: int) -> None:
    generator = torch.Generator().manual_seed(n_items)
    vectors, states = torch.randn(n_items, 4, generator=generator), torch.randn(7, 4, generator=generator)
    scores, columns = TopItems(vectors, k).of(states, NOTHING, NOTHING)
    assert columns.tolist() == by_sorting(states @ vectors.T, k)
    assert torch.allclose(scores, (states @ vectors.T).gather(1, columns))


@pytest.mark.parametrize("block", [64, 128, 1 << 16])
def test_a_catalogue_of_many_stretches_and_blocks_is_one(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    """1,000 items in stretches of about 48, of which a block holds one, two or all."""
    monkeypatch.setattr(top_items, "STRETCH_COLUMNS", 48)
    monkeypatch.setattr(top_items, "BLOCK_COLUMNS", block)
    generator = torch.Generator().manual_seed(0)
    vectors, states = torch.randn(1000, 4, generator=generator), torch.randn(9, 4, generator=generator)
    top = TopItems(vectors, 5)
    for n in (9, 2):  # A smaller call after a larger one finds old scores in the block.
        assert top.of(states[:n], NOTHING, NOTHING)[1].tolist() == by_sorting(states[:n] @ vectors.T, 5)


def test_hidden_items_are_left_out_and_a_row_may_run_out_of_items() -> None:
    """Of items with scores 0, 1, 2, 3 row 0 hides the two highest, row 1 all but item 2."""
    vectors = torch.arange(4.0)[:, None]
    rows, columns = torch.tensor([0, 0, 1, 1, 1]), torch.tensor([3, 2, 0, 1, 3])
    scores, found = TopItems(vectors, 3).of(torch.ones(2, 1), rows, columns)
    assert scores.tolist() == [[1, 0, -np.inf], [2, -np.inf, -np.inf]]
    assert found[0, :2].tolist() == [1, 0]
    assert found[1, 0] == 2


def test_equal_scores_come_in_the_order_of_columns() -> None:
    vectors = torch.tensor([[1.0], [2.0], [1.0], [2.0]])
    assert TopItems(vectors, 4).of(torch.ones(1, 1), NOTHING, NOTHING)[1].tolist() == [[1, 3, 0, 2]]
