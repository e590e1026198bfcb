"""The tables of methods by groups of users."""

import math

from nsbench.evaluation.metrics import METRICS
from nsbench.report.answer.cut_off import marked_label
from nsbench.report.selection import CUTOFF
from nsbench.report.statistics.estimate import IntervalEstimate
from nsbench.report.summary import ACCURACY_METRICS, DatasetSummary
from nsbench.report.tables.evidence import interval_text
from nsbench.report.tables.number_text import UNDEFINED, percent
from nsbench.report.tables.table import ReportTable, numbers, ranks_of, table_of, words
from nsbench.report.user_groups.group_text import group_text
from nsbench.report.user_groups.user_group import SLOTS, UserGrouping


def group_tables(summary: DatasetSummary) -> tuple[ReportTable, ...]:
    """For each grouping and accuracy metric the methods' values with 95 % intervals; empty without groupings."""
    return tuple(_table(summary, grouping, metric) for grouping in summary.user_groups for metric in ACCURACY_METRICS)


def _table(summary: DatasetSummary, grouping: UserGrouping, metric: str) -> ReportTable:
    labels = [row.method.label for row in summary.methods]
    columns = [
        words("Method", [marked_label(row.method) for row in summary.methods]),
        numbers("Runs", [len(row.method.runs) for row in summary.methods]),
    ]
    for group, slot in zip(grouping.groups, SLOTS, strict=True):
        found = [grouping.statistics.estimate(label, metric, slot) for label in labels]
        trained = [
            math.nan if one is None or row.method.is_baseline else one.value
            for one, row in zip(found, summary.methods, strict=True)
        ]
        columns.append(numbers(group_text(group), found, _text, ranks_of(trained)))
    title = f"{METRICS[metric].title} at {CUTOFF} by users' {grouping.name} on {summary.dataset}, %"
    note = "95 % intervals allow for other test users and other repeats."
    if grouping.n_others:
        note += f" {grouping.n_others:,} users without an interaction before the test are in none of the groups."
    return table_of(title, columns, note)


def _text(estimate: IntervalEstimate | None) -> str:
    if estimate is None or math.isnan(estimate.value):
        return UNDEFINED
    value = percent(estimate.value)
    return f"{value} {interval_text(estimate.interval)}" if estimate.interval.is_defined else value
