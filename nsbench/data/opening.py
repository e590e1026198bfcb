"""How commands open a dataset by its name: a built-in log is made the first time it is asked for."""

from nsbench.data.dataset import Dataset
from nsbench.data.store import load_dataset
from nsbench.data.synthetic.generate import ensure_builtin
from nsbench.files.home import Home


def open_dataset(name: str, home: Home) -> Dataset:
    """The prepared dataset of that name; `demo` is generated when it isn't there.

    Raises:
        DatasetError: There is no such dataset.
    """
    ensure_builtin(name, home)
    return load_dataset(name, home)
