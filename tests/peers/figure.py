"""What other implementations reached, and what noise lies between two runs."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy.stats import t

COLUMNS = ("loss", "hit_rate", "ndcg", "head", "mid", "tail")
"""The mean training loss of the last epoch; test hit rate and NDCG at 10; the hit rate of each cohort."""


@dataclass(frozen=True)
class Figure:
    """A run of an implementation.

    Attributes:
        source: The implementation, with its version.
        log: The folder of the real log.
        method: Its name in nsbench.
        settings: What differs from the peer's common settings.
        values: By column; those that were not measured are missing.
    """

    source: str
    log: str
    method: str
    settings: Mapping[str, str]
    values: Mapping[str, float]

    @property
    def is_ours(self) -> bool:
        """Whether it is nsbench's, when the peer was measured."""
        return self.source.startswith("nsbench")


def figures_of(peer: str) -> tuple[Figure, ...]:
    """A peer's figures, and those of nsbench beside them; `peer` is the name of a CSV file beside this one."""
    with (Path(__file__).parent / f"{peer}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_figure(row) for row in csv.DictReader(file))


def spread_of_seeds(figures: Sequence[Figure], column: str) -> tuple[float, int]:
    """The standard deviation between seeds of one implementation, over all its methods, and its degrees of freedom.

    Two figures of a method differ by d: they add d**2 / 2 and one degree of freedom.
    """
    groups: dict[object, list[float]] = {}
    for figure in figures:
        key = (figure.source, figure.log, figure.method, *sorted(figure.settings.items()))
        if column in figure.values:
            groups.setdefault(key, []).append(figure.values[column])
    squares, freedom = 0.0, 0
    for values in groups.values():
        mean = sum(values) / len(values)
        squares += sum((value - mean) ** 2 for value in values)
        freedom += len(values) - 1
    return (math.sqrt(squares / freedom) if freedom else math.nan), freedom


def noise_of(figures: Sequence[Figure], column: str, n_ours: int, n_theirs: int = 1, n_columns: int = 1) -> float:
    """By how much two means may differ where only the seeds do: the half width of a 95 % interval of their difference.

    Args:
        figures: A peer's, with ours beside them; several seeds of a method say what lies between two.
        column: One of COLUMNS.
        n_ours: Seeds in our mean.
        n_theirs: Seeds in theirs.
        n_columns: How many columns are compared: all of them lie within their noise in 95 % of cases (Bonferroni).
    """
    sd, freedom = spread_of_seeds(figures, column)
    if not freedom:
        return math.nan
    return float(t.ppf(1 - 0.025 / n_columns, freedom)) * sd * math.sqrt(1 / n_ours + 1 / n_theirs)


def _figure(row: Mapping[str, str]) -> Figure:
    settings = dict(part.split("=", 1) for part in row["settings"].split())
    values = {column: float(row[column]) for column in COLUMNS if row[column]}
    return Figure(row["source"], row["log"], row["method"], settings, values)
