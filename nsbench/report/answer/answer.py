"""The answer in words: what may be wrong with it, which method leads in accuracy and in balance, and what is undecided."""

import math
from collections.abc import Sequence

from nsbench.report.answer.baseline_text import baseline_line, baseline_warning
from nsbench.report.answer.comparison_text import comparison_text, heading, is_decided, lead_text, rivals_of
from nsbench.report.answer.context import context, is_small_test, size_of_test
from nsbench.report.answer.cut_off import cut_off_warning, has_cut_off
from nsbench.report.answer.older_settings import older_settings_warning
from nsbench.report.answer.recommendation import recommendation
from nsbench.report.faulty_run import WHAT_TO_DO
from nsbench.report.method_parts import noun_of
from nsbench.report.selection import COMPARED_KINDS, CUTOFF
from nsbench.report.statistics.decision import Decision
from nsbench.report.statistics.estimate import BALANCE
from nsbench.report.statistics.pareto import pareto_front
from nsbench.report.summary import DatasetSummary, Estimate, MethodSummary
from nsbench.report.tables.number_text import listed, percent, runs_text
from nsbench.report.tuning import cut_off_search_warning, tuning_warning
from nsbench.terms import ALL, BALANCED_COHORTS


def answer(summary: DatasetSummary) -> list[str]:
    """Sentences on a dataset, the most important first; they say what is missing where there is no answer.

    Args:
        summary: With its statistics (`nsbench.report.analysis`).
    """
    return [*_sentences(summary), *_faulty(summary)]


def _sentences(summary: DatasetSummary) -> list[str]:
    samplers = summary.samplers
    if not summary.methods:
        return [_nothing_to_compare(summary)]
    if not samplers:
        return _baselines_alone(summary)
    best = best_in_accuracy(samplers)
    # What may invalidate all that follows comes first.
    first = [*cut_off_warning(summary.selection.methods), *cut_off_search_warning(summary), *baseline_warning(summary)]
    first += [*tuning_warning(summary), *older_settings_warning(summary)]
    if len(samplers) == 1:
        only = (
            f"Only {best.method.label} was run: hit rate at {CUTOFF} {_mean_text(best.accuracy('hit_rate'))}, balance "
            f"{_mean_text(best.balance('hit_rate'))}. Nothing to compare it with yet: `nsbench repeat` another sampler or loss."
        )
        return [*first, only, *baseline_line(summary), *context(summary, best)]
    # That a test is too small to show much belongs before the numbers that rest on it.
    small = [size_of_test(summary, best)] if is_small_test(summary) else []
    first += recommendation(summary, best)
    sentences = [*first, _accuracy(summary, best), *small, *_ndcg(samplers, best), *_balance(summary)]
    sentences += [*_advice(summary, best), *baseline_line(summary), _front(summary)]
    return [*sentences, *context(summary, best, with_test_size=not small)]


def best_in_accuracy(rows: Sequence[MethodSummary]) -> MethodSummary:
    """The method with the highest mean hit rate."""
    return max(rows, key=lambda row: _rankable(row.accuracy("hit_rate")))


def _baselines_alone(summary: DatasetSummary) -> list[str]:
    best = best_in_accuracy(summary.methods)
    return [
        f"Only baselines were run; the line to beat is {best.method.label}, with a hit rate at {CUTOFF} of "
        f"{_mean_text(best.accuracy('hit_rate'))}: `nsbench repeat --dataset {summary.dataset} --sampler NAME`.",
        *context(summary, best),
    ]


def _accuracy(summary: DatasetSummary, best: MethodSummary) -> str:
    rivals = rivals_of(summary, best, summary.samplers, ALL)
    place = "best" if is_decided(rivals) else lead_text(rivals)
    return (
        f"{heading('Accuracy', rivals)}: {best.method.label} is {place}, with a hit rate at {CUTOFF} of "
        f"{_mean_text(best.accuracy('hit_rate'))}{comparison_text(summary, rivals, 'worse')}."
    )


def _ndcg(rows: Sequence[MethodSummary], best: MethodSummary) -> list[str]:
    by_ndcg = max(rows, key=lambda row: _rankable(row.accuracy("ndcg")))
    if by_ndcg is best or math.isnan(by_ndcg.accuracy("ndcg").mean):
        return []
    return [f"By NDCG at {CUTOFF}, {by_ndcg.method.label} is ahead, with {_mean_text(by_ndcg.accuracy('ndcg'))}."]


