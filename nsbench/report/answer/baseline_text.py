"""Whether samplers beat the best baseline, which is a line to beat and never a recommendation."""

import math
from collections.abc import Sequence

from nsbench.report.answer.comparison_text import Rival, rivals_of, undecided_text
from nsbench.report.answer.cut_off import has_cut_off
from nsbench.report.method_parts import noun_of
from nsbench.report.statistics.decision import Decision
from nsbench.report.summary import DatasetSummary, MethodSummary
from nsbench.report.tables.number_text import listed, percent
from nsbench.terms import ALL

MOST_NAMED = 8
"""Methods that a sentence names; more are counted."""


def best_baseline(summary: DatasetSummary) -> MethodSummary | None:
    """The baseline with the highest hit rate; None without one."""
    defined = [row for row in summary.baselines if not math.isnan(row.accuracy("hit_rate").mean)]
    return max(defined, key=lambda row: row.accuracy("hit_rate").mean, default=None)


def beaten_by(summary: DatasetSummary, baseline: MethodSummary) -> list[MethodSummary]:
    """The trained-out samplers that are significantly better."""
    return [rival.row for rival in _rivals(summary, baseline) if _is_above(rival) and _is_significant(rival)]


def _beaters_text(summary: DatasetSummary, better: Sequence[MethodSummary]) -> str:
    """Those that beat a baseline, at least one, by name; very many are counted."""
    if len(better) > MOST_NAMED:
        return f"{len(better)} of {len(summary.samplers)} {noun_of(summary)}s"
    return listed([row.method.label for row in better])


def baseline_warning(summary: DatasetSummary) -> list[str]:
    """That no sampler is shown to beat the best baseline; empty where one is, or where there is nothing to compare."""
    baseline = best_baseline(summary)
    if baseline is None or not summary.samplers or beaten_by(summary, baseline):
        return []
    rivals = _rivals(summary, baseline)
    nearest = max(rivals, key=lambda rival: _mean(rival.row))
    numbers = f"{percent(_mean(nearest.row))} % of {nearest.row.method.label}"
    noun = noun_of(summary)
    line = f"the baseline {baseline.method.label} on this dataset"
    if not any(map(_is_above, rivals)):
        start = "As far as trained, no" if has_cut_off(summary.selection.methods) else "No"
        return [f"{start} {noun} beats {line}: {numbers} against {percent(_mean(baseline))} %."]
    return [
        f"No {noun} is shown to beat {line}: {numbers} against {percent(_mean(baseline))} %, {_why(summary, nearest)}."
    ]


def baseline_line(summary: DatasetSummary) -> list[str]:
    """Which samplers beat the best baseline; empty where `baseline_warning` says that none does."""
    baseline = best_baseline(summary)
    better = beaten_by(summary, baseline) if baseline is not None else []
    if baseline is None or not better:
        return []
    n_samplers = len(summary.samplers)
    who = f"every {noun_of(summary)}" if 1 < len(better) == n_samplers else _beaters_text(summary, better)
    others = "" if len(better) == n_samplers else ", and is not shown to be beaten by the others"
    return [f"The best baseline, {baseline.method.label} ({percent(_mean(baseline))} %), is beaten by {who}{others}."]


def _why(summary: DatasetSummary, nearest: Rival) -> str:
    """Why the difference is undecided."""
    pair = nearest.pair.reversed() if nearest.pair is not None else None
    match nearest.decision:
        case Decision.CUT_OFF:
            return "but it was cut off"
        case Decision.TOO_FEW:
            return f"with too few repeats to tell{undecided_text(summary, pair)}"
        case _:
            return "which is not significant" if pair is None else f"which is not significant (p = {pair.p_holm:.2f})"


def _rivals(summary: DatasetSummary, baseline: MethodSummary) -> Sequence[Rival]:
    return rivals_of(summary, baseline, summary.samplers, ALL)


def _is_above(rival: Rival) -> bool:
    return rival.pair is not None and rival.pair.difference < 0


def _is_significant(rival: Rival) -> bool:
    return rival.decision is Decision.SIGNIFICANT


def _mean(row: MethodSummary) -> float:
    mean = row.accuracy("hit_rate").mean
    return -math.inf if math.isnan(mean) else mean
