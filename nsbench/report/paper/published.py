"""The paper's own numbers: its released runs, averaged by the same code as ours, and its table 3 as printed.

The files of `configs/paper/`: `published_runs.csv` are the authors' released runs (one row per run), `table_3.csv` is
table 3 as printed, and `published.csv` is what our code makes of both (`released_runs.published_csv`).

Source: arXiv 2410.17276. Its table 3 prints the balance of NDCG, where its equation 8 speaks of hit rates.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nsbench
from nsbench.data.origin import Origin, SyntheticOrigin

PAPER_DATASETS: Mapping[str, str] = {"ml-10m": "Movielens", "amazon-beauty": "Beauty", "retailrocket": "RetailRocket"}
"""Our names of the paper's datasets, and those of its released runs."""

PAPER_LOGS: Mapping[str, str] = {
    "ratings_Beauty.csv": "Beauty",
    "events.csv": "RetailRocket",
    "ratings.dat": "Movielens",
}
"""The files of the paper's logs, as their owners call them, and the names of the datasets in the released runs."""

_COMMON_FILES = frozenset({"events.csv", "ratings.dat"})
"""Names of files that other logs have too, such as MovieLens-1M: with them the dataset's name has to agree as well."""

PAPER_TARGETS: Mapping[str, int] = {"Movielens": 104_626, "Beauty": 21_976, "RetailRocket": 443}
"""Test interactions that the released runs were evaluated on: their hit rates are whole numbers of hits over these."""

SPREAD = 2.0
"""How many standard deviations from their mean count as within their spread: about 95 in 100 of their runs."""


@dataclass(frozen=True)
class PublishedCell:
    """A cell of the paper over its released runs, as shares in [0, 1].

    Attributes:
        mean: Over the released runs; the printed value where none were released.
        sd: Standard deviation over them (divided by n - 1); NaN without them.
        n: Number of released runs; 0: only printed.
    """

    mean: float
    sd: float
    n: int


@dataclass(frozen=True)
class PublishedComparison:
    """A cell of ours beside the paper's.

    Attributes:
        label: Our method's label.
        paper_name: What the paper calls it, such as "RNS".
        metric: `hit_rate` or `ndcg`.
        group: `all`, `head`, `mid`, `tail` or `balance`.
        ours: Our mean.
        published: The paper's cell.
        is_within_spread: Whether ours lies within SPREAD of their deviations of their mean; None where they have none.
    """

    label: str
    paper_name: str
    metric: str
    group: str
    ours: float
    published: PublishedCell
    is_within_spread: bool | None

    @property
    def difference(self) -> float:
        """Ours minus theirs."""
        return self.ours - self.published.mean


@dataclass(frozen=True)
class PaperMatch:
    """Which of the paper's datasets one of ours is.

    Attributes:
        dataset: A value of PAPER_DATASETS.
        reason: How that is known, as a sentence.
    """

    dataset: str
    reason: str


def paper_match(name: str, origin: Origin | None) -> PaperMatch | None:
    """The paper's dataset that one of ours was made from; None where it was made from another log.

    Args:
        name: Our dataset's name, which its user chose: it decides where the origin does not.
        origin: What it was made from, by its card; None without a card.

    >>> from nsbench.data.origin import LogOrigin
    >>> paper_match("mine", LogOrigin(file="ratings_Beauty.csv.gz")).dataset, paper_match("amazon_beauty", None).dataset
    ('Beauty', 'Beauty')
    >>> paper_match("ml-1m", LogOrigin(file="ratings.dat")) is None
    True
    """
    named = _dataset_named(name)
    source = "" if origin is None else origin.text
    file = source.removesuffix(".gz")
    found = PAPER_LOGS.get(file)
    if found is not None and (file not in _COMMON_FILES or found == named):
        return PaperMatch(found, f"Matched with the paper's {found} because it was made from `{source}`.")
    if found is not None or named is None or isinstance(origin, SyntheticOrigin):
        return None
    reason = (
        f"it was made from `{source}`, which is not a file of the paper's logs"
        if source
        else "its runs did not record what it was made from"
    )
    return PaperMatch(named, f"Matched with the paper's {named} by its name alone: {reason}.")


def _dataset_named(name: str) -> str | None:
    plain = name.lower().replace("_", "-")
    by_theirs = {theirs.lower(): theirs for theirs in PAPER_DATASETS.values()}
    return PAPER_DATASETS.get(plain, by_theirs.get(plain))


@cache
def published_cells(paper_dataset: str) -> Mapping[tuple[str, str, str], PublishedCell]:
    """The paper's cells of a dataset by (paper's method, metric, group).

    Args:
        paper_dataset: A value of PAPER_DATASETS.
    """
    with (paper_folder() / "published.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["dataset"] == paper_dataset]
    return {
        (row["method"], row["metric"], row["group"]): PublishedCell(
            float(row["mean"]), float(row["sd"] or "nan"), int(row["n"])
        )
        for row in rows
    }


def paper_folder() -> Path:
    """`configs/paper` in a checkout or an installed package."""
    package = Path(nsbench.__file__).parent
    installed = package / "_configs"
    return (installed if installed.is_dir() else package.parent / "configs") / "paper"
