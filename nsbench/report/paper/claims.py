"""Judges the paper's claims on a dataset: each rule names the evidence that would show a claim and what would refute it.

Every rule rests on differences of trained-out samplers that are significant after Holm's correction; where some parts of a
claim are shown and others refuted, the verdict is undecided and the evidence says which. Samplers are compared with samplers,
not with baselines. The paper has one loss and one backbone; every claim is judged for each loss alone, with that backbone.

Source: paper, section 5.2.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from nsbench.report.method_parts import (
    DEFAULT_LOSS,
    DEFAULT_LOSS_LABEL,
    DEFAULT_MODEL,
    YARDSTICK_SAMPLER,
    method_name,
    parts_of,
)
from nsbench.report.paper.claim import Claim, Finding, LossFinding, Verdict
from nsbench.report.paper.evidence_text import difference_text, estimate_text, examples
from nsbench.report.paper.negative_count_trend import judge_negative_counts
from nsbench.report.statistics.estimate import BALANCE, HEAD_SHARE, PairedDifference
from nsbench.report.summary import DatasetSummary, MethodSummary
from nsbench.terms import ALL, Cohort
from nsbench.tracking.stored_run import StoredRun

_EVEN = 0.5
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
    """Every claim, judged on one dataset, for each loss that was trained.

    Args:
        summary: With its statistics.
        runs: All runs of the dataset: the claim on counts of negatives rests on the trials of studies.
    """
    losses = {DEFAULT_LOSS: DEFAULT_LOSS_LABEL, **_losses(summary)}
    found = []
    for name, text in CLAIMS.items():
        by_loss = tuple(_judged(name, loss, label, summary, runs) for loss, label in losses.items())
        of_paper = by_loss[0].finding
        found.append(Claim(name, text, summary.dataset, of_paper.verdict, of_paper.evidence, by_loss))
    return tuple(found)


def _judged(name: str, loss: str, label: str, summary: DatasetSummary, runs: Sequence[StoredRun]) -> LossFinding:
    if name == _OF_TRIALS:
        return LossFinding(label, judge_negative_counts(runs, summary.selection.dataset_hash, loss))
    own = replace(summary, methods=tuple(_with_loss(summary, loss)))
    found = _JUDGES[name](own)
    return LossFinding(label, replace(found, evidence=f"{found.evidence}{_cut_off_note(own)}"))


def _losses(summary: DatasetSummary) -> dict[str, str]:
    """The labels of the losses that were trained with the paper's backbone, by name."""
    parts = [parts_of(row.method) for row in summary.samplers]
    return {one.loss: one.loss_label for one in parts if one.model == DEFAULT_MODEL and one.has_plain_sampler}


def _with_loss(summary: DatasetSummary, loss: str) -> list[MethodSummary]:
    """The samplers with a loss and the paper's backbone.

    Of one of which a setting is fixed the paper claims nothing, and the whole catalogue is no sample.
    """
    return [
        row
        for row in summary.samplers
        for parts in [parts_of(row.method)]
        if row.method.sampler == method_name(parts.sampler, loss, DEFAULT_MODEL)
        and parts.has_plain_sampler
        and parts.sampler != YARDSTICK_SAMPLER
    ]


def _cut_off_note(summary: DatasetSummary) -> str:
    """Which samplers decide nothing, as a sentence to append; empty where all were trained out."""
    cut_off = [row.method.label for row in summary.samplers if row.method.n_cut_off]
    return f" Cut off, so that no difference from them is decided: {', '.join(cut_off)}." if cut_off else ""


def _random_favours_head(summary: DatasetSummary) -> Finding:
    """Shown: its head share of NDCG exceeds one half and that of every other sampler. Refuted: one of these exceeds it."""
    random = _sampler(summary, "random")
    others = [row for row in summary.samplers if row is not random]
    if random is None or not others:
        return _missing("random and another sampler", summary)
    own = summary.statistics.estimate(random.method.label, "ndcg", HEAD_SHARE)
    pairs = _pairs(summary, random, others, "ndcg", HEAD_SHARE)
    if own is None or len(pairs) < len(others):
        return Finding(
            "undecided",
            f"The head share of {random.method.label} or of another sampler is undefined: nothing was hit.",
        )
    shares = [_head_share_text(row, summary) for row in (random, *others)]
    evidence = f"Share of the head in head + tail NDCG: {'; '.join(shares)}. {_counted(pairs)}{_alone(others)}"
    if random.method.n_cut_off:
        return Finding("undecided", evidence)
    if own.interval.high < _EVEN or any(pair.is_significant and pair.difference < 0 for pair in pairs):
        return Finding("fails", evidence)
    is_shown = own.interval.low > _EVEN and all(pair.is_significant and pair.difference > 0 for pair in pairs)
    return Finding("holds" if is_shown else "undecided", evidence)


def _popularity_raises_mid_and_tail(summary: DatasetSummary) -> Finding:
    """Shown: mid and tail hit rates rise, head and total ones fall. Refuted: some part is refuted, and none is shown."""
    popularity, random = _sampler(summary, "popularity"), _sampler(summary, "random")
    if popularity is None or random is None:
        return _missing("random and popularity", summary)
    claimed = {Cohort.MID.label: 1, Cohort.TAIL.label: 1, Cohort.HEAD.label: -1, ALL: -1}
    parts = [
        (sign, summary.statistics.difference(popularity.method.label, random.method.label, "hit_rate", group))
        for group, sign in claimed.items()
    ]
    known = [(sign, pair) for sign, pair in parts if pair is not None]
    evidence = "Hit rate, popularity minus random: " + "; ".join(difference_text(pair) for _, pair in known) + "."
    return Finding(_verdict([_agreement(sign, pair) for sign, pair in known], len(claimed)), evidence)


