"""A run's ranks as a Parquet file: columns users, items, cohorts, ranks, n_tied, zstd-compressed, one row a target."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nsbench.errors import DamagedRanks
from nsbench.evaluation.rank_table import RankTable
from nsbench.terms import Cohort

RANKS_FILE = "ranks.parquet"
"""The artifact's name in every run that ranked the test interactions."""

NEGATIVE_RANKS_FILE = "negative_ranks.parquet"
"""The artifact with the test ranks of explicit negatives, of the same columns, in runs on datasets that have some."""

_MOST_ROWS = 200_000_000
"""Of a file that is read at all: a damaged or made-up one of a few kilobytes can say that it holds billions."""

_TYPES = {"users": np.int64, "items": np.int32, "cohorts": np.int8, "ranks": np.float64}

_TIED = "n_tied"
"""The column that files of older versions lack."""


def write_ranks(ranks: RankTable, path: Path) -> None:
    """Writes a rank table; the order of the targets is kept."""
    columns = {"users": ranks.users, "items": ranks.items, "cohorts": ranks.cohorts, "ranks": ranks.ranks}
    pq.write_table(pa.table({**columns, _TIED: ranks.n_tied}), path, compression="zstd")


def read_ranks(source: Path | bytes) -> RankTable:
    """Reads what `write_ranks` wrote; in files of older versions every target has one place, its mean rank.

    Args:
        source: The file, or its content.

    Raises:
        DamagedRanks: The file can't be read, lacks a column, or holds what no ranking gives.
    """
    if isinstance(source, Path) and not source.is_file():
        raise _damaged("it is no file")
    try:
        file = pq.ParquetFile(pa.BufferReader(source) if isinstance(source, bytes) else source)
        if file.metadata.num_rows > _MOST_ROWS:
            raise _damaged(f"{file.metadata.num_rows:,} rows are more than {_MOST_ROWS:,}")
        # Text would be read and turned into numbers without a word.
        names = [*_TYPES, *({_TIED} & set(file.schema_arrow.names))]
        kinds = {name: file.schema_arrow.field(name).type for name in names}
        unfit = [f"{name} ({kind})" for name, kind in kinds.items() if not _is_fit(name, kind)]
        if unfit:
            raise _damaged(f"no numbers in {', '.join(unfit)}")
        table = file.read(columns=names)
        if any(table.column(name).null_count for name in names):
            raise _damaged("empty cells")
        arrays = {name: table.column(name).to_numpy() for name in names}
        reason = _impossible(arrays)
        if reason:
            raise _damaged(reason)
    except (OSError, KeyError, ValueError, OverflowError, MemoryError, pa.ArrowException) as error:
        raise _damaged(str(error).partition("\n")[0]) from error
    cast = {name: arrays[name].astype(kind, copy=False) for name, kind in _TYPES.items()}
    n_tied = arrays.get(_TIED, np.ones(len(cast["ranks"]))).astype(np.int32, copy=False)
    return RankTable(cast["users"], cast["items"], cast["cohorts"], cast["ranks"], n_tied)


def _is_fit(name: str, kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_floating(kind) or pa.types.is_integer(kind) if name == "ranks" else pa.types.is_integer(kind)
    )


def _impossible(arrays: Mapping[str, NDArray[np.number[Any]]]) -> str | None:
    """What no ranking gives; None where all could be."""
    ranks = arrays["ranks"]
    if not len(ranks):
        return "no rows"
    if not bool((ranks >= 1).all()):  # Not-a-number isn't either.
        return "ranks below 1"
    if _TIED in arrays and not bool((arrays[_TIED] >= 1).all()):
        return f"{_TIED} below 1"
    if _TIED in arrays and not bool((ranks - (arrays[_TIED] - 1) / 2 >= 1).all()):
        return f"more {_TIED} than there are places around the ranks"
    for name, most in (("users", np.iinfo(np.int64).max), ("items", np.iinfo(np.int32).max), ("cohorts", max(Cohort))):
        if not bool(((arrays[name] >= 0) & (arrays[name] <= int(most))).all()):
            return f"{name} outside of 0 to {int(most)}"
    return None


def _damaged(reason: str) -> DamagedRanks:
    return DamagedRanks(f"its {RANKS_FILE} holds no ranks: {reason}; expected are the columns {', '.join(_TYPES)}")
