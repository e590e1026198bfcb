"""How the leading sampler compares with the others, in words that claim no more than is known."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nsbench.report.method_parts import noun_of
from nsbench.report.statistics.decision import MOST_REPEATS, Decision, decision_of, repeats_needed
from nsbench.report.statistics.estimate import PairedDifference
from nsbench.report.summary import DatasetSummary, MethodSummary
from nsbench.report.tables.number_text import listed, points

_METRIC = "hit_rate"
# Means of runs with the same hits differ by rounding.
_LEVEL_WITHIN = 1e-9
_MOST_NAMED = 5
"""Differences that a sentence names; the table of differences has all."""
_MOST_BEHIND = 8
"""Methods that are significantly behind and named; more are counted."""
_SOME_REPEATS = 5
"""Advised where single runs can't show what other seeds change."""


@dataclass(frozen=True)
class Rival:
    """A sampler beside the leading one.

    Attributes:
        row: The other sampler.
        pair: The leading one minus the other; None where there are no statistics.
        decision: What is known about the difference.
    """

    row: MethodSummary
    pair: PairedDifference | None
    decision: Decision


def rivals_of(summary: DatasetSummary, best: MethodSummary, others: Sequence[MethodSummary], group: str) -> list[Rival]:
    """The others beside the leading one.

    Args:
        summary: With its statistics.
        best: The leading one.
        others: What it is compared with; itself is skipped.
        group: What of the hit rate is compared, one of DERIVED_GROUPS.
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
    """What is known about the others, as the end of a sentence.

    Args:
        summary: With its statistics.
        rivals: Beside the leading one; at least one.
        behind: What to call those that are significantly behind, such as "worse".
    """
    noun = noun_of(summary)
    if is_decided(rivals):
        who = f"every other {noun} is" if len(rivals) > 1 else f"{_names(rivals)} is"
        return f"; {who} significantly {behind}"
    parts = []
    if cut_off := _are(rivals, Decision.CUT_OFF):
        whom = f"every other {noun}" if len(cut_off) == len(rivals) > 1 else _names(cut_off)
        parts.append(f"undecided against {whom}, since trainings were cut off")
    if too_few := _are(rivals, Decision.TOO_FEW):
        named = [f"{rival.row.method.label}{_bracketed(rival.pair)}" for rival in too_few[:_MOST_NAMED]]
        named += [f"{len(too_few) - _MOST_NAMED} more"] if len(too_few) > _MOST_NAMED else []
        advice = repeats_advice(summary, [rival.pair for rival in too_few if rival.pair is not None])
        parts.append(f"too few repeats to tell it from {listed(named)}{advice}")
    if alike := _are(rivals, Decision.NOT_SIGNIFICANT):
        named = [f"{rival.row.method.label} (p = {rival.pair.p_holm:.2f})" for rival in alike if rival.pair is not None]
        parts.append(f"not significantly {behind}: {listed(named)}")
    if significant := _are(rivals, Decision.SIGNIFICANT):
        parts.append(f"significantly {behind}: {behind_text(significant)}")
    return "".join(f"; {part}" for part in parts)


def behind_text(rivals: Sequence[Rival]) -> str:
    """Those that are significantly behind, by name; very many are counted."""
    return f"the other {len(rivals)}" if len(rivals) > _MOST_BEHIND else _names(rivals)


def _are(rivals: Sequence[Rival], decision: Decision) -> list[Rival]:
    return [rival for rival in rivals if rival.decision is decision]


def _names(rivals: Sequence[Rival]) -> str:
    return listed([rival.row.method.label for rival in rivals])


def undecided_text(summary: DatasetSummary, pair: PairedDifference | None) -> str:
    """A difference that too few repeats leave undecided, and how many would decide it; empty where there is none."""
    return f"{_bracketed(pair)}{repeats_advice(summary, [pair])}" if pair is not None else ""


def repeats_advice(summary: DatasetSummary, pairs: Sequence[PairedDifference]) -> str:
    """How many repeats would be enough for all of some differences, as the end of a sentence; empty where none is defined.

    Args:
        summary: With its statistics.
        pairs: Of the same metric and group.
    """
    defined = [pair for pair in pairs if not math.isnan(pair.difference)]
    if not defined:
        return ""
    if any(pair.components is None or any(map(math.isnan, pair.components.run_variances)) for pair in defined):
        return f": a single run does not say what another seed changes; give `--repeats {_SOME_REPEATS}`"
    family = summary.statistics.pairs(defined[0].metric, defined[0].group)
    needed = {pair.b: repeats_needed(family, pair) for pair in defined}
    known = [n for n in needed.values() if n is not None]
    if not known:
        return f": more than {MOST_REPEATS} repeats would be needed"
    beyond = [label for label, n in needed.items() if n is None]
    more = f", more than {MOST_REPEATS} against {listed(beyond)}" if beyond else ""
    return f": {max(known)} repeats each would be enough, if differences and deviations stay as they are{more}"


def _bracketed(pair: PairedDifference | None) -> str:
    """A difference with its interval by users; empty where it is undefined."""
    if pair is None or math.isnan(pair.difference):
        return ""
    interval = pair.by_users
    by_users = (
        f", 95 % interval by users {points(interval.low)} to {points(interval.high)}" if interval.is_defined else ""
    )
    return f" ({points(pair.difference)} points{by_users})"
