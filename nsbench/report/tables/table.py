"""The report's tables as plain text cells, before they become a terminal's or Markdown's.

Source: paper, table 3, with hit rate and NDCG in a table each, so that they fit a terminal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from nsbench.evaluation.metric import balance
from nsbench.report.answer.best_reachable import exceeded_note
from nsbench.report.answer.cut_off import COLUMN, cut_off_text, has_cut_off, marked_label
from nsbench.report.selection import CUTOFF
from nsbench.report.summary import ACCURACY_METRICS, DatasetSummary, Estimate, MethodSummary
from nsbench.report.tables.number_text import estimate_text, percent
from nsbench.terms import ALL, BALANCED_COHORTS, Cohort

_MOST_FAULTY = 20
"""Faulty runs that a table names: a thousand trials with the same fault say no more."""

METRIC_TITLES = {"hit_rate": f"Hit rate at {CUTOFF}", "ndcg": f"NDCG at {CUTOFF}"}
"""What tables and figures call the accuracy metrics."""


TEXT_COLUMNS = frozenset(
    {
        "Method",
        "Kind",
        "Run",
        "Why",
        "Dataset",
        "Paper",
        "Claim",
        "Verdict",
        "Evidence",
        "Device",
        "Metric",
        "Group",
        "Better",
        "Worse",
        "Highest hit rate",
        "Not shown to be worse",
        "Highest balance",
        "Not shown to be less balanced",
        "Pareto front",
        "Best baseline",
        "Beaten by",
        "Settings",
        "Negatives",
        "Study",
        "Command",
    }
)
"""Columns that hold words, set to the left; all others hold numbers, set to the right."""


class Standing(Enum):
    """How a cell compares with the others of its column."""

    BEST = 1
    SECOND = 2
    OTHER = 3


@dataclass(frozen=True)
class Cell:
    """A cell's text and its standing."""

    text: str
    standing: Standing = Standing.OTHER


@dataclass(frozen=True)
class ReportTable:
    """A table with a title; cells by row.

    Attributes:
        title: Stands above it.
        columns: Their names.
        rows: As many cells each as there are columns.
        note: Sentences that stand below it; empty: none.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


def result_tables(summary: DatasetSummary) -> list[ReportTable]:
    """Hit rate and NDCG by cohort, and balance; none where nothing is compared."""
    if not summary.methods:
        return []
    return [*(cohort_table(summary, metric) for metric in ACCURACY_METRICS), balance_table(summary)]


def cohort_table(summary: DatasetSummary, metric: str) -> ReportTable:
    """An accuracy metric in total and by cohort, and its balance; the best and second best of each column are marked.

    Where the log's generator knows it, the last row says what the best possible model would reach, and a note how more was
    reached than that.
    """
    groups = [ALL, *(cohort.label for cohort in BALANCED_COHORTS)]
    groups += [Cohort.COLD.label] if summary.has_cold_hits else []
    columns = [[row.accuracy(metric, group) for row in summary.methods] for group in groups]
    columns.append([row.balance(metric) for row in summary.methods])
    table = _method_table(summary, [_estimate_cells(column, summary.methods) for column in columns])
    reachable = [summary.best_reachable(metric, group) for group in groups]
    if not np.isnan(reachable).all():
        cells = [*map(percent, reachable), percent(balance(*reachable[1:4]))]
        blank = [Cell("")] * (len(table.names) - 1)
        table.rows.append((Cell("Best reachable"), *blank, *map(Cell, cells)))
    names = ("Total", *(group.capitalize() for group in groups[1:]), "Balance")
    title = f"{METRIC_TITLES[metric]} on {summary.dataset}, %"
    return ReportTable(title, (*table.names, *names), tuple(table.rows), exceeded_note(summary, metric, groups))


def balance_table(summary: DatasetSummary) -> ReportTable:
    """Balance of both metrics, averaged over runs, and of the average hit rates and NDCGs.

    The first is what the paper reports; the second does not call a method unbalanced whose single runs vary.
    """
    columns: list[list[Cell]] = []
    for metric in ACCURACY_METRICS:
        columns.append(_estimate_cells([row.balance(metric) for row in summary.methods], summary.methods))
        columns.append(_cells([balance_of_means(row, metric) for row in summary.methods], summary.methods))
    names = ("Hit rate", "Hit rate, of means", "NDCG", "NDCG, of means")
    table = _method_table(summary, columns)
    title = f"Balance at {CUTOFF} over head, mid and tail on {summary.dataset}, %"
    return ReportTable(title, (*table.names, *names), tuple(table.rows))


def balance_of_means(row: MethodSummary, metric: str) -> float:
    """The balance of a method's mean cohort values; not-a-number when a cohort is undefined or all are zero."""
    return balance(*(row.accuracy(metric, cohort.label).mean for cohort in BALANCED_COHORTS))


