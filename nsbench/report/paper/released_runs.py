"""The paper's released runs in the shape of ours, so that the same code summarises, tests and judges them."""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nsbench.evaluation.metrics.balance import balance
from nsbench.report.paper.published import PAPER_DATASETS, PAPER_TARGETS, PublishedCell, paper_folder
from nsbench.report.selection import CUTOFF
from nsbench.report.statistics.estimate import BALANCE, COHORT_GROUPS
from nsbench.report.summary import ACCURACY_METRICS, summarise
from nsbench.terms import ALL, RunKind, balance_name, metric_name
from nsbench.tracking.stored_run import StoredRun

_FIRST = datetime(2024, 10, 16, tzinfo=UTC)
_COLUMNS = {"hit_rate": "hr", "ndcg": "ndcg"}
_PERCENT = 100.0

RELEASED_SAMPLERS: Mapping[str, str] = {
    "RNS": "random",
    "PNS": "popularity",
    "BNS": "batch",
    "MNS": "mixed",
    "ANS": "adaptive-batch",
    "AMNS": "adaptive-mixed",
}
"""Which sampler of ours the released code ran as which method. What the paper calls our samplers stands with each of them:
its text describes ANS as our `adaptive`."""


@dataclass(frozen=True)
class PrintedCell:
    """A cell of table 3: its digits as printed, in percent."""

    text: str

    def agrees(self, share: float) -> bool:
        """Whether a share, rounded to as many decimals, is what is printed."""
        decimals = len(self.text.partition(".")[2])
        return math.isclose(round(_PERCENT * share, decimals), float(self.text), abs_tol=10**-decimals / 2)


def released_runs(paper_dataset: str, folder: Path | None = None) -> tuple[StoredRun, ...]:
    """The released runs of a dataset as finished repeats, in the file's order.

    Args:
        paper_dataset: A value of PAPER_DATASETS.
        folder: Where `published_runs.csv` lies; None: `configs/paper`.
    """
    with ((folder or paper_folder()) / "published_runs.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["dataset"] == paper_dataset]
    return tuple(_run(number, row) for number, row in enumerate(rows))


def published_csv(folder: Path | None = None) -> str:
    """The text of `published.csv`: mean, deviation and number of runs of every cell, and what table 3 prints.

    Args:
        folder: Where the released runs and table 3 lie; None: `configs/paper`.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["dataset", "method", "metric", "group", "mean", "sd", "n", "printed"])
    for dataset in PAPER_DATASETS.values():
        cells, printed = derived_cells(dataset, folder), printed_cells(dataset, folder)
        for key in dict.fromkeys((*printed, *cells)):
            cell = cells.get(key) or PublishedCell(float(printed[key].text) / _PERCENT, float("nan"), 0)
            sd = "" if math.isnan(cell.sd) else f"{cell.sd:.10g}"
            writer.writerow(
                [dataset, *key, f"{cell.mean:.10g}", sd, cell.n, printed[key].text if key in printed else ""]
            )
    return text.getvalue()


def derived_cells(paper_dataset: str, folder: Path | None = None) -> dict[tuple[str, str, str], PublishedCell]:
    """The cells of the released runs as the report computes them, by (method, metric, group)."""
    found = {}
    for row in summarise(paper_dataset, released_runs(paper_dataset, folder)).methods:
        for metric in ACCURACY_METRICS:
            estimates = {group: row.accuracy(metric, group) for group in COHORT_GROUPS} | {BALANCE: row.balance(metric)}
            for group, estimate in estimates.items():
                key = (row.method.label, metric, group)
                found[key] = PublishedCell(estimate.mean, estimate.sd, estimate.n)
    return found


def printed_cells(paper_dataset: str, folder: Path | None = None) -> dict[tuple[str, str, str], PrintedCell]:
    """Table 3 as printed, by (method, metric, group); its balance is that of NDCG."""
    with ((folder or paper_folder()) / "table_3.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["dataset"] == paper_dataset]
    found = {}
    for row in rows:
        for metric, column in _COLUMNS.items():
            for group in COHORT_GROUPS:
                found[row["method"], metric, group] = PrintedCell(row[f"{_group_column(group)}_{column}"])
        found[row["method"], "ndcg", BALANCE] = PrintedCell(row["balance"])
    return found


def _run(number: int, row: Mapping[str, str]) -> StoredRun:
    dataset, sampler = row["dataset"], RELEASED_SAMPLERS[row["method"]]
    metrics = {metric_name("test", ALL, "n_targets"): float(PAPER_TARGETS[dataset])}
    for metric, column in _COLUMNS.items():
        values = {group: float(row[f"{_group_column(group)}_{column}"]) for group in COHORT_GROUPS}
        metrics |= {metric_name("test", group, metric, CUTOFF): value for group, value in values.items()}
        # The released balance is 1e-7 off, and 1 where all three are zero.
        metrics[balance_name("test", metric, CUTOFF)] = balance(*(values[group] for group in COHORT_GROUPS[1:]))
    return StoredRun(
        run_id=f"published-{dataset}-{row['method']}-{row['exp']}",
        name=f"{row['method']} {row['exp']}",
        status="FINISHED",
        kind=RunKind.REPEAT,
        dataset=dataset,
        dataset_hash="published",
        sampler=sampler,
        label=row["method"],
        started=_FIRST + timedelta(seconds=number),
        seed=number,
        protocol="published",
        metrics={name: value for name, value in metrics.items() if not math.isnan(value)},
    )


def _group_column(group: str) -> str:
    return "total" if group == ALL else group
