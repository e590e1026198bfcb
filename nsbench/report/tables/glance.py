"""The answer at a glance: a row a dataset, which sampler leads in accuracy, which in balance, and the baseline to beat."""

import math
from collections.abc import Sequence

from nsbench.report.answer.answer import front_labels
from nsbench.report.answer.baseline_text import beaten_by, best_baseline
from nsbench.report.answer.comparison_text import is_decided, rivals_of
from nsbench.report.answer.cut_off import COLUMN, is_uncertain, marked_label
from nsbench.report.statistics.decision import Decision
from nsbench.report.statistics.estimate import BALANCE
from nsbench.report.summary import DatasetSummary, Estimate
from nsbench.report.tables.number_text import UNDEFINED, percent
from nsbench.report.tables.table import Cell, ReportTable, Standing
from nsbench.terms import ALL

_METRIC = "hit_rate"


def glance_table(summaries: Sequence[DatasetSummary]) -> ReportTable | None:
    """The leading sampler of each dataset in both respects, bold where the lead is significant; None with nothing to compare."""
    with_share = any(is_uncertain(summary.selection.methods) for summary in summaries)
    rows = tuple(_row(summary, with_share=with_share) for summary in summaries if len(summary.samplers) > 1)
    columns = (
        *("Dataset", "Highest hit rate", "Not shown to be worse", "Highest balance", "Not shown to be less balanced"),
        *("Pareto front", "Best baseline", "Beaten by", *([COLUMN] if with_share else []), "Test targets"),
    )
    return ReportTable("The answer at a glance, by hit rate at 10", columns, rows) if rows else None


def _row(summary: DatasetSummary, *, with_share: bool) -> tuple[Cell, ...]:
    n_targets = summary.n_targets(ALL)
    return (
        Cell(summary.dataset),
        *_leader(summary, ALL, [row.accuracy(_METRIC) for row in summary.samplers]),
        *_leader(summary, BALANCE, [row.balance(_METRIC) for row in summary.samplers]),
        Cell(", ".join(front_labels(summary)) or UNDEFINED),
        *_baseline(summary),
        *([Cell(_cut_off(summary))] if with_share else []),
        Cell(UNDEFINED if math.isnan(n_targets) else f"{n_targets:,.0f}"),
    )


def _leader(summary: DatasetSummary, group: str, estimates: Sequence[Estimate]) -> tuple[Cell, Cell]:
    """The sampler with the highest mean, and those that are not significantly behind it, for whatever reason."""
    defined = [i for i, estimate in enumerate(estimates) if not math.isnan(estimate.mean)]
    if not defined:
        return Cell(UNDEFINED), Cell(UNDEFINED)
    place = max(defined, key=lambda i: estimates[i].mean)
    best = summary.samplers[place]
    rivals = rivals_of(summary, best, [summary.samplers[i] for i in defined], group)
    others = [marked_label(rival.row.method) for rival in rivals if rival.decision is not Decision.SIGNIFICANT]
    text = f"{marked_label(best.method)} ({percent(estimates[place].mean)} %)"
    return Cell(text, Standing.BEST if is_decided(rivals) else Standing.OTHER), Cell(", ".join(others) or "none")


def _baseline(summary: DatasetSummary) -> tuple[Cell, Cell]:
    """The line to beat, and the samplers that are significantly above it."""
    best = best_baseline(summary)
    if best is None:
        return Cell(UNDEFINED), Cell(UNDEFINED)
    beating = ", ".join(row.method.label for row in beaten_by(summary, best)) or "none"
    return Cell(f"{best.method.label} ({percent(best.accuracy(_METRIC).mean)} %)"), Cell(beating)


def _cut_off(summary: DatasetSummary) -> str:
    """How many of all samplers' runs were cut off."""
    methods = [row.method for row in summary.samplers]
    n_unknown = sum(method.n_unknown_end for method in methods)
    n_known = sum(len(method.runs) for method in methods) - n_unknown
    if n_known == 0:
        return "unknown"
    return f"{sum(method.n_cut_off for method in methods)} of {n_known}{f', {n_unknown} unknown' if n_unknown else ''}"
