"""A dataset's arrays as files that stay on disk until they are read."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nsbench.errors import DatasetError


def open_array(folder: Path, array: str, kind: type[np.integer[Any]], length: int) -> NDArray[Any]:
    """Opens an array of a dataset.

    Raises:
        DatasetError: It is missing, can't be read, or is not as the card says.
    """
    try:
        opened: NDArray[Any] = np.load(folder / f"{array}.npy", mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise damaged(folder, f"{array}.npy is missing") from None
    except (ValueError, OSError, EOFError) as error:
        raise damaged(folder, f"{array}.npy can't be read: {error}") from None
    if opened.shape != (length,) or opened.dtype != kind:
        raise damaged(folder, f"{array}.npy holds {opened.shape} of {opened.dtype}, not {length:,}")
    return opened


def damaged(folder: Path, what: str) -> DatasetError:
    """What to say of a dataset that isn't whole."""
    return DatasetError(f"The dataset in {folder} is damaged: {what}. Prepare it again with --replace.")
