"""Preparation as the bench measures it: a log of each form read, in a process and a folder of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from nsbench.bench.cases.preparation import LogForm, preparation_rate
from nsbench.bench.measuring.process import BenchProcess

FORMS: Sequence[LogForm] = ("parquet", "csv")


@dataclass(frozen=True)
class PreparationRate:
    """How fast a log becomes a dataset, on all cores, by the wall's clock.

    Attributes:
        form: What the log is written as.
        n_rows: Its length.
        rows_per_s: From the file to the stored arrays.
    """

    form: LogForm
    n_rows: int
    rows_per_s: float


def measure_preparation(n_rows: int) -> tuple[PreparationRate, ...]:
    """Prepares a log of each form once; it takes about 60 bytes per row of the system's folder for temporary files."""
    with TemporaryDirectory(prefix="nsbench-bench-") as folder:
        return tuple(PreparationRate(form, n_rows, _rate(n_rows, form, Path(folder))) for form in FORMS)


def _rate(n_rows: int, form: LogForm, folder: Path) -> float:
    with BenchProcess(partial(preparation_rate, n_rows, form, folder)) as process:
        return process.ask(_itself)


def _itself(rate: float) -> float:
    return rate
