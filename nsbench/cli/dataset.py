"""What the commands share about datasets: a built-in log is made the first time it is asked for."""

from typing import TYPE_CHECKING

from nsbench.home import Home

if TYPE_CHECKING:
    from nsbench.data.dataset import Dataset


def open_dataset(name: str, home: Home) -> "Dataset":
    """The prepared dataset of that name; `demo` is generated when it isn't there.

    Raises:
        DatasetError: There is no such dataset.
    """
    from nsbench.data.store import load_dataset
    from nsbench.data.synthetic import ensure_builtin

    ensure_builtin(name, home)
    return load_dataset(name, home)
