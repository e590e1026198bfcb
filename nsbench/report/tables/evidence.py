"""Tables of evidence: intervals, differences, the paper's claims, its published numbers beside ours, and cost."""

import math
from collections.abc import Callable, Sequence

from nsbench.evaluation.metrics import METRICS
from nsbench.report.answer.cut_off import COLUMN, cut_off_text, is_uncertain, marked_label
from nsbench.report.cost import CostRow
from nsbench.report.paper.published import PublishedCell
from nsbench.report.selection import CUTOFF
from nsbench.report.statistics.decision import decision_of
from nsbench.report.statistics.estimate import BALANCE, BALANCE_OF_MEANS, Interval, IntervalEstimate
from nsbench.report.summary import METRIC_TITLES, DatasetSummary
from nsbench.report.tables.number_text import UNDEFINED, known_count, number, percent, points
from nsbench.report.tables.table import Column, Rank, ReportTable, numbers, ranks_of, table_of, words
from nsbench.terms import ALL, BALANCED_COHORTS

GROUP_TITLES = {
    ALL: "Total",
    **{cohort.label: cohort.label.capitalize() for cohort in BALANCED_COHORTS},
    BALANCE: "Balance",
    BALANCE_OF_MEANS: "Balance of means",
}
"""What tables call the groups of a metric."""

_MEBIBYTE = 1 << 20
_WHOLE_FROM_S = 10.0
_MOST_EFFECT = 10.0
_LEAST_SHOWN = 0.5e-4
"""Anything smaller would be shown as 0.00."""

_YES_OR_NO = {True: "yes", False: "no", None: UNDEFINED}


def interval_table(summary: DatasetSummary, metric: str) -> ReportTable | None:
    """The 95 % intervals of an accuracy metric, in total and by cohort, and of both balances; None without any."""
    groups = [group for group in GROUP_TITLES if any(_is_of(e, metric, group) for e in summary.statistics.estimates)]
    if not groups:
        return None
    methods = [row.method for row in summary.methods]
    columns = [words("Method", [marked_label(method) for method in methods])]
    for group in groups:
        estimates = [summary.statistics.estimate(method.label, metric, group) for method in methods]
        columns.append(numbers(GROUP_TITLES[group], estimates, _estimate_text))
    return table_of(f"{METRIC_TITLES[metric]} on {summary.dataset} with 95 % intervals, %", columns)


def difference_table(summary: DatasetSummary, metric: str, group: str) -> ReportTable | None:
    """All pairs of methods, the better one first, the largest difference on top; None without any."""
    # A pair that is NaN is turned round too, and dropped by the next line.
    pairs = [pair if pair.difference >= 0 else pair.reversed() for pair in summary.statistics.pairs(metric, group)]
    pairs = [pair for pair in pairs if not math.isnan(pair.difference)]
    if not pairs:
        return None
    pairs.sort(key=lambda pair: -pair.difference)
    name = f"{METRICS[metric].in_sentence} at {CUTOFF}"
    what = name if group == ALL else f"{GROUP_TITLES[group].lower()} of {name}"
    ranks = [Rank.BEST if pair.is_significant else Rank.OTHER for pair in pairs]
    columns = [
        words("Better", [pair.a for pair in pairs]),
        words("Worse", [pair.b for pair in pairs]),
        numbers("Difference", [pair.difference for pair in pairs], points, ranks),
        numbers("95 % interval", [pair.interval for pair in pairs], interval_text),
        numbers("By users", [pair.by_users for pair in pairs], interval_text),
        numbers("p, corrected", [pair.p_holm for pair in pairs], _p_text),
        words("Verdict", [decision_of(pair).value for pair in pairs]),
        numbers("Effect", [pair.effect_size for pair in pairs], _effect_text),
        numbers("Smallest detectable", [pair.smallest_detectable for pair in pairs], _detectable_text),
    ]
    return table_of(f"Differences in {what} on {summary.dataset}, percent points", columns)


def claim_table(summary: DatasetSummary) -> ReportTable | None:
    """The paper's claims with their verdicts on this dataset; None where none was judged."""
    if not summary.claims:
        return None
    has_losses = any(len(claim.by_loss) > 1 for claim in summary.claims)
    columns = [
        words("Claim", [claim.text for claim in summary.claims]),
        words("Verdict", [claim.verdict for claim in summary.claims]),
        *([words("Across losses", [claim.across_losses for claim in summary.claims])] if has_losses else []),
        words("Evidence", [claim.evidence for claim in summary.claims]),
    ]
    return table_of(f"The paper's claims on {summary.dataset}", columns)


def loss_claim_table(summary: DatasetSummary) -> ReportTable | None:
    """The claims judged among the methods of each other loss; None where no other loss has the runs that one is about."""
    rows = [(claim, one) for claim in summary.claims for one in claim.by_loss[1:] if one.finding.is_judged]
    if not rows:
        return None
    columns = [
        words("Claim", [claim.text for claim, _ in rows]),
        words("Loss", [one.loss for _, one in rows]),
        words("Verdict", [one.finding.verdict for _, one in rows]),
        words("Evidence", [one.finding.evidence for _, one in rows]),
    ]
    return table_of(f"The paper's claims with other losses on {summary.dataset}", columns)


