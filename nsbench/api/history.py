"""Histories as a caller gives them: a DataFrame of pandas or polars, or the ids of one user."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd
import polars as pl
import pyarrow as pa

from nsbench.errors import LogError, SettingsError
from nsbench.files.yaml_text import shortened


def is_frame(histories: object) -> bool:
    """Whether these are a DataFrame, and not the ids of one user."""
    return isinstance(histories, pd.DataFrame | pl.DataFrame)


def frame_of(histories: pd.DataFrame | pl.DataFrame | Sequence[object]) -> pl.DataFrame:
    """Histories as a DataFrame; the ids of one user as one row.

    Raises:
        LogError: A DataFrame holds what has no type.
        SettingsError: These are no histories.
    """
    if isinstance(histories, pl.DataFrame):
        return histories
    if isinstance(histories, pd.DataFrame):
        try:
            return pl.from_pandas(histories)
        except (pa.ArrowException, pl.exceptions.PolarsError, TypeError, ValueError) as error:
            raise LogError(
                f"the DataFrame can't be read: {str(error).partition(chr(10))[0]}; give each column one name and values of one "
                "type, such as text"
            ) from error
    # A text has letters, a dictionary keys: neither is a history.
    if isinstance(histories, str | Mapping) or not isinstance(histories, Iterable):
        raise SettingsError(f"histories are a DataFrame or a list of ids, not {shortened(repr(histories))}")
    return pl.DataFrame(
        {"user": ["1"], "items": [[None if one is None else str(one) for one in histories]]}, strict=False
    )
