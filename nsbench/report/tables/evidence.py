"""Tables of evidence: intervals, differences, the paper's claims, its published numbers beside ours, and cost."""

import math

from nsbench.report.answer.cut_off import COLUMN, cut_off_text, is_uncertain, marked_label
from nsbench.report.cost import CostRow
from nsbench.report.paper.published import PublishedComparison
from nsbench.report.selection import Method
from nsbench.report.statistics.decision import decision_of
from nsbench.report.statistics.estimate import BALANCE, BALANCE_OF_MEANS, Interval, PairedDifference, QuantityEstimate
from nsbench.report.summary import DatasetSummary
from nsbench.report.tables.number_text import UNDEFINED, percent
from nsbench.report.tables.table import METRIC_TITLES, Cell, ReportTable, Standing, standings
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
"""What is smaller would be shown as 0.00."""


def interval_table(summary: DatasetSummary, metric: str) -> ReportTable | None:
    """The 95 % intervals of an accuracy metric, in total and by cohort, and of both balances; None without any."""
    groups = [group for group in GROUP_TITLES if any(_is_of(e, metric, group) for e in summary.statistics.estimates)]
    if not groups:
        return None
    rows = tuple(
        (
            Cell(marked_label(row.method)),
            *(_estimate_cell(summary.statistics.estimate(row.method.label, metric, group)) for group in groups),
        )
        for row in summary.methods
    )
    title = f"{METRIC_TITLES[metric]} on {summary.dataset} with 95 % intervals, %"
    return ReportTable(title, ("Method", *(GROUP_TITLES[group] for group in groups)), rows)


def difference_table(summary: DatasetSummary, metric: str, group: str) -> ReportTable | None:
    """All pairs of methods, the better one first, the largest difference on top; None without any."""
    pairs = [pair if pair.difference >= 0 else pair.reversed() for pair in summary.statistics.pairs(metric, group)]
    pairs = [pair for pair in pairs if not math.isnan(pair.difference)]
    if not pairs:
        return None
    pairs.sort(key=lambda pair: -pair.difference)
    name = METRIC_TITLES[metric].replace("Hit", "hit")
    what = name if group == ALL else f"{GROUP_TITLES[group].lower()} of {name}"
    columns = (
        "Better",
        "Worse",
        "Difference",
        "95 % interval",
        "By users",
        "p, corrected",
        "Verdict",
        "Effect",
        "Smallest detectable",
    )
    return ReportTable(
        f"Differences in {what} on {summary.dataset}, percent points", columns, tuple(map(_difference_row, pairs))
    )


def claim_table(summary: DatasetSummary) -> ReportTable | None:
    """The paper's claims with the verdict of this log; None where none was judged."""
    rows = tuple((Cell(claim.text), Cell(claim.verdict), Cell(claim.evidence)) for claim in summary.claims)
    columns = ("Claim", "Verdict", "Evidence")
    return ReportTable(f"The paper's claims on {summary.dataset}", columns, rows) if rows else None


def published_table(summary: DatasetSummary, metric: str) -> ReportTable | None:
    """Our numbers beside the paper's, cell by cell; None where the log is none of the paper's."""
    labels = {row.method.label: marked_label(row.method) for row in summary.methods}
    rows = tuple(
        _published_row(cell, labels.get(cell.label, cell.label)) for cell in summary.published if cell.metric == metric
    )
    columns = ("Method", "Paper", "Group", "Ours", "Published", "Published runs", "Difference", "Within their spread")
    title = f"{METRIC_TITLES[metric]} on {summary.dataset} beside the paper's, %"
    return ReportTable(title, columns, rows) if rows else None


def cost_table(summary: DatasetSummary) -> ReportTable | None:
    """What a run of each method takes and what it reaches for it; None without costs."""
    costs = summary.costs
    if not costs:
        return None
    best = standings([cost.equal_cost_ndcg for cost in costs])
    cpu = "CPU " if costs[0].clock == "cpu" else ""
    budgets = {_seconds(cost.equal_cost_s, cpu) for cost in costs if not math.isnan(cost.equal_cost_s)}
    budget = budgets.pop() if len(budgets) == 1 else "equal time"
    methods = {row.method.label: row.method for row in summary.methods}
    with_share = is_uncertain(summary.selection.methods)
    columns = (
        *("Method", *(["Runs", COLUMN] if with_share else [])),
        *(f"Training, {cpu}s", "Evaluation, s", f"Positives per {cpu}s", "Negatives scored", "Memory, MiB", "Device"),
        *("NDCG, %", f"NDCG per {cpu}minute", "Valid. NDCG, %", f"Valid. NDCG in {budget}, %"),
    )
    rows = tuple(
        (*_whose(methods[cost.label], with_share=with_share), *_cost_cells(cost, place))
        for cost, place in zip(costs, best, strict=True)
    )
    return ReportTable(f"Cost of a run on {summary.dataset}", columns, rows)


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


