"""A run's ranks as a Parquet file: columns users, items, cohorts, ranks, n_tied, zstd-compressed, one row a target."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from nsbench.errors import TrackingError
from nsbench.evaluation.rank_table import RankTable

RANKS_FILE = "ranks.parquet"
"""The artifact's name in every run that ranked the test interactions."""

_TYPES = {"users": np.int64, "items": np.int32, "cohorts": np.int8, "ranks": np.float64}

_TIED = "n_tied"
"""The column that files of older versions lack."""


def write_ranks(ranks: RankTable, path: Path) -> None:
    """Writes a rank table; the order of the targets is kept."""
    columns = {"users": ranks.users, "items": ranks.items, "cohorts": ranks.cohorts, "ranks": ranks.ranks}
    pq.write_table(pa.table({**columns, _TIED: ranks.n_tied}), path, compression="zstd")


def read_ranks(path: Path) -> RankTable:
    """Reads what `write_ranks` wrote; in files of older versions every target has one place, its mean rank.

    Raises:
        TrackingError: The file can't be read, or lacks a column.
    """
    try:
        table = pq.read_table(path)
        arrays = {name: table.column(name).to_numpy().astype(kind, copy=False) for name, kind in _TYPES.items()}
        n_tied = table.column(_TIED).to_numpy() if _TIED in table.column_names else np.ones(len(table))
    except (OSError, KeyError, pa.ArrowException) as error:
        raise TrackingError(f"{path} holds no ranks: {error}; expected columns {', '.join(_TYPES)}") from error
    users, items, cohorts, ranks = arrays.values()
    return RankTable(users, items, cohorts, ranks, n_tied.astype(np.int32, copy=False))
