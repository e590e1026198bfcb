"""Damaged Parquet is refused, or read where the damage doesn't show: no crash, no hang, no other error."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.data.log_damage import damaged_parquet

SECONDS_A_FILE = 2
ROOT = Path(__file__).parents[2]


def good(path: Path, number: int) -> bytes:
    """A good log, of one of four kinds."""
    n = 40
    users = pa.array([f"u{k % 4}" for k in range(n)] if number % 2 else [k % 4 for k in range(n)])
    times = pa.array([1_400_000_000 + 60 * k for k in range(n)], pa.int64())
    table = pa.table(
        {
            "user_id": users,
            "item_id": pa.array([10 + k * k % 5 for k in range(n)], pa.int32()),
            "timestamp": times if number % 4 < 2 else times.cast(pa.timestamp("s")),
        }
    )
    parquet.write_table(table, path, compression=("none", "snappy", "zstd")[number % 3], row_group_size=20)
    return path.read_bytes()


def outcomes(n_files: int, folder: Path) -> Counter[str]:
    """What comes of so many damaged files, all read in one process.

    Raises:
        AssertionError: The process ended, or took too long over a file.
    """
    paths = [folder / f"{number}.parquet" for number in range(n_files)]
    for number, path in enumerate(paths):
        path.write_bytes(damaged_parquet(good(path, number), number))
    ran = subprocess.run(
        [sys.executable, "-m", "tests.data.parquet_reader"],
        input="".join(f"{path}\n" for path in paths),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        timeout=30 + SECONDS_A_FILE * n_files,
    )
    lines = ran.stdout.splitlines()
    assert ran.returncode == 0, f"reading file {len(lines)} ended the process: {ran.stderr[-2_000:]}"
    assert len(lines) == n_files
    return Counter(lines)


def test_a_few_damaged_files_are_refused_or_read(tmp_path: Path) -> None:
    assert set(outcomes(20, tmp_path)) <= {"refused", "read"}


@pytest.mark.slow
def test_damaged_files_are_refused_or_read(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    counts = outcomes(1_000, tmp_path)
    assert set(counts) <= {"refused", "read"}
    for outcome, n in counts.items():
        record_property(f"logs: damaged Parquet: {outcome}", n)
