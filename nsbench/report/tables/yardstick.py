"""What sampling loses against exact cross-entropy, which scores every item of the catalogue, and what it saves."""

import math
import shlex
from collections.abc import Sequence

from nsbench.report.answer.cut_off import marked_label
from nsbench.report.cost import CostRow, EqualBudget
from nsbench.report.method_parts import YARDSTICK_LOSS, YARDSTICK_SAMPLER, method_name, parts_of, yardstick_of
from nsbench.report.statistics.decision import decision_of
from nsbench.report.statistics.estimate import PairedDifference
from nsbench.report.summary import METRIC_TITLES, DatasetSummary, MethodSummary
from nsbench.report.tables.evidence import interval_text, seconds_text
from nsbench.report.tables.number_text import UNDEFINED, estimate_text, listed, number, percent, points
from nsbench.report.tables.table import Column, ReportTable, numbers, table_of, words
from nsbench.terms import ALL, N_EPOCHS

_METRIC = "hit_rate"

_WORDS = (
    "Exact cross-entropy scores every item at every position; whatever is sampled approximates that, or something else, at less "
    "cost. Differences are of test hit rates, at the best epoch of each run. Relative: measured in the training time and the "
    "epochs of exact cross-entropy.",
    "At an equal budget there are only validations, and nothing is interpolated: the budget is what the cheaper of the two took, "
    "or, where the other had no validation by then, what that took until its first. Each counts by its best validation so far; "
    "these differences are not tested. A dash: validations or costs were not recorded, or seconds are of different devices.",
)


def yardstick_tables(summary: DatasetSummary) -> list[ReportTable]:
    """Every method beside exact cross-entropy with the same backbone, one table for each backbone that has it."""
    found = []
    for model, rows in _by_model(summary).items():
        yardstick = yardstick_of(summary, model)
        others = [row for row in rows if row is not yardstick]
        if yardstick is not None and others:
            backbone = parts_of(yardstick.method).model_label
            title = f"What sampling loses against exact cross-entropy on {summary.dataset}, {backbone}"
            found.append(table_of(title, _columns(summary, yardstick, [yardstick, *others])))
    return found


def yardstick_words(summary: DatasetSummary) -> tuple[str, ...]:
    """How to read the tables, and which command gives the yardstick where it is missing; empty where nothing was trained."""
    missing = [model for model in _by_model(summary) if yardstick_of(summary, model) is None]
    return (*(_WORDS if yardstick_tables(summary) else ()), *([_advice(summary, missing)] if missing else []))


def _advice(summary: DatasetSummary, models: Sequence[str]) -> str:
    names = [method_name(YARDSTICK_SAMPLER, YARDSTICK_LOSS, model) for model in models]
    dataset = shlex.quote(summary.dataset)
    commands = [f"`nsbench repeat --dataset {dataset} --sampler {shlex.quote(name)}`" for name in names]
    return (
        f"What is lost by sampling is unknown without exact cross-entropy: {listed(commands)}, best after `nsbench tune` with "
        "the same options, gives it."
    )


def _by_model(summary: DatasetSummary) -> dict[str, list[MethodSummary]]:
    """The trained methods by their backbone."""
    found: dict[str, list[MethodSummary]] = {}
    for row in summary.samplers:
        found.setdefault(parts_of(row.method).model, []).append(row)
    return found


def _columns(summary: DatasetSummary, yardstick: MethodSummary, rows: Sequence[MethodSummary]) -> list[Column]:
    pairs = [_pair(summary, row, yardstick) for row in rows]
    columns = [
        words("Method", [marked_label(row.method) for row in rows]),
        numbers(f"{METRIC_TITLES[_METRIC]}, %", [row.accuracy(_METRIC) for row in rows], estimate_text),
        numbers("Difference", [math.nan if pair is None else pair.difference for pair in pairs], points),
        words("95 % interval", [UNDEFINED if pair is None else interval_text(pair.interval) for pair in pairs]),
        words("Verdict", [UNDEFINED if pair is None else decision_of(pair).value for pair in pairs]),
    ]
    by_label = {cost.label: cost for cost in summary.costs}
    costs = [by_label[row.method.label] for row in rows if row.method.label in by_label]
    return [*columns, *_cost_columns(costs, rows)] if len(costs) == len(rows) else columns


def _cost_columns(costs: Sequence[CostRow], rows: Sequence[MethodSummary]) -> list[Column]:
    """Cost beside that of the first row, and what each method and the first had reached at equal budgets."""
    yardstick = costs[0]
    unit = "CPU " if yardstick.clock == "cpu" else ""
    seconds = [cost.train_s if cost.devices == yardstick.devices else math.nan for cost in costs]
    epochs = [_mean_epochs(row) for row in rows]
    return [
        numbers(f"Relative {unit}time", _relative(seconds), _times),
        numbers("Relative epochs", _relative(epochs), _times),
        numbers("Valid. NDCG, %", [cost.own_cost_ndcg for cost in costs], percent),
        words("At equal epochs", [_budget_text(cost.equal_epochs, "epochs") for cost in costs]),
        words(f"At equal {unit}time", [_budget_text(cost.equal_seconds, f"{unit}s") for cost in costs]),
    ]


def _budget_text(found: EqualBudget, unit: str) -> str:
    """The difference with what it is of, such as "+5.00 (15.00 against 10.00 in 4 epochs)"."""
    if math.isnan(found.ndcg - found.yardstick_ndcg):
        return UNDEFINED
    budget = f"{found.budget:,.0f} {unit}" if unit == "epochs" else seconds_text(found.budget, unit.removesuffix("s"))
    both = f"{percent(found.ndcg)} against {percent(found.yardstick_ndcg)} in {budget}"
    return f"{points(found.ndcg - found.yardstick_ndcg)} ({both})"


def _pair(summary: DatasetSummary, row: MethodSummary, yardstick: MethodSummary) -> PairedDifference | None:
    if row is yardstick:
        return None
    return summary.statistics.difference(row.method.label, yardstick.method.label, _METRIC, ALL)


def _mean_epochs(row: MethodSummary) -> float:
    """The epochs of a run on average; NaN where one of the runs did not record them."""
    return math.fsum(run.metric(N_EPOCHS) for run in row.method.runs) / len(row.method.runs)


def _relative(values: Sequence[float]) -> list[float]:
    """Multiples of the first value; NaN where that is 0 or unknown."""
    return [value / values[0] if values[0] > 0 else math.nan for value in values]


def _times(multiple: float) -> str:
    return number(multiple, ".2g")
