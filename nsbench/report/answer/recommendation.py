"""The first sentence: which method to use and at what price, or what is undecided and what would decide it.

Nothing is recommended that `decision` does not bear out.
"""

import math
from collections.abc import Sequence

from nsbench.report.answer.baseline_text import beaten_by, best_baseline
from nsbench.report.answer.comparison_text import Rival, behind_text, is_decided, rivals_of
from nsbench.report.method_parts import DEFAULT_LOSS, DEFAULT_MODEL, method_name, noun_of, parts_of
from nsbench.report.selection import CUTOFF
from nsbench.report.statistics.decision import MOST_REPEATS, Decision, decision_of, repeats_needed
from nsbench.report.summary import DatasetSummary, MethodSummary
from nsbench.report.tables.number_text import UNDEFINED, listed, points
from nsbench.report.tables.settings import negatives_of, short_number
from nsbench.report.tuning import is_unequal
from nsbench.terms import ALL, BALANCED_COHORTS

REFERENCE = "random"
"""The sampler that others are compared with, with the same loss and backbone where that was run."""

_METRIC = "hit_rate"
_SOME_REPEATS = 5
_UNSURE = {
    Decision.NOT_SIGNIFICANT: " (not significant)",
    Decision.TOO_FEW: " (too few repeats to tell)",
    Decision.CUT_OFF: " (not trained out)",
}
_UNSURE_OF_ALL = {
    Decision.NOT_SIGNIFICANT: " (none of these significant)",
    Decision.TOO_FEW: " (too few repeats to tell for any of these)",
    Decision.CUT_OFF: " (not trained out)",
}


def recommendation(summary: DatasetSummary, best: MethodSummary) -> list[str]:
    """What to use, or what is undecided and what would decide it; empty where cut-off trainings forbid both.

    Args:
        summary: With its statistics and costs.
        best: The sampler with the highest mean hit rate.
    """
    rivals = rivals_of(summary, best, summary.samplers, ALL)
    # `cut_off_warning` says so before anything else, and how to resume them.
    if not rivals or any(rival.decision is Decision.CUT_OFF for rival in rivals):
        return []
    return [_use(summary, best, rivals) if is_decided(rivals) else _undecided(summary, best, rivals)]


def _use(summary: DatasetSummary, best: MethodSummary, rivals: Sequence[Rival]) -> str:
    reference = _reference(best, rivals)
    pair = reference.pair
    gain = f"{points(pair.difference)} points of hit rate at {CUTOFF}" if pair is not None else "better"
    label, mean = _reference_label(best, reference), reference.row.accuracy(_METRIC).mean
    # Python writes no blank before a percent sign, and the report does.
    share = f" ({pair.difference / mean:+.0%})".replace("%", " %") if pair is not None and mean > 0 else ""
    parts = [f"{gain}{share} over {label}", *_cohorts(summary, best, reference), *_cost(summary, best, reference)]
    return f"{_verb(summary, best)}: {', '.join(parts)}; {_settings(best)}."


def _verb(summary: DatasetSummary, best: MethodSummary) -> str:
    """How far the advice goes: no further than the warnings before it allow."""
    baseline = best_baseline(summary)
    if baseline is not None and best not in beaten_by(summary, baseline):
        return f"Among the {noun_of(summary)}s {best.method.label} is best"
    return f"As tuned, {best.method.label} is best" if is_unequal(summary) else f"Use {best.method.label}"


def _reference(best: MethodSummary, rivals: Sequence[Rival]) -> Rival:
    """Random negatives with the same loss and backbone, or with the paper's, or else the runner-up."""
    own = parts_of(best.method)
    for name in (method_name(REFERENCE, own.loss, own.model), REFERENCE):
        plain = [rival for rival in rivals if rival.row.method.sampler == name]
        if plain:
            return plain[0]
    return max(rivals, key=lambda rival: _mean(rival.row))


def _reference_label(best: MethodSummary, reference: Rival) -> str:
    """The reference's label, and its loss and backbone where these are others and its label doesn't say so."""
    own, other = parts_of(best.method), parts_of(reference.row.method)
    differing = [
        label
        for label, default, name, of_best in (
            (other.loss_label, DEFAULT_LOSS, other.loss, own.loss),
            (other.model_label, DEFAULT_MODEL, other.model, own.model),
        )
        if name == default != of_best
    ]
    label = reference.row.method.label
    return f"{label} with {listed(differing)}" if differing else label


