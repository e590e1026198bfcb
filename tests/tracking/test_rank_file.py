"""Rank files, those of older versions included."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nsbench.evaluation.metric import metrics_of
from nsbench.tracking.rank_file import read_ranks, write_ranks
from tests.tracking.run_builder import ranks_of


def test_ranks_and_ties_come_back_as_they_were(tmp_path: Path) -> None:
    ranks = ranks_of(1.0, 2.5, np.inf, 20_000_001.5)
    write_ranks(ranks, tmp_path / "ranks.parquet")
    found = read_ranks(tmp_path / "ranks.parquet")
    for name in ("users", "items", "cohorts", "ranks", "n_tied"):
        np.testing.assert_array_equal(getattr(found, name), getattr(ranks, name))
        assert getattr(found, name).dtype == getattr(ranks, name).dtype


def test_a_file_without_ties_gives_the_metrics_that_its_run_recorded(tmp_path: Path) -> None:
    """An older version's float32 ranks 10.5 and 10 count as a miss and a hit at 10, as they did then."""
    columns = {
        "users": np.arange(2, dtype=np.int64),
        "items": np.ones(2, dtype=np.int32),
        "cohorts": np.zeros(2, dtype=np.int8),
        "ranks": np.array([10.5, 10], dtype=np.float32),
    }
    pq.write_table(pa.table(columns), tmp_path / "ranks.parquet")
    found = read_ranks(tmp_path / "ranks.parquet")
    assert found.n_tied.tolist() == [1, 1]
    assert metrics_of(found, "test", [10])["test/all/hit_rate_at_10"] == 0.5
