"""Judges the paper's claims on a dataset: each rule names the evidence that would show a claim and what would refute it.

Every rule rests on differences of trained-out samplers that are significant after Holm's correction; where some parts of a
claim are shown and others refuted, the verdict is undecided and the evidence says which. Samplers are compared with samplers,
not with baselines.

Source: paper, section 5.2.
"""

from collections.abc import Callable, Sequence

from nsbench.report.paper.claim import Claim, Verdict
from nsbench.report.paper.negative_count_trend import judge_negative_counts
from nsbench.report.statistics.estimate import BALANCE, HEAD_SHARE, IntervalEstimate, PairedDifference
from nsbench.report.summary import DatasetSummary, MethodSummary
from nsbench.report.tables.number_text import percent
from nsbench.terms import ALL, METHOD_JOINT, Cohort
from nsbench.tracking.stored_run import StoredRun

_EVEN = 0.5
_Judged = tuple[Verdict, str]
_OF_TRIALS = "more-negatives-do-not-always-help"

CLAIMS = {
    "random-favours-head": "Random sampling favours head items over tail items, and more than any other sampler.",
    "popularity-raises-mid-and-tail": (
        "Against random, popularity sampling raises mid and tail at the cost of the head and of the total."
    ),
    "adaptive-mixed-is-best": "Adaptive sampling over mixed negatives is the most accurate in total.",
    _OF_TRIALS: "More negatives do not always help.",
    "balance-costs-accuracy": "Balance is bought with accuracy: what gains in one loses in the other.",
}
"""The claims by name."""


def judge_claims(summary: DatasetSummary, runs: Sequence[StoredRun]) -> tuple[Claim, ...]:
    """Every claim, judged on one dataset.

    Args:
        summary: With its statistics.
        runs: All runs of the dataset: the claim on counts of negatives rests on the trials of studies.
    """
    judges: dict[str, Callable[[], _Judged]] = {
        "random-favours-head": lambda: _random_favours_head(summary),
        "popularity-raises-mid-and-tail": lambda: _popularity_raises_mid_and_tail(summary),
        "adaptive-mixed-is-best": lambda: _adaptive_mixed_is_best(summary),
        _OF_TRIALS: lambda: judge_negative_counts(runs, summary.selection.dataset_hash),
        "balance-costs-accuracy": lambda: _balance_costs_accuracy(summary),
    }
    note = _cut_off_note(summary)
    return tuple(
        Claim(name, text, summary.dataset, verdict, evidence if name == _OF_TRIALS else f"{evidence}{note}")
        for name, text in CLAIMS.items()
        for verdict, evidence in [judges[name]()]
    )


def _cut_off_note(summary: DatasetSummary) -> str:
    """Which samplers decide nothing, as a sentence to append; empty where all were trained out."""
    cut_off = [row.method.label for row in summary.samplers if row.method.n_cut_off]
    return f" Cut off, so that no difference from them is decided: {', '.join(cut_off)}." if cut_off else ""


def _random_favours_head(summary: DatasetSummary) -> _Judged:
    """Shown: its head share of NDCG exceeds one half and that of every other sampler. Refuted: one of these exceeds it."""
    random = _sampler(summary, "random")
    others = [row for row in _samplers(summary) if row is not random]
    if random is None or not others:
        return "undecided", _missing("random and another sampler", summary)
    own = summary.statistics.estimate(random.method.label, "ndcg", HEAD_SHARE)
    pairs = _pairs(summary, random, others, "ndcg", HEAD_SHARE)
    if own is None or len(pairs) < len(others):
        return (
            "undecided",
            f"The head share of {random.method.label} or of another sampler is undefined: nothing was hit.",
        )
    shares = [_head_share_text(row, summary) for row in (random, *others)]
    evidence = f"Share of the head in head + tail NDCG: {'; '.join(shares)}. {_counted(pairs)}{_alone(others)}"
    if random.method.n_cut_off:
        return "undecided", evidence
    if own.interval.high < _EVEN or any(pair.is_significant and pair.difference < 0 for pair in pairs):
        return "fails", evidence
    is_shown = own.interval.low > _EVEN and all(pair.is_significant and pair.difference > 0 for pair in pairs)
    return "holds" if is_shown else "undecided", evidence


def _popularity_raises_mid_and_tail(summary: DatasetSummary) -> _Judged:
    """Shown: mid and tail hit rates rise, head and total ones fall. Refuted: some part is refuted, and none is shown."""
    popularity, random = _sampler(summary, "popularity"), _sampler(summary, "random")
    if popularity is None or random is None:
        return "undecided", _missing("random and popularity", summary)
    claimed = {Cohort.MID.label: 1, Cohort.TAIL.label: 1, Cohort.HEAD.label: -1, ALL: -1}
    parts = [
        (sign, summary.statistics.difference(popularity.method.label, random.method.label, "hit_rate", group))
        for group, sign in claimed.items()
    ]
    known = [(sign, pair) for sign, pair in parts if pair is not None]
    evidence = "Hit rate, popularity minus random: " + "; ".join(_difference_text(pair) for _, pair in known) + "."
    return _verdict([_agreement(sign, pair) for sign, pair in known], len(claimed)), evidence


