"""One layout for nearly all steps."""

import numpy as np
import pytest
import torch

from nsbench.batching.batch import BatchSampler
from nsbench.batching.static_layout import StaticLayout
from nsbench.batching.window import windows_of
from tests.training.steps.test_step import ragged_log

LOG = ragged_log()


def test_a_batch_that_no_other_is_longer_than_is_the_static_one() -> None:
    """Of windows of 1 to 11 positions 16 at a time: falling, and longer than nearly all of 500 other batches are anywhere."""
    source = BatchSampler(LOG, windows_of(LOG, 30), 16, torch.device("cpu"))
    static, lengths = source.static_lengths(), windows_of(LOG, 30).lengths
    assert len(static) == 16
    assert (np.diff(static) <= 0).all()
    others = -np.sort(-np.random.default_rng(1).choice(lengths, size=(500, 16)), axis=1)
    assert (others <= static).all(1).mean() > 0.98
    assert static.sum() < 16 * 11


@pytest.mark.parametrize("n_rows", [1, 2, 3, 100])
def test_batches_of_few_rows_have_room_too(n_rows: int) -> None:
    """Also of more rows than there are windows, 60."""
    source = BatchSampler(LOG, windows_of(LOG, 30), n_rows, torch.device("cpu"))
    static = StaticLayout(source.static_lengths(), 1, torch.device("cpu"))
    batches = list(source.epoch(np.random.default_rng(0)))
    fit = [static.fits(batch.known_lengths) for batch in batches if len(batch.users) == min(n_rows, 60)]
    assert fit.count(True) > 0.9 * len(fit)
    for batch in batches:
        assert static.n_drawn(batch.known_lengths[0]) >= batch.n_positives


def test_a_batch_of_more_positions_than_static_draws_for_each() -> None:
    static = StaticLayout(np.array([2, 1]), 1, torch.device("cpu"))
    drawn = [static.n_drawn(np.array(lengths)) for lengths in ([2, 1], [1, 1], [3, 2], [4], [1, 1, 1])]
    assert drawn == [3, 3, 5, 4, 3]
