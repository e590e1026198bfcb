"""How fast a log becomes a dataset: rows/s from the file to the stored arrays, on all cores."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from nsbench.data.log.prepare import prepare_log
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.log.read_options import ReadOptions
from nsbench.files.home import Home

LogForm = Literal["parquet", "csv"]

ROWS_PER_USER = 20
ROWS_PER_ITEM = 100
LOG_SECONDS = 100_000_000
"""The log's length, about three years."""

SPREAD_SECONDS = 1_000_000
"""Rows lie this far from the order of their times at most: neither sorted nor shuffled."""

PART_ROWS = 1 << 22


def preparation_rate(n_rows: int, form: LogForm, folder: Path) -> float:
    """Rows/s of preparing a log of whole-number ids and times in seconds; writing the log is not timed.

    Args:
        n_rows: Length of the log, from about 100 rows; 5 million or more make the fixed costs small.
        form: What the log is written as.
        folder: Where the log and the dataset go; both are removed afterwards. About 60 bytes per row.
    """
    log, home = folder / f"log.{form}", Home(folder / "home")
    try:
        frame = pl.concat([part.lazy() for part in _parts(n_rows)])
        frame.sink_parquet(log) if form == "parquet" else frame.sink_csv(log)
        del frame
        started = time.perf_counter()
        prepare_log(log, ReadOptions(), PrepareOptions(duplicates="keep"), "bench", home)
        return n_rows / (time.perf_counter() - started)
    finally:
        log.unlink(missing_ok=True)
        shutil.rmtree(home.root, ignore_errors=True)


def _parts(n_rows: int) -> Iterator[pl.DataFrame]:
    """Users at random, items by a power law, times roughly in order."""
    generator = np.random.default_rng(0)
    n_users, n_items = max(n_rows // ROWS_PER_USER, 2), max(n_rows // ROWS_PER_ITEM, 2)
    for start in range(0, n_rows, PART_ROWS):
        n = min(PART_ROWS, n_rows - start)
        due = np.arange(start, start + n) * LOG_SECONDS // n_rows
        yield pl.DataFrame(
            {
                "user_id": generator.integers(n_users, size=n),
                "item_id": (n_items * generator.random(n) ** 3).astype(np.int64),
                "timestamp": 1_500_000_000 + due + generator.integers(SPREAD_SECONDS, size=n),
            }
        )
