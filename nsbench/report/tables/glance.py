"""The answer at a glance, one row per dataset: which sampler leads in accuracy, which in balance, and the baseline to beat."""

import math
from collections.abc import Sequence

from nsbench.report.answer.answer import front_labels
from nsbench.report.answer.baseline_text import MOST_NAMED, beaten_by, best_baseline
from nsbench.report.answer.comparison_text import is_decided, rivals_of
from nsbench.report.answer.cut_off import COLUMN, is_uncertain, marked_label
from nsbench.report.statistics.decision import Decision
from nsbench.report.statistics.estimate import BALANCE
from nsbench.report.summary import DatasetSummary, Estimate
from nsbench.report.tables.number_text import UNDEFINED, number, percent
from nsbench.report.tables.table import Cell, Column, ColumnStyle, Rank, ReportTable, numbers, table_of, words
from nsbench.terms import ALL

_METRIC = "hit_rate"


def glance_table(summaries: Sequence[DatasetSummary]) -> ReportTable | None:
    """The leading sampler of each dataset in both respects, bold where the lead is significant; None with nothing to compare."""
    compared = [summary for summary in summaries if len(summary.samplers) > 1]
    if not compared:
        return None
    baselines = [_baseline(summary) for summary in compared]
    columns = [
        words("Dataset", [summary.dataset for summary in compared]),
        *_leaders(
            ("Highest hit rate", "Not shown to be worse"),
            [_leader(summary, ALL, [row.accuracy(_METRIC) for row in summary.samplers]) for summary in compared],
        ),
        *_leaders(
            ("Highest balance", "Not shown to be less balanced"),
            [_leader(summary, BALANCE, [row.balance(_METRIC) for row in summary.samplers]) for summary in compared],
        ),
        words("Pareto front", [", ".join(front_labels(summary)) or UNDEFINED for summary in compared]),
        words("Best baseline", [best for best, _ in baselines]),
        words("Beaten by", [beating for _, beating in baselines]),
    ]
    if any(is_uncertain(summary.selection.methods) for summary in summaries):
        columns.append(numbers(COLUMN, [_cut_off(summary) for summary in compared]))
    n_targets = [summary.n_targets(ALL) for summary in compared]
    columns.append(numbers("Test targets", n_targets, lambda n: number(n, ",.0f")))
    return table_of("The answer at a glance, by hit rate at 10", columns)


def _leaders(names: tuple[str, str], leaders: Sequence[tuple[Cell, str]]) -> list[Column]:
    """Two columns: who leads, and who is not shown to be behind."""
    cells = [cell for cell, _ in leaders]
    style = ColumnStyle(is_words=True, ranks=tuple(cell.rank for cell in cells))
    return [Column(names[0], [cell.text for cell in cells], style), words(names[1], [others for _, others in leaders])]


def _leader(summary: DatasetSummary, group: str, estimates: Sequence[Estimate]) -> tuple[Cell, str]:
    """The sampler with the highest mean, and those that are not shown to be behind it, for whatever reason."""
    defined = [i for i, estimate in enumerate(estimates) if not math.isnan(estimate.mean)]
    if not defined:
        return Cell(UNDEFINED), UNDEFINED
    place = max(defined, key=lambda i: estimates[i].mean)
    best = summary.samplers[place]
    rivals = rivals_of(summary, best, [summary.samplers[i] for i in defined], group)
    others = [marked_label(rival.row.method) for rival in rivals if rival.decision is not Decision.SIGNIFICANT]
    text = f"{marked_label(best.method)} ({percent(estimates[place].mean)} %)"
    return Cell(text, Rank.BEST if is_decided(rivals) else Rank.OTHER), ", ".join(others) or "none"


def _baseline(summary: DatasetSummary) -> tuple[str, str]:
    """The best baseline, and the samplers that are significantly above it."""
    best = best_baseline(summary)
    if best is None:
        return UNDEFINED, UNDEFINED
    better = beaten_by(summary, best)
    beating = ", ".join(row.method.label for row in better) or "none"
    beating = beating if len(better) <= MOST_NAMED else f"{len(better)} of {len(summary.samplers)}"
    return f"{best.method.label} ({percent(best.accuracy(_METRIC).mean)} %)", beating


def _cut_off(summary: DatasetSummary) -> str:
    """How many of all samplers' runs were cut off."""
    methods = [row.method for row in summary.samplers]
    n_unknown = sum(method.n_unknown_end for method in methods)
    n_known = sum(len(method.runs) for method in methods) - n_unknown
    if n_known == 0:
        return "unknown"
    return f"{sum(method.n_cut_off for method in methods)} of {n_known}{f', {n_unknown} unknown' if n_unknown else ''}"