def _adaptive_mixed_is_best(summary: DatasetSummary) -> Finding:
    """Shown: it exceeds every other sampler in total hit rate and NDCG. Refuted: another sampler exceeds it in both."""
    best = _sampler(summary, "adaptive-mixed")
    others = [row for row in summary.samplers if row is not best]
    if best is None or not others:
        return _missing("adaptive-mixed and another sampler", summary)
    verdicts, evidence = [], []
    for metric, title in (("ndcg", "NDCG"), ("hit_rate", "hit rate")):
        pairs = _pairs(summary, best, others, metric, ALL)
        closest = min(pairs, key=lambda pair: pair.difference, default=None)
        if closest is None:
            return Finding("undecided", "The total is undefined for a sampler.")
        evidence.append(f"{title} against the best other sampler, {closest.b}: {difference_text(closest)}")
        if any(pair.is_significant and pair.difference < 0 for pair in pairs):
            verdicts.append(-1)
        else:
            verdicts.append(1 if all(pair.is_significant for pair in pairs) and len(pairs) == len(others) else 0)
    return Finding(_verdict(verdicts, 2), f"{'; '.join(evidence)}.{_alone(others)}")


def _balance_costs_accuracy(summary: DatasetSummary) -> Finding:
    """Shown: pairs of samplers that differ significantly in both do so in opposite ways. Refuted: they do so in the same way."""
    samplers = summary.samplers
    if len(samplers) < 2:
        return _missing("two samplers", summary)
    labels = {row.method.label for row in samplers}
    opposite: list[str] = []
    same: list[str] = []
    for pair in summary.statistics.pairs("hit_rate", ALL):
        balance = summary.statistics.difference(pair.a, pair.b, "hit_rate", BALANCE)
        if {pair.a, pair.b} <= labels and balance is not None and pair.is_significant and balance.is_significant:
            (same if pair.difference * balance.difference > 0 else opposite).append(f"{pair.a} and {pair.b}")
    evidence = (
        f"Of {len(samplers) * (len(samplers) - 1) // 2} pairs of samplers, {len(opposite) + len(same)} differ significantly in "
        f"both hit rate and balance: {len(opposite)} in opposite ways{examples(opposite)}, {len(same)} in the same way"
        f"{examples(same)}."
    )
    return Finding(_verdict([1] * bool(opposite) + [-1] * bool(same), 1), evidence)


def _verdict(agreements: Sequence[int], n_parts: int) -> Verdict:
    """1: a part is shown; -1: it is refuted; 0: neither."""
    if len(agreements) == n_parts and all(part > 0 for part in agreements):
        return "holds"
    return "fails" if any(part < 0 for part in agreements) and not any(part > 0 for part in agreements) else "undecided"


def _agreement(sign: int, pair: PairedDifference) -> int:
    if not pair.is_significant:
        return 0
    return 1 if sign * pair.difference > 0 else -1


def _sampler(summary: DatasetSummary, name: str) -> MethodSummary | None:
    return next((row for row in summary.samplers if parts_of(row.method).sampler == name), None)


def _pairs(
    summary: DatasetSummary, row: MethodSummary, others: Sequence[MethodSummary], metric: str, group: str
) -> list[PairedDifference]:
    """The row minus each other row, where both are defined."""
    pairs = [summary.statistics.difference(row.method.label, other.method.label, metric, group) for other in others]
    return [pair for pair in pairs if pair is not None and pair.difference == pair.difference]


def _alone(others: Sequence[MethodSummary]) -> str:
    """That a claim on all other samplers rests on a single one, as a sentence to append."""
    return f" Judged against {others[0].method.label} alone." if len(others) == 1 else ""


def _missing(what: str, summary: DatasetSummary) -> Finding:
    """That there are no runs of all that a claim is about."""
    return Finding(
        "undecided",
        f"Needs finished repeats of {what}; so far there are repeats of: {_names(summary)}.",
        is_judged=False,
    )


def _names(summary: DatasetSummary) -> str:
    return ", ".join(parts_of(row.method).sampler for row in summary.samplers) or "none"


def _counted(pairs: Sequence[PairedDifference]) -> str:
    larger = sum(pair.is_significant and pair.difference > 0 for pair in pairs)
    smaller = sum(pair.is_significant and pair.difference < 0 for pair in pairs)
    return f"Significantly larger than {larger} and smaller than {smaller} of {len(pairs)} others."


def _head_share_text(row: MethodSummary, summary: DatasetSummary) -> str:
    estimate = summary.statistics.estimate(row.method.label, "ndcg", HEAD_SHARE)
    tail = row.accuracy("ndcg", Cohort.TAIL.label).mean
    ratio = f", head:tail {row.accuracy('ndcg', Cohort.HEAD.label).mean / tail:.1f}" if tail > 0 else ", no tail hits"
    return f"{row.method.label} {estimate_text(estimate)}{ratio}"


_JUDGES: Mapping[str, Callable[[DatasetSummary], Finding]] = {
    "random-favours-head": _random_favours_head,
    "popularity-raises-mid-and-tail": _popularity_raises_mid_and_tail,
    "adaptive-mixed-is-best": _adaptive_mixed_is_best,
    "balance-costs-accuracy": _balance_costs_accuracy,
}
"""Judges of the claims on repeats, given a summary of the methods with one loss."""