def published_table(summary: DatasetSummary, metric: str) -> ReportTable | None:
    """Our numbers beside the paper's, cell by cell; None for a dataset that the paper lacks."""
    cells = [cell for cell in summary.published if cell.metric == metric]
    if not cells:
        return None
    labels = {row.method.label: marked_label(row.method) for row in summary.methods}
    columns = [
        words("Method", [labels.get(cell.label, cell.label) for cell in cells]),
        words("Paper", [cell.paper_name for cell in cells]),
        words("Group", [GROUP_TITLES.get(cell.group, cell.group) for cell in cells]),
        numbers("Ours", [cell.ours for cell in cells], percent),
        numbers("Published", [cell.published for cell in cells], _published_text),
        numbers("Published runs", [cell.published.n or None for cell in cells], known_count),
        numbers("Difference", [cell.difference for cell in cells], points),
        numbers("Within their spread", [cell.is_within_spread for cell in cells], _YES_OR_NO.__getitem__),
    ]
    return table_of(f"{METRIC_TITLES[metric]} on {summary.dataset} beside the paper's, %", columns)


def cost_table(summary: DatasetSummary) -> ReportTable | None:
    """What a run of each method costs and what it reaches for that; None without costs."""
    costs = summary.costs
    if not costs:
        return None
    by_label = {row.method.label: row.method for row in summary.methods}
    methods = [by_label[cost.label] for cost in costs]
    columns = [words("Method", [marked_label(method) for method in methods])]
    if is_uncertain(summary.selection.methods):
        columns.append(numbers("Runs", [len(method.runs) for method in methods]))
        columns.append(numbers(COLUMN, [cut_off_text(method) for method in methods]))
    return table_of(f"Cost of a run on {summary.dataset}", [*columns, *_cost_columns(costs)])


def _cost_columns(costs: Sequence[CostRow]) -> list[Column]:
    cpu = "CPU " if costs[0].clock == "cpu" else ""
    budgets = {seconds_text(cost.equal_cost_s, cpu) for cost in costs if not math.isnan(cost.equal_cost_s)}
    budget = budgets.pop() if len(budgets) == 1 else "equal time"
    at_equal_cost = [cost.equal_cost_ndcg for cost in costs]
    memory = [cost.peak_memory_bytes / _MEBIBYTE for cost in costs]
    return [
        numbers(f"Training, {cpu}s", [cost.train_s for cost in costs], _form(",.1f")),
        numbers("Evaluation, s", [cost.evaluate_s for cost in costs], _form(",.1f")),
        numbers(f"Positives per {cpu}s", [cost.positives_per_s for cost in costs], _form(",.0f")),
        numbers("Negatives scored", [cost.n_negatives_scored for cost in costs], _form(",.3g")),
        numbers("Memory, MiB", memory, _form(",.0f")),
        words("Device", [", ".join(cost.devices) for cost in costs]),
        numbers("NDCG, %", [cost.ndcg for cost in costs], percent),
        numbers(f"NDCG per {cpu}minute", [cost.ndcg_per_minute for cost in costs], _form(".3g")),
        numbers("Valid. NDCG, %", [cost.own_cost_ndcg for cost in costs], percent),
        numbers(f"Valid. NDCG in {budget}, %", at_equal_cost, percent, ranks_of(at_equal_cost)),
    ]


def cost_note(summary: DatasetSummary) -> tuple[str, ...]:
    """How training was measured, as a paragraph; empty without costs."""
    if not summary.costs:
        return ()
    if summary.costs[0].clock == "cpu":
        return (
            "Training is measured in CPU seconds, of all processes that train a model together, which other work on the machine "
            "does not lengthen; evaluation by the clock.",
        )
    return (
        "Training is measured by the clock, as on a GPU or where runs don't hold their CPU time: other work on the machine "
        "lengthens it.",
    )


def _is_of(estimate: IntervalEstimate, metric: str, group: str) -> bool:
    return (estimate.metric, estimate.group) == (metric, group)


def _estimate_text(estimate: IntervalEstimate | None) -> str:
    if estimate is None:
        return UNDEFINED
    value = percent(estimate.value)
    return f"{value} {interval_text(estimate.interval)}" if estimate.interval.is_defined else value


def interval_text(interval: Interval) -> str:
    """An interval in percent; a dash where there is none."""
    return f"[{percent(interval.low)}, {percent(interval.high)}]" if interval.is_defined else UNDEFINED


def _published_text(cell: PublishedCell) -> str:
    has_deviation = not math.isnan(cell.sd) and cell.n > 1
    return f"{percent(cell.mean)} ±{percent(cell.sd)}" if has_deviation else percent(cell.mean)


def _detectable_text(difference: float) -> str:
    return percent(difference) if difference >= _LEAST_SHOWN else UNDEFINED


def _effect_text(size: float) -> str:
    """An effect size; beyond ten deviations its size means nothing more."""
    if abs(size) > _MOST_EFFECT:
        return f"{'>' if size > 0 else '<−'}{_MOST_EFFECT:.0f}"
    return number(size, ".2f")


def _p_text(p: float) -> str:
    return UNDEFINED if math.isnan(p) else "<0.001" if p < 0.001 else f"{p:.3f}"


def _form(form: str) -> Callable[[float], str]:
    return lambda value: number(value, form)


def seconds_text(seconds: float, unit: str) -> str:
    """Seconds as a heading says them; `unit` is "CPU " or empty."""
    return f"{seconds:,.0f} {unit}s" if seconds >= _WHOLE_FROM_S else f"{seconds:.2g} {unit}s"
