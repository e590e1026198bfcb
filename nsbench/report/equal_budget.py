"""What a method and exact cross-entropy had reached at the same epoch, and after the same seconds, by their validations.

Nothing is interpolated: a budget is chosen at which both have validations, and each counts by the best one that it had by then.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from nsbench.report.cost import NO_BUDGET, CostRow, EqualBudget
from nsbench.report.equal_cost import Histories, average, best_within
from nsbench.report.method_parts import parts_of, yardstick_of
from nsbench.report.summary import DatasetSummary, MethodSummary
from nsbench.terms import N_EPOCHS
from nsbench.tracking.stored_run import MetricPoint


@dataclass(frozen=True)
class _Course:
    """The validations of a method's repeats.

    Attributes:
        histories: Of each repeat, by epoch; none of them is empty.
        n_epochs: Of a repeat, on average.
        per_epoch: Of the budget: seconds, or 1 where epochs are the budget.
    """

    histories: Sequence[Sequence[MetricPoint]]
    n_epochs: float
    per_epoch: float

    @cached_property
    def first(self) -> float:
        """When every repeat had a validation."""
        return self.per_epoch * max(history[0].epoch for history in self.histories)

    @property
    def end(self) -> float:
        """When a repeat was done, on average."""
        return self.per_epoch * self.n_epochs

    def reached(self, budget: float) -> float:
        """The mean of the repeats' best validations by then."""
        return average([best_within(history, budget / self.per_epoch) for history in self.histories])


def with_equal_budgets(summary: DatasetSummary, histories: Histories) -> DatasetSummary:
    """The summary whose costs hold what each method and exact cross-entropy with its backbone had reached at equal budgets."""
    by_label = {cost.label: cost for cost in summary.costs}
    rows = {row.method.label: row for row in summary.samplers}
    yardsticks = {
        model: yardstick_of(summary, model) for model in {parts_of(row.method).model for row in rows.values()}
    }

    def budgeted(cost: CostRow) -> CostRow:
        row = rows.get(cost.label)
        yardstick = None if row is None else yardsticks[parts_of(row.method).model]
        if row is None or yardstick is None or yardstick is row:
            return cost
        return _against(row, cost, yardstick, by_label[yardstick.method.label], histories)

    return replace(summary, costs=tuple(budgeted(cost) for cost in summary.costs))


def _against(
    row: MethodSummary, cost: CostRow, yardstick: MethodSummary, of_yardstick: CostRow, histories: Histories
) -> CostRow:
    """A method's costs with its equal budgets."""
    pair = ((row, cost), (yardstick, of_yardstick))
    # Seconds of different devices can't be compared.
    is_comparable = cost.devices == of_yardstick.devices
    epochs = [_course(one, histories, 1.0) for one, _ in pair]
    seconds = [_course(one, histories, _epoch_s(one, its)) if is_comparable else None for one, its in pair]
    return replace(cost, equal_epochs=equal_budget(*epochs), equal_seconds=equal_budget(*seconds))


def _course(row: MethodSummary, histories: Histories, per_epoch: float) -> _Course | None:
    """None where validations, epochs or seconds are unknown."""
    known = [histories[run.run_id] for run in row.method.runs if histories.get(run.run_id)]
    n_epochs = _n_epochs(row)
    if not known or not n_epochs > 0 or not per_epoch > 0:
        return None
    # Epochs are whole, though their mean need not be.
    return _Course(known, float(math.floor(n_epochs)) if per_epoch == 1.0 else n_epochs, per_epoch)


def _epoch_s(row: MethodSummary, cost: CostRow) -> float:
    n_epochs = _n_epochs(row)
    return cost.train_s / n_epochs if n_epochs > 0 else math.nan


def equal_budget(own: _Course | None, other: _Course | None) -> EqualBudget:
    """What two methods had when the first of them was done, or else when the later one had its first validation.

    Args:
        own: None: its validations, epochs or seconds are unknown.
        other: The same.
    """
    if own is None or other is None:
        return NO_BUDGET
    budget = max(min(own.end, other.end), own.first, other.first)
    return EqualBudget(budget, own.reached(budget), other.reached(budget))


def _n_epochs(row: MethodSummary) -> float:
    return average([run.metric(N_EPOCHS) for run in row.method.runs])