def _is_of(estimate: QuantityEstimate, metric: str, group: str) -> bool:
    return (estimate.metric, estimate.group) == (metric, group)


def _estimate_cell(estimate: QuantityEstimate | None) -> Cell:
    if estimate is None:
        return Cell(UNDEFINED)
    return Cell(f"{percent(estimate.value)} {_interval(estimate.interval)}".rstrip())


def _interval(interval: Interval) -> str:
    return f"[{percent(interval.low)}, {percent(interval.high)}]" if interval.is_defined else ""


def _difference_row(pair: PairedDifference) -> tuple[Cell, ...]:
    place = Standing.BEST if pair.is_real else Standing.OTHER
    return (
        Cell(pair.a),
        Cell(pair.b),
        Cell(f"{100 * pair.difference:+.2f}", place),
        Cell(_interval(pair.interval) or UNDEFINED),
        Cell(_interval(pair.by_users) or UNDEFINED),
        Cell(_p_value(pair.p_holm)),
        Cell(decision_of(pair).value),
        Cell(_effect(pair.effect_size)),
        Cell(percent(pair.smallest_detectable) if pair.smallest_detectable >= _LEAST_SHOWN else UNDEFINED),
    )


def _published_row(cell: PublishedComparison, label: str) -> tuple[Cell, ...]:
    published = percent(cell.published.mean)
    if not math.isnan(cell.published.sd) and cell.published.n > 1:
        published += f" ±{percent(cell.published.sd)}"
    within = {True: "yes", False: "no", None: UNDEFINED}[cell.is_within_spread]
    return (
        Cell(label),
        Cell(cell.paper_name),
        Cell(GROUP_TITLES.get(cell.group, cell.group)),
        Cell(percent(cell.ours)),
        Cell(published),
        Cell(str(cell.published.n) if cell.published.n else UNDEFINED),
        Cell(UNDEFINED if math.isnan(cell.difference) else f"{100 * cell.difference:+.2f}"),
        Cell(within),
    )


def _whose(method: Method, *, with_share: bool) -> tuple[Cell, ...]:
    """Whose row it is, and how many of its runs were cut off."""
    share = [Cell(str(len(method.runs))), Cell(cut_off_text(method))] if with_share else []
    return (Cell(marked_label(method)), *share)


def _cost_cells(cost: CostRow, place: Standing) -> tuple[Cell, ...]:
    return (
        Cell(_number(cost.train_s, ",.1f")),
        Cell(_number(cost.evaluate_s, ",.1f")),
        Cell(_number(cost.positives_per_s, ",.0f")),
        Cell(_number(cost.n_negatives_scored, ",.3g")),
        Cell(_number(cost.peak_memory_bytes / _MEBIBYTE, ",.0f")),
        Cell(", ".join(cost.devices)),
        Cell(percent(cost.ndcg)),
        Cell(_number(cost.ndcg_per_minute, ".3g")),
        Cell(percent(cost.own_cost_ndcg)),
        Cell(percent(cost.equal_cost_ndcg), place),
    )


def _number(value: float, form: str) -> str:
    """A number; the dash where it is undefined."""
    return format(value, form) if math.isfinite(value) else UNDEFINED


def _seconds(seconds: float, unit: str) -> str:
    return f"{seconds:,.0f} {unit}s" if seconds >= _WHOLE_FROM_S else f"{seconds:.2g} {unit}s"


def _effect(size: float) -> str:
    """An effect size; one beyond ten deviations says no more than that."""
    if abs(size) > _MOST_EFFECT:
        return f"{'>' if size > 0 else '<−'}{_MOST_EFFECT:.0f}"
    return _number(size, ".2f")


def _p_value(p: float) -> str:
    return UNDEFINED if math.isnan(p) else "<0.001" if p < 0.001 else f"{p:.3f}"
