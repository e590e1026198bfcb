"""A file of ranks is read as it was written, of older versions too, and one that holds anything else is refused."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nsbench.errors import DamagedRanks
from nsbench.evaluation.metrics.of_ranks import metrics_of
from nsbench.tracking.rank_file import read_ranks, write_ranks
from tests.tracking.run_builder import ranks_of

COLUMNS = {
    "users": np.array([0, 1], dtype=np.int64),
    "items": np.array([1, 2], dtype=np.int32),
    "cohorts": np.array([0, 3], dtype=np.int8),
    "ranks": np.array([1.5, np.inf], dtype=np.float32),
}


def test_what_was_written_comes_back(tmp_path):
    write_ranks(ranks_of(1, 2.5), tmp_path / "ranks.parquet")
    for source in (tmp_path / "ranks.parquet", (tmp_path / "ranks.parquet").read_bytes()):
        assert read_ranks(source).ranks.tolist() == [1, 2.5]


def test_columns_of_another_version_are_passed_over(tmp_path):
    pq.write_table(pa.table({**COLUMNS, "more": [1, 2]}), tmp_path / "file")
    assert read_ranks(tmp_path / "file").ranks.tolist() == [1.5, np.inf]


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("ranks", ["1.0", "2.0"]),
        ("ranks", [0.0, 1.0]),
        ("ranks", [-1.0, 1.0]),
        ("ranks", [float("nan"), 1.0]),
        ("ranks", [None, 1.0]),
        ("ranks", [[1.0], [2.0]]),
        ("ranks", [True, False]),
        ("users", ["a", "b"]),
        ("users", [0.0, 1.0]),
        ("users", [-1, 1]),
        ("users", [None, 1]),
        ("items", [1, 2**40]),
        ("cohorts", [0, 4]),
        ("cohorts", [-1, 0]),
        ("cohorts", [256, 0]),
        ("n_tied", [0, 1]),
        ("n_tied", [3, 1]),
        ("n_tied", ["2", "1"]),
    ],
)
def test_a_column_that_no_ranking_gives_is_refused(tmp_path, column, values):
    pq.write_table(pa.table({**COLUMNS, column: pa.array(values)}), tmp_path / "file")
    with pytest.raises(DamagedRanks, match=r"ranks\.parquet holds no ranks"):
        read_ranks(tmp_path / "file")


def whole(folder):
    write_ranks(ranks_of(1, 2), folder / "whole")
    return (folder / "whole").read_bytes()


@pytest.mark.parametrize("content", [b"", b"PAR1", b"user,item\n1,2\n", b"\x00" * 1000])
def test_a_file_that_is_no_parquet_is_refused(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(DamagedRanks):
        read_ranks(tmp_path / "file")


def test_a_file_cut_anywhere_is_refused(tmp_path):
    content = whole(tmp_path)
    for length in range(0, len(content), 37):
        with pytest.raises(DamagedRanks):
            read_ranks(content[:length])


def test_a_file_without_rows_or_without_a_column_is_refused(tmp_path):
    for columns in ({name: values[:0] for name, values in COLUMNS.items()}, {"users": COLUMNS["users"]}):
        pq.write_table(pa.table(columns), tmp_path / "file")
        with pytest.raises(DamagedRanks):
            read_ranks(tmp_path / "file")


def test_a_folder_or_a_pipe_under_the_files_name_is_refused(tmp_path):
    """A pipe without a writer would be waited for."""
    import os

    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(DamagedRanks, match="it is no file"):
            read_ranks(path)


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