def bookkeeping_tables(summary: DatasetSummary) -> list[ReportTable]:
    """What became of every run, and, where there are any, the finished runs that no table averages, and the faulty ones."""
    counts = tuple(
        tuple(
            Cell("" if value is None else str(value))
            for value in (
                count.label,
                count.kind.value,
                count.n_planned,
                count.n_finished,
                count.n_pruned,
                count.n_failed,
                count.n_killed,
                count.n_running,
                count.n_dropped,
            )
        )
        for count in summary.counts
    )
    columns = ("Method", "Kind", "Planned", "Finished", "Pruned", "Failed", "Killed", "Running", "Left out")
    tables = [ReportTable(f"What became of the runs on {summary.dataset}", columns, counts)]
    if summary.selection.left_out:
        rows = tuple(
            (Cell(part.label), Cell(str(part.n_runs)), Cell(part.reason)) for part in summary.selection.left_out
        )
        tables.append(ReportTable(f"Finished runs left out on {summary.dataset}", ("Method", "Runs", "Why"), rows))
    faulty = summary.selection.faulty
    if faulty:
        shown = tuple(
            (Cell(run.label), Cell(run.kind), Cell(run.run_id), Cell(run.reason)) for run in faulty[:_MOST_FAULTY]
        )
        more = len(faulty) - len(shown)
        last = ((Cell(""), Cell(""), Cell(""), Cell(f"{more} more are in report.json")),) if more else ()
        title = f"Runs that can't be used on {summary.dataset}"
        tables.append(ReportTable(title, ("Method", "Kind", "Run", "Why"), (*shown, *last)))
    return tables


def standings(values: Sequence[float]) -> list[Standing]:
    """The best and second best of some values, larger being better; equal values share a standing.

    >>> [standing.name for standing in standings([2.0, 3.0, 3.0, 1.0, float("nan")])]
    ['SECOND', 'BEST', 'BEST', 'OTHER', 'OTHER']
    """
    ordered = sorted({value for value in values if not np.isnan(value)}, reverse=True)
    places = dict(zip(ordered, (Standing.BEST, Standing.SECOND), strict=False))
    # With a single row there is nothing to be best of.
    return [places.get(value, Standing.OTHER) if len(values) > 1 else Standing.OTHER for value in values]


def sampler_standings(values: Sequence[float], methods: Sequence[MethodSummary]) -> list[Standing]:
    """The best and second best sampler: a baseline is a line to beat and wins no place.

    Args:
        values: One a method, larger being better.
        methods: Whose values they are.
    """
    places = iter(standings([value for value, row in zip(values, methods, strict=True) if not row.method.is_baseline]))
    return [Standing.OTHER if row.method.is_baseline else next(places) for row in methods]


def _estimate_cells(estimates: Sequence[Estimate], methods: Sequence[MethodSummary]) -> list[Cell]:
    places = sampler_standings([estimate.mean for estimate in estimates], methods)
    return [
        Cell(estimate_text(estimate, len(row.method.runs)), place)
        for estimate, row, place in zip(estimates, methods, places, strict=True)
    ]


def _cells(values: Sequence[float], methods: Sequence[MethodSummary]) -> list[Cell]:
    places = sampler_standings(values, methods)
    return [Cell(percent(value), place) for value, place in zip(values, places, strict=True)]


@dataclass(frozen=True)
class _MethodTable:
    """Names of the first columns, and whole rows."""

    names: tuple[str, ...]
    rows: list[tuple[Cell, ...]]


def _method_table(summary: DatasetSummary, columns: Sequence[Sequence[Cell]]) -> _MethodTable:
    """A row a method: its name, its runs, how many of them were cut off where any was, and the given columns."""
    with_share = has_cut_off(summary.selection.methods)
    rows = [
        (
            Cell(marked_label(row.method)),
            Cell(str(len(row.method.runs))),
            *([Cell(cut_off_text(row.method))] if with_share else []),
            *(column[i] for column in columns),
        )
        for i, row in enumerate(summary.methods)
    ]
    return _MethodTable(("Method", "Runs", *([COLUMN] if with_share else [])), rows)
