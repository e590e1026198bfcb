"""The answer in words: what is best in accuracy and in balance, what is on the Pareto front, and what is only noise."""

import math
from collections.abc import Sequence

from nsbench.report.comparison import NOISE_LEVEL, pareto_front, welch_p
from nsbench.report.number import percent, runs_text
from nsbench.report.selection import COMPARED_KINDS, CUTOFF
from nsbench.report.summary import DatasetSummary, Estimate, MethodSummary
from nsbench.terms import ALL, metric_name


def answer(summary: DatasetSummary) -> list[str]:
    """Sentences on a dataset, the most wanted first; says what is missing where nothing can be answered."""
    rows = summary.methods
    if not rows:
        return [_nothing_to_compare(summary)]
    if len(rows) == 1:
        only = rows[0]
        return [
            f"Only {only.method.label} was run: hit rate at {CUTOFF} {_told(only.accuracy('hit_rate'))}, balance "
            f"{_told(only.balance('hit_rate'))}. Nothing to compare it with yet: `nsbench repeat` another sampler.",
            *_context(summary, only),
        ]
    best = max(rows, key=lambda row: _rankable(row.accuracy("hit_rate")))
    sentences = [_accuracy(rows, best), *_ndcg(rows, best), *_balance(rows)]
    sentences += _advice(rows, best)
    return [*sentences, _front(rows), *_context(summary, best)]


def within_noise_of(best: MethodSummary, rows: Sequence[MethodSummary]) -> list[tuple[MethodSummary, float]]:
    """The methods whose hit rate can't be told from the best one's, with the p-value, nan with too few runs."""
    compared = [(row, _hit_rate_p(best, row)) for row in rows if row is not best]
    return [(row, p) for row, p in compared if math.isnan(p) or p >= NOISE_LEVEL]


def _hit_rate_p(best: MethodSummary, other: MethodSummary) -> float:
    a, b = best.accuracy("hit_rate"), other.accuracy("hit_rate")
    if best.method.is_baseline and not other.method.is_baseline:
        return welch_p(b, a, b_is_constant=a.n == 1)
    return welch_p(a, b, b_is_constant=other.method.is_baseline and b.n == 1)


def _accuracy(rows: Sequence[MethodSummary], best: MethodSummary) -> str:
    text = f"Accuracy: {best.method.label} is best, with a hit rate at {CUTOFF} of {_told(best.accuracy('hit_rate'))}"
    close = within_noise_of(best, rows)
    unknown = [row.method.label for row, p in close if math.isnan(p)]
    equal = [f"{row.method.label} (p = {p:.2f})" for row, p in close if not math.isnan(p)]
    if equal:
        text += f"; within noise of it: {_listed(equal)}"
    if unknown:
        text += f"; too few runs to tell it from {_listed(unknown)}"
    if not close:
        text += "; every other method is worse by more than noise"
    return text + "."


def _ndcg(rows: Sequence[MethodSummary], best: MethodSummary) -> list[str]:
    by_ndcg = max(rows, key=lambda row: _rankable(row.accuracy("ndcg")))
    if by_ndcg is best or math.isnan(by_ndcg.accuracy("ndcg").mean):
        return []
    return [f"By NDCG at {CUTOFF}, {by_ndcg.method.label} is best, with {_told(by_ndcg.accuracy('ndcg'))}."]


def _balance(rows: Sequence[MethodSummary]) -> list[str]:
    best = max(rows, key=lambda row: _rankable(row.balance("hit_rate")))
    if math.isnan(best.balance("hit_rate").mean):
        return ["Balance: undefined for every method, since none has a hit in head, mid or tail."]
    return [
        f"Balance: {best.method.label} serves head, mid and tail most alike, with {_told(best.balance('hit_rate'))}, at a "
        f"hit rate of {percent(best.accuracy('hit_rate').mean)} %."
    ]


def _advice(rows: Sequence[MethodSummary], best: MethodSummary) -> list[str]:
    """Among methods of the same accuracy as far as can be told, the most balanced one."""
    same = [best, *(row for row, p in within_noise_of(best, rows) if not math.isnan(p))]
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
    return f"On the Pareto front of mean hit rate and mean balance: {_listed(front)}{others}."


def _context(summary: DatasetSummary, best: MethodSummary) -> list[str]:
    """What is missing, how far the best method is from the best possible one, and how much the test itself varies."""
    sentences = _shortfall(summary)
    hit_rate = best.accuracy("hit_rate").mean
    reachable = summary.best_reachable("hit_rate", ALL)
    if reachable > 0:
        sentences.append(
            f"No model could reach more than {percent(reachable)} %, as this log's generator knows; "
            f"{best.method.label} reaches {hit_rate / reachable:.0%} of that."
        )
    n_targets = best.method.runs[0].metric(metric_name("test", ALL, "n_targets"))
    if n_targets > 0:
        error = math.sqrt(hit_rate * (1 - hit_rate) / n_targets)
        sentences.append(
            f"All runs are ranked on the same {n_targets:,.0f} test interactions. Another draw of so many would move a "
            f"hit rate of {percent(hit_rate)} % by about ±{percent(error)}; deviations over repeats don't contain that."
        )
    return sentences


def _shortfall(summary: DatasetSummary) -> list[str]:
    short = [
        f"{count.label} {count.n_finished} of {count.n_planned}"
        for count in summary.counts
        if count.kind in COMPARED_KINDS and count.n_planned is not None and count.n_finished < count.n_planned
    ]
    return [f"Fewer runs finished than were planned: {_listed(short)}."] if short else []


def _nothing_to_compare(summary: DatasetSummary) -> str:
    if summary.selection.left_out:
        return "Nothing to compare: no finished repeat or baseline has test metrics; see the runs left out."
    n_other = sum(count.n_finished for count in summary.counts)
    return (
        f"Nothing to compare yet: no finished repeat or baseline ({runs_text(n_other)} of other kinds finished). Run "
        f"`nsbench repeat --dataset {summary.dataset} --sampler NAME`."
    )


def _told(estimate: Estimate) -> str:
    deviation = "" if math.isnan(estimate.sd) else f" ± {percent(estimate.sd)}"
    return f"{percent(estimate.mean)}{deviation} % ({runs_text(estimate.n)})"


def _rankable(estimate: Estimate) -> float:
    return -math.inf if math.isnan(estimate.mean) else estimate.mean


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
