"""A run's ranks as a Parquet file: columns users, items, cohorts, ranks, zstd-compressed, one row a target."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nsbench.errors import TrackingError
from nsbench.evaluation.rank_table import RankTable

RANKS_FILE = "ranks.parquet"
"""The artifact's name in every run that ranked the test interactions."""

_TYPES = {"users": np.int64, "items": np.int32, "cohorts": np.int8, "ranks": np.float32}


def write_ranks(ranks: RankTable, path: Path) -> None:
    """Writes a rank table; the order of the targets is kept."""
    columns = {"users": ranks.users, "items": ranks.items, "cohorts": ranks.cohorts, "ranks": ranks.ranks}
    pq.write_table(pa.table(columns), path, compression="zstd")


def read_ranks(path: Path) -> RankTable:
    """Reads what `write_ranks` wrote.

    Raises:
        TrackingError: The file can't be read, or lacks a column.
    """
    try:
        table = pq.read_table(path, columns=list(_TYPES))
        arrays = {name: table.column(name).to_numpy().astype(kind, copy=False) for name, kind in _TYPES.items()}
    except (OSError, KeyError, pa.ArrowException) as error:
        raise TrackingError(f"{path} holds no ranks: {error}; expected columns {', '.join(_TYPES)}") from error
    return RankTable(arrays["users"], arrays["items"], arrays["cohorts"], arrays["ranks"])
