"""What to know before believing an answer: the size of the test, what is missing, and what can be reached at all."""

import math
from itertools import combinations
from statistics import median

from nsbench.data.split_note import leak_text, split_text
from nsbench.report.answer.cut_off import unknown_end_note
from nsbench.report.answer.single_run import single_run_note
from nsbench.report.method_parts import noun_of
from nsbench.report.paper.comparison import preparation_note
from nsbench.report.run_counts import largest_plan
from nsbench.report.selection import COMPARED_KINDS, OTHER_PREPARATION, version_of
from nsbench.report.statistics.t_test import detectable_value
from nsbench.report.summary import DatasetSummary, MethodSummary
from nsbench.report.tables.number_text import listed, percent
from nsbench.terms import ALL, BALANCED_COHORTS

FEW_TARGETS = 2_000
"""With fewer test interactions the answer says so early: chance alone then moves a hit rate of 5 % by half a point."""

FEW_COHORT_TARGETS = 100
"""With fewer test interactions in a cohort, a sentence says that its values, and with them balance, are unsure."""


def is_small_test(summary: DatasetSummary) -> bool:
    """Whether so few interactions were tested that the answer must say so early."""
    return 0 < summary.n_targets(ALL) < FEW_TARGETS


def size_of_test(summary: DatasetSummary, best: MethodSummary) -> str:
    """How many interactions were tested, and the smallest difference in hit rate that they could show."""
    n_targets = summary.n_targets(ALL)
    users = f" of {summary.statistics.n_users:,} users" if summary.statistics.n_users else ""
    only = "only" if is_small_test(summary) else "the same"
    text = f"All runs are ranked on {only} {n_targets:,.0f} test interactions{users}"
    paired = _paired_detectable(summary)
    if paired is not None:
        found, at_best = paired
        return (
            f"{text}: for two {noun_of(summary)}s here, the smallest difference in hit rate that would show (80 % chance at 5 %) "
            f"is about {percent(found)} points{_at_best(at_best)}."
        )
    hit_rate = best.accuracy("hit_rate").mean
    error = math.sqrt(hit_rate * (1 - hit_rate) / n_targets)
    # The difference of two independent hit rates errs by the root of 2 times as much as one of them.
    shows = detectable_value(math.inf) * math.sqrt(2) * error
    return (
        f"{text}: another draw of so many would move a hit rate of {percent(hit_rate)} % by about ±{percent(error)}, so "
        f"however many repeats there are, two methods that hit independently must differ by about "
        f"{percent(shows)} points to show; deviations over repeats don't contain that."
    )


def context(summary: DatasetSummary, best: MethodSummary, *, with_test_size: bool = True) -> list[str]:
    """What is missing, how far the best method is from the best possible one, and how much the test itself varies."""
    methods = [row.method for row in summary.methods]
    sentences = [
        *single_run_note(summary),
        *_shortfall(summary),
        *unknown_end_note(methods),
        *_versions(summary),
        *_other_preparations(summary),
        *_time_leak(summary),
    ]
    hit_rate = best.accuracy("hit_rate").mean
    reachable = summary.best_reachable("hit_rate", ALL)
    if reachable > 0:
        sentences.append(
            f"No model can be expected to reach more than {percent(reachable)} %, as this dataset's generator knows; "
            f"{best.method.label} reaches {hit_rate / reachable:.0%} of that."
        )
    if with_test_size and summary.n_targets(ALL) > 0:
        sentences.append(size_of_test(summary, best))
    note = preparation_note(summary)
    return [*sentences, *_small_cohorts(summary), *summary.statistics.notes, *([note] if note else [])]


def _at_best(detectable: float) -> str:
    """What would show with any number of repeats; empty where that is unknown or rounds to 0."""
    text = percent(detectable)
    return "" if math.isnan(detectable) or float(text) == 0 else f", and {text} however many repeats there are"


def _paired_detectable(summary: DatasetSummary) -> tuple[float, float] | None:
    """Medians over pairs of samplers: the smallest detectable difference, and the same with endless repeats.

    None where ranks or repeats are missing.
    """
    labels = [row.method.label for row in summary.samplers]
    pairs = [summary.statistics.difference(a, b, "hit_rate", ALL) for a, b in combinations(labels, 2)]
    known = [pair for pair in pairs if pair is not None and pair.smallest_detectable > 0]
    if not known:
        return None
    return (
        median(pair.smallest_detectable for pair in known),
        median(pair.smallest_with_endless_repeats for pair in known),
    )


def _small_cohorts(summary: DatasetSummary) -> list[str]:
    few = [
        f"{cohort.label} {n_targets:.0f}"
        for cohort in BALANCED_COHORTS
        if 0 <= (n_targets := summary.n_targets(cohort.label)) < FEW_COHORT_TARGETS
    ]
    return [f"Few test interactions by cohort: {', '.join(few)}; their values and balance are unsure."] if few else []


def _shortfall(summary: DatasetSummary) -> list[str]:
    """Compared methods with fewer runs than were asked for, and those none of whose runs has a result."""
    short = []
    for row in summary.methods:
        newest = row.method.runs[-1]
        same = [
            run
            for run in summary.runs
            if (run.label, run.kind, run.dataset_hash, run.protocol, run.fingerprint)
            == (newest.label, newest.kind, newest.dataset_hash, newest.protocol, newest.fingerprint)
        ]
        plan = largest_plan(same)
        if plan is not None and len(row.method.runs) < plan:
            short.append(f"{row.method.label} {len(row.method.runs)} of {plan}")
    compared = {row.method.label for row in summary.methods}
    short += [
        f"{count.label} {count.n_finished} of {count.n_planned}"
        for count in summary.counts
        if count.kind in COMPARED_KINDS and count.label not in compared and count.n_missing
    ]
    return [f"Fewer runs finished than were planned: {listed(short)}."] if short else []


def _versions(summary: DatasetSummary) -> list[str]:
    by_version: dict[str, list[str]] = {}
    for row in summary.methods:
        by_version.setdefault(version_of(row.method.runs[0]) or "unknown", []).append(row.method.label)
    if len(by_version) < 2:
        return []
    versions = "; ".join(f"{version}: {', '.join(labels)}" for version, labels in by_version.items())
    return [f"Methods were run with different versions of nsbench, which may be part of their difference: {versions}."]


def _time_leak(summary: DatasetSummary) -> list[str]:
    """That what is learned came partly after what is tested; empty where the split is global in time, or nothing leaks."""
    card = summary.card
    leak = None if card is None else card.time_leak
    if card is None or leak is None or not (leak.after_first_test_share or leak.n_users_out_of_order):
        return []
    return [
        f"This dataset's split is {split_text(card)}, and {leak_text(card)}. Its numbers stand beside published ones of the same "
        "split; what a model would do on days to come, a split in time tells."
    ]


def _other_preparations(summary: DatasetSummary) -> list[str]:
    others = [part for part in summary.selection.left_out if part.reason == OTHER_PREPARATION]
    runs = listed([f"{part.label} {part.n_runs}" for part in others]) if others else ""
    return (
        [f"Runs on another preparation of the dataset are left out, as the newest run decides: {runs}."]
        if others
        else []
    )
