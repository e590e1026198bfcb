"""How far results move with the order of interactions of equal time, where a log was prepared with several orders."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from nsbench.evaluation.metrics import METRICS
from nsbench.report.summary import ACCURACY_METRICS, DatasetSummary, Estimate, MethodSummary
from nsbench.report.tables.number_text import UNDEFINED, percent
from nsbench.report.tables.table import ReportTable, numbers, table_of, words

_OF_ORDER = ("ties", "tie_seed")
"""The options of a preparation that say the order of equal times."""

_NOTE = (
    "SD between orders: of the orders' means. SD between seeds: of the trainings of one order, pooled. Of the orders alone: what "
    "is left of the first when the part is taken off that training seeds give it; unknown where each order has one training."
)


@dataclass(frozen=True)
class OrderSpread:
    """A metric of one method over several orders of equal times.

    Attributes:
        orders: One per order.
    """

    orders: tuple[Estimate, ...]

    @property
    def means(self) -> tuple[float, ...]:
        """Of each order."""
        return tuple(estimate.mean for estimate in self.orders)

    @property
    def between_orders(self) -> float:
        """Standard deviation of the orders' means."""
        return float(np.std(self.means, ddof=1))

    @property
    def between_seeds(self) -> float:
        """Standard deviation of a training within an order, pooled over the orders; NaN where each has one."""
        n_free = sum(estimate.n - 1 for estimate in self.orders)
        if not n_free:
            return math.nan
        return math.sqrt(sum(float(np.var(e.values)) * e.n for e in self.orders) / n_free)

    @property
    def of_orders_alone(self) -> float:
        """Standard deviation between orders without what training seeds give it; NaN where that is unknown.

        Two orders of two trainings each: the means .2 and .4 deviate by .141, and seeds by .1 in each, so that they give a mean
        .0707; the root of .02 - .005 is left.
        >>> spread = OrderSpread((Estimate((0.2 - 0.05**.5 / 10**.5, 0.2 + 0.05**.5 / 10**.5), 2),
        ...     Estimate((0.4 - 0.05**.5 / 10**.5, 0.4 + 0.05**.5 / 10**.5), 2)))
        >>> round(spread.between_orders, 4), round(spread.between_seeds, 4), round(spread.of_orders_alone, 4)
        (0.1414, 0.1, 0.1225)
        """
        of_seeds = self.between_seeds**2 * float(np.mean([1 / estimate.n for estimate in self.orders]))
        return math.sqrt(max(self.between_orders**2 - of_seeds, 0.0)) if not math.isnan(of_seeds) else math.nan


def tie_order_tables(summaries: Sequence[DatasetSummary]) -> list[ReportTable]:
    """One table for each log of which several orders of equal times are reported; one row per method and metric.

    A method's row holds the datasets on which it has the same settings and protocol.
    """
    return [table for group in _groups(summaries) if (table := _table(group)) is not None]


def _groups(summaries: Sequence[DatasetSummary]) -> Iterable[list[DatasetSummary]]:
    """Datasets that differ in the order of equal times alone, each order once."""
    groups: dict[str, dict[str, DatasetSummary]] = {}
    for summary in summaries:
        if summary.card is None:
            continue
        options = {name: value for name, value in summary.card.options.items() if name not in _OF_ORDER}
        key = f"{summary.card.origin.model_dump_json()} {summary.card.n_interactions} {sorted(options.items())}"
        groups.setdefault(key, {}).setdefault(summary.selection.dataset_hash, summary)
    return (list(group.values()) for group in groups.values() if len(group) > 1)


def _table(group: Sequence[DatasetSummary]) -> ReportTable | None:
    methods: dict[tuple[str, str, str], list[MethodSummary]] = {}
    for summary in group:
        for row in summary.methods:
            key = (row.method.label, row.method.runs[0].fingerprint, summary.selection.protocol)
            methods.setdefault(key, []).append(row)
    rows = [
        (label, metric, found, OrderSpread(tuple(row.accuracy(metric) for row in found)))
        for (label, _, _), found in methods.items()
        if len(found) > 1
        for metric in ACCURACY_METRICS
        if all(row.accuracy(metric).n for row in found)
    ]
    if not rows:
        return None
    spreads = [spread for *_, spread in rows]
    columns = [
        words("Method", [label for label, *_ in rows]),
        words("Metric", [METRICS[metric].short for _, metric, _, _ in rows]),
        numbers("Orders", [len(found) for _, _, found, _ in rows]),
        numbers("Runs", [sum(estimate.n for estimate in spread.orders) for spread in spreads]),
        numbers("Mean", [float(np.mean(spread.means)) for spread in spreads], percent),
        numbers("Lowest order", [min(spread.means) for spread in spreads], percent),
        numbers("Highest order", [max(spread.means) for spread in spreads], percent),
        numbers("SD between orders", [spread.between_orders for spread in spreads], _deviation),
        numbers("SD between seeds", [spread.between_seeds for spread in spreads], _deviation),
        numbers("Of the orders alone", [spread.of_orders_alone for spread in spreads], _deviation),
    ]
    names = ", ".join(summary.dataset for summary in group)
    return table_of(f"Order of equal times: hit rate and NDCG at 10, %, on {names}", columns, _NOTE)


def _deviation(share: float) -> str:
    return UNDEFINED if math.isnan(share) else percent(share, 3)
