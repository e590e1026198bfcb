"""How the leading sampler compares with the others, in words that say no more than is known."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nsbench.report.decision import MOST_REPEATS, Decision, decision_of, repeats_needed
from nsbench.report.number import listed, points
from nsbench.report.statistic import PairedDifference
from nsbench.report.summary import DatasetSummary, MethodSummary

_METRIC = "hit_rate"
_LEVEL_WITHIN = 1e-9
_SOME_REPEATS = 5
"""Advised where single runs say nothing on what other seeds change."""


@dataclass(frozen=True)
class Rival:
    """A sampler beside the leading one.

    Attributes:
        row: The other sampler.
        pair: The leading one less the other; None where there are no statistics.
        decision: What is known of the difference.
    """

    row: MethodSummary
    pair: PairedDifference | None
    decision: Decision


def rivals_of(summary: DatasetSummary, best: MethodSummary, others: Sequence[MethodSummary], group: str) -> list[Rival]:
    """The others beside the leading one.

    Args:
        summary: With its statistics.
        best: The leading one.
        others: Whom it is compared with; itself is skipped.
        group: What of the hit rate is compared, one of QUANTITY_GROUPS.
    """
    rivals = []
    for row in others:
        if row is not best:
            pair = summary.statistics.difference(best.method.label, row.method.label, _METRIC, group)
            rivals.append(Rival(row, pair, Decision.TOO_FEW if pair is None else decision_of(pair)))
    return rivals


def heading(name: str, rivals: Sequence[Rival]) -> str:
    """What the sentence is about, and how sure it is."""
    return f"{name}, as far as trained" if _are(rivals, Decision.CUT_OFF) else name


def is_decided(rivals: Sequence[Rival]) -> bool:
    """Whether every other sampler is significantly behind."""
    return bool(rivals) and all(rival.decision is Decision.SIGNIFICANT for rival in rivals)


def lead_text(rivals: Sequence[Rival]) -> str:
    """Where the leading sampler stands as far as means go."""
    level = [rival for rival in rivals if rival.pair is not None and abs(rival.pair.difference) < _LEVEL_WITHIN]
    return f"level with {_names(level)}" if level else "ahead"


def comparison_text(summary: DatasetSummary, rivals: Sequence[Rival], behind: str) -> str:
    """What is known of the others, as the end of a sentence.

    Args:
        summary: With its statistics.
        rivals: Beside the leading one; at least one.
        behind: What those are that are significantly behind, such as "worse".
    """
    if is_decided(rivals):
        who = "every other sampler is" if len(rivals) > 1 else f"{_names(rivals)} is"
        return f"; {who} significantly {behind}"
    parts = []
    if cut_off := _are(rivals, Decision.CUT_OFF):
        whom = "every other sampler" if len(cut_off) == len(rivals) > 1 else _names(cut_off)
        parts.append(f"undecided against {whom}, since trainings were cut off")
    if too_few := _are(rivals, Decision.TOO_FEW):
        parts.append(f"too few repeats to tell it from {listed([_told(summary, rival) for rival in too_few])}")
    if alike := _are(rivals, Decision.NOT_SIGNIFICANT):
        told = [f"{rival.row.method.label} (p = {rival.pair.p_holm:.2f})" for rival in alike if rival.pair is not None]
        parts.append(f"not significantly {behind}: {listed(told)}")
    if significant := _are(rivals, Decision.SIGNIFICANT):
        parts.append(f"significantly {behind}: {_names(significant)}")
    return "".join(f"; {part}" for part in parts)


def _are(rivals: Sequence[Rival], decision: Decision) -> list[Rival]:
    return [rival for rival in rivals if rival.decision is decision]


def _names(rivals: Sequence[Rival]) -> str:
    return listed([rival.row.method.label for rival in rivals])


def _told(summary: DatasetSummary, rival: Rival) -> str:
    """The other sampler with its distance, the interval by users, and how many repeats would tell."""
    return f"{rival.row.method.label}{undecided_text(summary, rival.pair)}"


def undecided_text(summary: DatasetSummary, pair: PairedDifference | None) -> str:
    """A difference that is undecided for too few repeats, in brackets; empty where it is undefined."""
    if pair is None or math.isnan(pair.difference):
        return ""
    parts = [f"{points(pair.difference)} points"]
    if pair.by_users.is_defined:
        parts[0] += f", 95 % interval by users {points(pair.by_users.low)} to {points(pair.by_users.high)}"
    return f" ({'; '.join([*parts, _advice(summary, pair)])})"


def _advice(summary: DatasetSummary, pair: PairedDifference) -> str:
    if pair.components is None or any(map(math.isnan, pair.components.run_variances)):
        return f"a single run does not say what another seed changes: `--repeats {_SOME_REPEATS}`"
    needed = repeats_needed(summary.statistics.pairs(pair.metric, pair.group), pair)
    if needed is None:
        return f"more than {MOST_REPEATS} repeats would be needed"
    return f"{needed} repeats each would show it if differences and deviations stay"
