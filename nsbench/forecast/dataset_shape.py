"""The log that a prediction is about: the prepared dataset, or a stand-in of its shape where it isn't prepared yet."""

from dataclasses import dataclass

from nsbench.bench.cases.workload import Workload, dataset_of
from nsbench.data.dataset import Dataset
from nsbench.data.store import dataset_exists, load_dataset
from nsbench.data.synthetic.generate import BUILTIN
from nsbench.data.synthetic.shapes import SHAPES
from nsbench.files.home import Home

STAND_IN_USERS = 5_000
"""A stand-in has at most this many users: rates hang on lengths and on the catalogue, not on how many users there are."""

PUBLISHED_SIZES: dict[str, tuple[int, int, int]] = {
    **{name: (shape.n_users, shape.n_items, shape.n_interactions) for name, shape in SHAPES.items()},
    **{name: (settings.n_users, settings.n_items, settings.n_interactions) for name, settings in BUILTIN.items()},
    "ml-100k": (943, 1_682, 100_000),
    "ml-1m": (6_040, 3_706, 1_000_209),
}
"""Users, items and interactions of logs that may not be prepared yet. Source: `SHAPES`, `BUILTIN`; GroupLens' readme files."""

_TRAIN_SHARE = 0.9
_HELD_OUT_SHARE = 0.05
_BYTES_PER_INTERACTION = 12
_BYTES_PER_USER = 24 + 16
_MAX_LENGTH = 50


@dataclass(frozen=True)
class DatasetShape:
    """A log, or its stand-in.

    Attributes:
        name: The dataset's name.
        dataset: The prepared log, or the stand-in.
        users_share: The part of the log's users that `dataset` holds, in (0, 1]; 1 for a prepared log.
        n_interactions: Of the whole log.
        n_valid: Validation interactions of the whole log.
        n_test: Test interactions of the whole log.
        disk_bytes: What the prepared dataset takes.
        how: Where the shape comes from, in words.
    """

    name: str
    dataset: Dataset
    users_share: float
    n_interactions: int
    n_valid: int
    n_test: int
    disk_bytes: int
    how: str


def shape_of(name: str, home: Home) -> DatasetShape:
    """The prepared dataset of that name, or a stand-in where nsbench knows the log's shape.

    Raises:
        DatasetError: It is not prepared, and nothing says what it will be like.
    """
    if not dataset_exists(name, home) and name in PUBLISHED_SIZES:
        return _stand_in(name)
    dataset = load_dataset(name, home)
    card = dataset.card
    disk_bytes = sum(file.stat().st_size for file in (home.datasets / name).iterdir())
    return DatasetShape(name, dataset, 1.0, card.n_interactions, card.n_valid, card.n_test, disk_bytes, "prepared")


def _stand_in(name: str) -> DatasetShape:
    n_all_users, n_items, n_interactions = PUBLISHED_SIZES[name]
    n_users = min(n_all_users, STAND_IN_USERS)
    # The stand-in keeps one validation and one test interaction a user; the rest is what the log trains on.
    mean_length = round(_TRAIN_SHARE * n_interactions / n_all_users) + 2
    dataset = dataset_of(Workload(name, n_users, n_items, mean_length, _MAX_LENGTH))
    n_held_out = round(_HELD_OUT_SHARE * n_interactions)
    return DatasetShape(
        name=name,
        dataset=dataset,
        users_share=n_users / n_all_users,
        n_interactions=n_interactions,
        n_valid=n_held_out,
        n_test=n_held_out,
        disk_bytes=_BYTES_PER_INTERACTION * n_interactions + _BYTES_PER_USER * (n_all_users + n_items),
        how=f"not prepared yet: a stand-in with about {n_all_users:,} users and {n_interactions:,} interactions",
    )