def _cohorts(summary: DatasetSummary, best: MethodSummary, reference: Rival) -> list[str]:
    """The gain or loss in each cohort, and whether it is significant; what holds for all of them is said once."""
    gains, doubts = [], []
    for cohort in BALANCED_COHORTS:
        pair = summary.statistics.difference(best.method.label, reference.row.method.label, _METRIC, cohort.label)
        if pair is not None and not math.isnan(pair.difference):
            gains.append(f"{cohort.label} {points(pair.difference)}")
            doubts.append(decision_of(pair))
    if len(gains) > 1 and len(set(doubts)) == 1:
        return [", ".join(gains) + _UNSURE_OF_ALL.get(doubts[0], "")]
    return [f"{gain}{_UNSURE.get(doubt, '')}" for gain, doubt in zip(gains, doubts, strict=True)]


def _settings(best: MethodSummary) -> str:
    """The chosen settings, as far as the runs recorded them, and where to find the command."""
    newest = best.method.runs[-1]
    parts = [
        f"{name} {value}"
        for name, value in (
            ("learning rate", short_number(newest.params.get("learning_rate", ""))),
            ("negatives", negatives_of(newest)),
            ("batch size", newest.params.get("batch_size", UNDEFINED)),
        )
        if value != UNDEFINED
    ]
    if not parts:
        return "its settings are in the table of chosen settings"
    return f"settings: {'; '.join(parts)} (the command that repeats them is in the table of chosen settings)"


def _cost(summary: DatasetSummary, best: MethodSummary, reference: Rival) -> list[str]:
    """How many times longer training takes; empty where seconds were not recorded or are of different devices."""
    costs = {cost.label: cost for cost in summary.costs}
    own, other = costs.get(best.method.label), costs.get(reference.row.method.label)
    if own is None or other is None or not own.train_s > 0 or not other.train_s > 0 or own.devices != other.devices:
        return []
    clock = "CPU time" if own.clock == "cpu" else "by the clock"
    return [f"at {own.train_s / other.train_s:.2g} times the training ({clock})"]


def _undecided(summary: DatasetSummary, best: MethodSummary, rivals: Sequence[Rival]) -> str:
    too_few = [rival for rival in rivals if rival.decision is Decision.TOO_FEW]
    alike = [rival for rival in rivals if rival.decision is Decision.NOT_SIGNIFICANT]
    behind = [rival for rival in rivals if rival.decision is Decision.SIGNIFICANT]
    advice = [_more_repeats(summary, best, some, named=bool(too_few and alike)) for some in (too_few, alike) if some]
    text = f"Undecided between {listed([best.method.label, *_labels([*too_few, *alike])])}: {'; '.join(advice)}"
    return f"{text}. Significantly behind: {behind_text(behind)}." if behind else f"{text}."


def _more_repeats(summary: DatasetSummary, best: MethodSummary, rivals: Sequence[Rival], *, named: bool) -> str:
    """Which samplers the repeats can't tell apart, and how many repeats could."""
    whom = f" {best.method.label} from {listed(_labels(rivals))}" if named else ""
    n = min(len(row.method.runs) for row in (best, *(rival.row for rival in rivals)))
    start = f"{n} {'repeat' if n == 1 else 'repeats'} can't tell{whom}"
    if n == 1:
        return f"{start}; `--repeats {_SOME_REPEATS}` is a start"
    family = summary.statistics.pairs(_METRIC, ALL)
    needed = [repeats_needed(family, rival.pair) for rival in rivals if rival.pair is not None]
    known = [n_needed for n_needed in needed if n_needed is not None]
    if not known or len(known) < len(needed):
        return (
            f"{start}, nor would {MOST_REPEATS} each, as differences and deviations are now; choose by balance or cost"
        )
    return f"{start}; {max(known)} each would, if differences and deviations stay as they are"


def _labels(rivals: Sequence[Rival]) -> list[str]:
    return [rival.row.method.label for rival in rivals]


def _mean(row: MethodSummary) -> float:
    mean = row.accuracy(_METRIC).mean
    return -math.inf if math.isnan(mean) else mean