def _adaptive_mixed_is_best(summary: DatasetSummary) -> _Judged:
    """Shown: it exceeds every other sampler in total hit rate and NDCG. Refuted: another sampler exceeds it in both."""
    best = _sampler(summary, "adaptive-mixed")
    others = [row for row in _samplers(summary) if row is not best]
    if best is None or not others:
        return "undecided", _missing("adaptive-mixed and another sampler", summary)
    verdicts, evidence = [], []
    for metric, title in (("ndcg", "NDCG"), ("hit_rate", "hit rate")):
        pairs = _pairs(summary, best, others, metric, ALL)
        closest = min(pairs, key=lambda pair: pair.difference, default=None)
        if closest is None:
            return "undecided", "The total is undefined for a sampler."
        evidence.append(f"{title} against the best other sampler, {closest.b}: {_difference_text(closest)}")
        if any(pair.is_significant and pair.difference < 0 for pair in pairs):
            verdicts.append(-1)
        else:
            verdicts.append(1 if all(pair.is_significant for pair in pairs) and len(pairs) == len(others) else 0)
    return _verdict(verdicts, 2), f"{'; '.join(evidence)}.{_alone(others)}"


def _balance_costs_accuracy(summary: DatasetSummary) -> _Judged:
    """Shown: pairs of samplers that differ significantly in both do so in opposite ways. Refuted: they do so in the same way."""
    samplers = _samplers(summary)
    if len(samplers) < 2:
        return "undecided", _missing("two samplers", summary)
    labels = {row.method.label for row in samplers}
    opposite: list[str] = []
    same: list[str] = []
    for pair in summary.statistics.pairs("hit_rate", ALL):
        balance = summary.statistics.difference(pair.a, pair.b, "hit_rate", BALANCE)
        if {pair.a, pair.b} <= labels and balance is not None and pair.is_significant and balance.is_significant:
            (same if pair.difference * balance.difference > 0 else opposite).append(f"{pair.a} and {pair.b}")
    evidence = (
        f"Of {len(samplers) * (len(samplers) - 1) // 2} pairs of samplers, {len(opposite) + len(same)} differ significantly in "
        f"both hit rate and balance: {len(opposite)} in opposite ways{_examples(opposite)}, {len(same)} in the same way"
        f"{_examples(same)}."
    )
    return _verdict([1] * bool(opposite) + [-1] * bool(same), 1), evidence


def _verdict(agreements: Sequence[int], n_parts: int) -> Verdict:
    """1: a part is shown; -1: it is refuted; 0: neither."""
    if len(agreements) == n_parts and all(part > 0 for part in agreements):
        return "holds"
    return "fails" if any(part < 0 for part in agreements) and not any(part > 0 for part in agreements) else "undecided"


def _agreement(sign: int, pair: PairedDifference) -> int:
    if not pair.is_significant:
        return 0
    return 1 if sign * pair.difference > 0 else -1


def _samplers(summary: DatasetSummary) -> list[MethodSummary]:
    """The samplers with the paper's loss and backbone: it claims nothing of others."""
    return [row for row in summary.samplers if METHOD_JOINT not in row.method.sampler]


def _sampler(summary: DatasetSummary, name: str) -> MethodSummary | None:
    return next((row for row in _samplers(summary) if row.method.sampler == name), None)


def _pairs(
    summary: DatasetSummary, row: MethodSummary, others: Sequence[MethodSummary], metric: str, group: str
) -> list[PairedDifference]:
    """The row minus each other row, where both are defined."""
    pairs = [summary.statistics.difference(row.method.label, other.method.label, metric, group) for other in others]
    return [pair for pair in pairs if pair is not None and pair.difference == pair.difference]


def _alone(others: Sequence[MethodSummary]) -> str:
    """That a claim on all other samplers rests on a single one, as a sentence to append."""
    return f" Judged against {others[0].method.label} alone." if len(others) == 1 else ""


def _missing(what: str, summary: DatasetSummary) -> str:
    return f"Needs finished repeats of {what}; so far there are repeats of: {_names(summary)}."


def _names(summary: DatasetSummary) -> str:
    return ", ".join(row.method.sampler for row in _samplers(summary)) or "none"


def _counted(pairs: Sequence[PairedDifference]) -> str:
    larger = sum(pair.is_significant and pair.difference > 0 for pair in pairs)
    smaller = sum(pair.is_significant and pair.difference < 0 for pair in pairs)
    return f"Significantly larger than {larger} and smaller than {smaller} of {len(pairs)} others."


def _head_share_text(row: MethodSummary, summary: DatasetSummary) -> str:
    estimate = summary.statistics.estimate(row.method.label, "ndcg", HEAD_SHARE)
    tail = row.accuracy("ndcg", Cohort.TAIL.label).mean
    ratio = f", head:tail {row.accuracy('ndcg', Cohort.HEAD.label).mean / tail:.1f}" if tail > 0 else ", no tail hits"
    return f"{row.method.label} {_estimate_text(estimate)}{ratio}"


def _estimate_text(estimate: IntervalEstimate | None) -> str:
    if estimate is None:
        return "undefined"
    interval = f" [{percent(estimate.interval.low)}, {percent(estimate.interval.high)}]"
    return f"{percent(estimate.value)} %{interval if estimate.interval.is_defined else ''}"


def _difference_text(pair: PairedDifference) -> str:
    group = "total" if pair.group == ALL else pair.group
    interval = f" [{100 * pair.interval.low:+.2f}, {100 * pair.interval.high:+.2f}]" if pair.interval.is_defined else ""
    p_value = f", p = {pair.p_holm:.2g}" if pair.p_holm == pair.p_holm else ", too few runs for a test"
    return f"{group} {100 * pair.difference:+.2f}{interval}{p_value}"


def _examples(pairs: Sequence[str]) -> str:
    return f" (such as {pairs[0]})" if pairs else ""
