"""The table of popularity bias: how much of what users want each method's lists hold, log by log."""

from collections.abc import Sequence
from itertools import chain

from nsbench.data.beside.truth import TRUTH_GROUPS
from nsbench.report.answer.cut_off import marked_label
from nsbench.report.summary import DatasetSummary, Estimate, MethodSummary
from nsbench.report.sweep.popularity_bias import BiasFamily, bias_families
from nsbench.report.tables.evidence import GROUP_TITLES
from nsbench.report.tables.negative_count import spread_text
from nsbench.report.tables.number_text import number
from nsbench.report.tables.result import sampler_ranks
from nsbench.report.tables.table import Rank, ReportTable, numbers, table_of, words

BEST_WANTED = "Best reachable"
"""What tables and figures call the lists of what users want most."""

_WORDS = (
    "These logs are generated, and what their users want is known: of a log with a bias of b, interactions are in proportion to "
    "what users want times popularity to the power of b. Shown is the hit rate that lists of 10 would have if users took what "
    "they want, which the true probabilities give without a draw: in a cohort, the share of what is wanted of its items. The "
    "best reachable is that of the items that users want most; it is the best in total, and in a single cohort a model can "
    "exceed it. The hit rates of the other tables are of what was logged. Intervals are over repeats and hold 95 %."
)


def bias_words(summaries: Sequence[DatasetSummary]) -> tuple[str, ...]:
    """How to read the tables; empty where there are none."""
    return (_WORDS,) if bias_families(summaries) else ()


def bias_tables(summaries: Sequence[DatasetSummary]) -> tuple[ReportTable, ...]:
    """A table for each family of logs that differ in their popularity bias alone."""
    return tuple(_table(family) for family in bias_families(summaries))


def _table(family: BiasFamily) -> ReportTable:
    columns = [
        numbers("Bias", [*chain(*([point.bias] * (len(point.summary.methods) + 1) for point in family.points))], _text),
        words("Method", [*chain(*(_labels(point.summary.methods) for point in family.points))]),
        numbers("Runs", [*chain(*(_counts(point.summary.methods) for point in family.points))], _count),
    ]
    for group in TRUTH_GROUPS:
        values = [*chain(*(_estimates(point.summary, group) for point in family.points))]
        ranks = [*chain(*(_ranks(point.summary, group) for point in family.points))]
        columns.append(numbers(GROUP_TITLES[group], values, spread_text, ranks))
    logs = ", ".join(point.summary.dataset for point in family.points)
    return table_of(f"Who finds what users want, by popularity bias: expected hit rate at 10 on {logs}, %", columns)


def _labels(rows: Sequence[MethodSummary]) -> list[str]:
    return [*(marked_label(row.method) for row in rows), BEST_WANTED]


def _counts(rows: Sequence[MethodSummary]) -> list[int | None]:
    return [*(len(row.method.runs) for row in rows), None]


def _estimates(summary: DatasetSummary, group: str) -> list[Estimate]:
    return [*(row.wanted(group) for row in summary.methods), Estimate.exact(summary.most_wanted(group))]


def _ranks(summary: DatasetSummary, group: str) -> list[Rank]:
    return [*sampler_ranks([row.wanted(group).mean for row in summary.methods], summary.methods), Rank.OTHER]


def _text(value: float) -> str:
    return number(value, "g")


def _count(value: int | None) -> str:
    return "" if value is None else str(value)
