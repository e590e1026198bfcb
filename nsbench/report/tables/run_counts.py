"""Tables of what became of every run, so that no missing run goes unnoticed."""

from nsbench.report.summary import DatasetSummary
from nsbench.report.tables.number_text import count
from nsbench.report.tables.table import ReportTable, numbers, table_of, words

_MOST_FAULTY = 20
"""Faulty runs that a table names: a thousand trials with the same fault would show no more."""


def run_count_tables(summary: DatasetSummary) -> list[ReportTable]:
    """What became of every run; then, where there are any, the finished runs that no table averages, and the faulty ones."""
    tables = [_count_table(summary)] if summary.counts else []
    if left_out := summary.selection.left_out:
        columns = [
            words("Method", [part.label for part in left_out]),
            numbers("Runs", [part.n_runs for part in left_out]),
            words("Why", [part.reason for part in left_out]),
        ]
        tables.append(table_of(f"Finished runs left out on {summary.dataset}", columns))
    if summary.selection.faulty:
        tables.append(_faulty_table(summary))
    return tables


def _count_table(summary: DatasetSummary) -> ReportTable:
    counts = summary.counts
    columns = [
        words("Method", [part.label for part in counts]),
        words("Kind", [part.kind.value for part in counts]),
        numbers("Planned", [part.n_planned for part in counts], count),
        numbers("Finished", [part.n_finished for part in counts]),
        numbers("Pruned", [part.n_pruned for part in counts]),
        numbers("Failed", [part.n_failed for part in counts]),
        numbers("Killed", [part.n_killed for part in counts]),
        numbers("Running", [part.n_running for part in counts]),
        numbers("Left out", [part.n_dropped for part in counts]),
    ]
    return table_of(f"What became of the runs on {summary.dataset}", columns)


def _faulty_table(summary: DatasetSummary) -> ReportTable:
    faulty = summary.selection.faulty
    rows = [(run.label, run.kind, run.run_id, run.reason) for run in faulty[:_MOST_FAULTY]]
    if len(faulty) > _MOST_FAULTY:
        rows.append(("", "", "", f"{len(faulty) - _MOST_FAULTY} more are in report.json"))
    names = ("Method", "Kind", "Run", "Why")
    columns = [words(name, values) for name, values in zip(names, zip(*rows, strict=True), strict=True)]
    return table_of(f"Runs that can't be used on {summary.dataset}", columns)
