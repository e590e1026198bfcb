"""The answer in words: what is best in accuracy and in balance, what is on the Pareto front, and what is only noise."""

import math
from collections.abc import Sequence

from nsbench.report.answer_context import context, is_small_test, size_of_test
from nsbench.report.comparison import pareto_front
from nsbench.report.faulty_run import WHAT_TO_DO
from nsbench.report.number import percent, runs_text
from nsbench.report.selection import COMPARED_KINDS, CUTOFF
from nsbench.report.statistic import BALANCE, LEVEL
from nsbench.report.summary import DatasetSummary, Estimate, MethodSummary
from nsbench.terms import ALL, BALANCED_COHORTS


def answer(summary: DatasetSummary) -> list[str]:
    """Sentences on a dataset, the most wanted first; says what is missing where nothing can be answered.

    Args:
        summary: With its statistics (`nsbench.report.reading`).
    """
    return [*_sentences(summary), *_faulty(summary)]


def _sentences(summary: DatasetSummary) -> list[str]:
    rows = summary.methods
    if not rows:
        return [_nothing_to_compare(summary)]
    if len(rows) == 1:
        only = rows[0]
        return [
            f"Only {only.method.label} was run: hit rate at {CUTOFF} {_told(only.accuracy('hit_rate'))}, balance "
            f"{_told(only.balance('hit_rate'))}. Nothing to compare it with yet: `nsbench repeat` another sampler.",
            *context(summary, only),
        ]
    best = best_in_accuracy(rows)
    # A log that can't show much must say so before anything else is believed.
    warning = [size_of_test(summary, best)] if is_small_test(summary) else []
    sentences = [_accuracy(summary, best), *warning, *_ndcg(rows, best), *_balance(summary), *_advice(summary, best)]
    return [*sentences, _front(rows), *context(summary, best, with_test_size=not warning)]


def best_in_accuracy(rows: Sequence[MethodSummary]) -> MethodSummary:
    """The method with the highest mean hit rate."""
    return max(rows, key=lambda row: _rankable(row.accuracy("hit_rate")))


def within_noise_of(
    summary: DatasetSummary, best: MethodSummary, group: str = ALL
) -> list[tuple[MethodSummary, float]]:
    """The methods that can't be told from one by hit rate, with the corrected p-value, nan with too few runs.

    Args:
        summary: With its statistics.
        best: The method to tell others from.
        group: What of the hit rate is compared, one of QUANTITY_GROUPS.
    """
    close = []
    for row in summary.methods:
        pair = summary.statistics.difference(best.method.label, row.method.label, "hit_rate", group)
        p_value = float("nan") if pair is None else pair.p_holm
        if row is not best and (math.isnan(p_value) or p_value >= LEVEL):
            close.append((row, p_value))
    return close


def _accuracy(summary: DatasetSummary, best: MethodSummary) -> str:
    text = f"Accuracy: {best.method.label} is best, with a hit rate at {CUTOFF} of {_told(best.accuracy('hit_rate'))}"
    return f"{text}{_apart(within_noise_of(summary, best), 'every other method is worse by more than noise')}."


def _apart(close: Sequence[tuple[MethodSummary, float]], all_apart: str) -> str:
    """What can't be told from the best one."""
    unknown = [row.method.label for row, p in close if math.isnan(p)]
    equal = [f"{row.method.label} (p = {p:.2f})" for row, p in close if not math.isnan(p)]
    text = f"; within noise of it: {listed(equal)}" if equal else ""
    text += f"; too few runs to tell it from {listed(unknown)}" if unknown else ""
    return text if close else f"; {all_apart}"


def _ndcg(rows: Sequence[MethodSummary], best: MethodSummary) -> list[str]:
    by_ndcg = max(rows, key=lambda row: _rankable(row.accuracy("ndcg")))
    if by_ndcg is best or math.isnan(by_ndcg.accuracy("ndcg").mean):
        return []
    return [f"By NDCG at {CUTOFF}, {by_ndcg.method.label} is best, with {_told(by_ndcg.accuracy('ndcg'))}."]


_NO_HIT = "none has a hit in head, mid or tail"


def _balance(summary: DatasetSummary) -> list[str]:
    best = max(summary.methods, key=lambda row: _rankable(row.balance("hit_rate")))
    if math.isnan(best.balance("hit_rate").mean):
        untested = [
            cohort.label
            for cohort in BALANCED_COHORTS
            if all(math.isnan(row.accuracy("hit_rate", cohort.label).mean) for row in summary.methods)
        ]
        reason = f"no test interaction has an item in {listed(untested)}" if untested else _NO_HIT
        return [f"Balance: undefined for every method, since {reason}."]
    close = [
        (row, p) for row, p in within_noise_of(summary, best, BALANCE) if not math.isnan(row.balance("hit_rate").mean)
    ]
    return [
        f"Balance: {best.method.label} serves head, mid and tail most alike, with {_told(best.balance('hit_rate'))}, at a "
        f"hit rate of {percent(best.accuracy('hit_rate').mean)} %"
        f"{_apart(close, 'every other method is less balanced by more than noise')}."
    ]


def _advice(summary: DatasetSummary, best: MethodSummary) -> list[str]:
    """Among methods of the same accuracy as far as can be told, the most balanced one."""
    same = [best, *(row for row, p in within_noise_of(summary, best) if not math.isnan(p))]
    fairest = max(same, key=lambda row: _rankable(row.balance("hit_rate")))
    if fairest is best:
        return []
    return [
        f"Of those that can't be told apart in accuracy, {fairest.method.label} has the best balance, "
        f"with {_told(fairest.balance('hit_rate'))}."
    ]


def _front(rows: Sequence[MethodSummary]) -> str:
    points = [(row.accuracy("hit_rate").mean, row.balance("hit_rate").mean) for row in rows]
    front = [rows[i].method.label for i in pareto_front(points)]
    if not front:
        return "No method has both a hit rate and a balance, so there is no Pareto front."
    others = "" if len(front) == len(rows) else "; each other one is matched or beaten in both by one of these"
    return f"On the Pareto front of mean hit rate and mean balance: {listed(front)}{others}."


def _nothing_to_compare(summary: DatasetSummary) -> str:
    if summary.selection.left_out or any(run.kind in COMPARED_KINDS for run in summary.selection.faulty):
        return "Nothing to compare: no finished repeat or baseline has test metrics; see the runs left out."
    n_other = sum(count.n_finished for count in summary.counts)
    return (
        f"Nothing to compare yet: no finished repeat or baseline ({runs_text(n_other)} of other kinds finished). Run "
        f"`nsbench repeat --dataset {summary.dataset} --sampler NAME`."
    )


def _faulty(summary: DatasetSummary) -> list[str]:
    faulty = summary.selection.faulty
    if not faulty:
        return []
    first = faulty[0]
    told = f"{first.label}, run {first.run_id}: {first.reason}"
    others = f"; {len(faulty) - 1} more in the table of runs that can't be used" if len(faulty) > 1 else ""
    return [f"Left out, since it can't be right: {told}{others}. {WHAT_TO_DO}"]


def _told(estimate: Estimate) -> str:
    deviation = "" if math.isnan(estimate.sd) else f" ± {percent(estimate.sd)}"
    return f"{percent(estimate.mean)}{deviation} % ({runs_text(estimate.n)})"


def _rankable(estimate: Estimate) -> float:
    return -math.inf if math.isnan(estimate.mean) else estimate.mean


def listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