_NO_HIT = "none has a hit in head, mid or tail"


def _balance(summary: DatasetSummary) -> list[str]:
    samplers = summary.samplers
    best = max(samplers, key=lambda row: _rankable(row.balance("hit_rate")))
    if math.isnan(best.balance("hit_rate").mean):
        untested = [
            cohort.label
            for cohort in BALANCED_COHORTS
            if all(math.isnan(row.accuracy("hit_rate", cohort.label).mean) for row in samplers)
        ]
        reason = f"no test interaction has an item in {listed(untested)}" if untested else _NO_HIT
        return [f"Balance: undefined for every {noun_of(summary)}, since {reason}."]
    others = [row for row in samplers if not math.isnan(row.balance("hit_rate").mean)]
    rivals = rivals_of(summary, best, others, BALANCE)
    most = "serves head, mid and tail most alike"
    place = most if is_decided(rivals) else f"is {lead_text(rivals)} in serving head, mid and tail alike"
    return [
        f"{heading('Balance', rivals)}: {best.method.label} {place}, with {_mean_text(best.balance('hit_rate'))}, at a hit "
        f"rate of {percent(best.accuracy('hit_rate').mean)} %{comparison_text(summary, rivals, 'less balanced')}."
    ]


def _advice(summary: DatasetSummary, best: MethodSummary) -> list[str]:
    """Among samplers that are not significantly less accurate than the best, the most balanced one."""
    rivals = rivals_of(summary, best, summary.samplers, ALL)
    same = [best, *(rival.row for rival in rivals if rival.decision is Decision.NOT_SIGNIFICANT)]
    fairest = max(same, key=lambda row: _rankable(row.balance("hit_rate")))
    if fairest is best:
        return []
    return [
        f"Of those whose accuracy does not differ significantly, {fairest.method.label} has the highest balance, "
        f"with {_mean_text(fairest.balance('hit_rate'))}."
    ]


def _front(summary: DatasetSummary) -> str:
    front = front_labels(summary)
    if not front:
        return f"No {noun_of(summary)} has both a hit rate and a balance, so there is no Pareto front."
    others = (
        "" if len(front) == len(summary.samplers) else "; each other one is matched or beaten in both by one of these"
    )
    trained = ", as far as trained" if has_cut_off(summary.selection.methods) else ""
    return f"On the Pareto front of mean hit rate and mean balance{trained}: {listed(front)}{others}."


def front_labels(summary: DatasetSummary) -> list[str]:
    """The samplers that no other sampler matches or beats in both hit rate and balance."""
    rows = summary.samplers
    points = [(row.accuracy("hit_rate").mean, row.balance("hit_rate").mean) for row in rows]
    return [rows[i].method.label for i in pareto_front(points)]


def _nothing_to_compare(summary: DatasetSummary) -> str:
    if summary.selection.left_out or any(run.kind in COMPARED_KINDS for run in summary.selection.faulty):
        return "Nothing to compare: no finished repeat or baseline has test metrics; see the runs left out."
    if summary.ladders:
        n_trained = sum(ladder.n_trained for ladder in summary.ladders)
        return (
            'No finished repeat or baseline to compare; the section "From the published protocol to a sound one" shows '
            f"{n_trained} trainings of `nsbench ablate`. For a comparison run "
            f"`nsbench repeat --dataset {summary.dataset} --sampler NAME`."
        )
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
    text = f"{first.label}, run {first.run_id}: {first.reason}"
    others = f"; {len(faulty) - 1} more in the table of runs that can't be used" if len(faulty) > 1 else ""
    return [f"Left out, since it can't be right: {text}{others}. {WHAT_TO_DO}"]


def _mean_text(estimate: Estimate) -> str:
    deviation = "" if math.isnan(estimate.sd) else f" ± {percent(estimate.sd)}"
    return f"{percent(estimate.mean)}{deviation} % ({runs_text(estimate.n)})"


def _rankable(estimate: Estimate) -> float:
    return -math.inf if math.isnan(estimate.mean) else estimate.mean
