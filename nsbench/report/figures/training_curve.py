"""How the compared runs developed: loss and validation metric by epoch, as read back from the store."""

from collections.abc import Sequence
from dataclasses import dataclass

from nsbench.report.equal_cost import MOST_EPOCHS
from nsbench.report.selection import CUTOFF
from nsbench.report.summary import DatasetSummary
from nsbench.terms import ALL, metric_name
from nsbench.tracking.stored_run import MetricPoint, RunReader

LOSS = "train/loss"
"""The training loss's name."""

VALID_NDCG = metric_name("valid", ALL, "ndcg", CUTOFF)
"""The validation metric that curves and searches are shown in."""

_LARGEST_DRAWN = 1e30
"""Matplotlib's axes end at about 1e300, and 1e38 on some canvases."""

MOST_CURVES = 5
"""Repeats of a method whose curves are read: each is a request to the store, and more lines hide each other."""


@dataclass(frozen=True)
class TrainingCurve:
    """A run's loss and validation metric by epoch.

    Attributes:
        label: The method's label.
        seed: The run's seed.
        loss: Mean training loss of the epochs before each validation.
        valid: Validation NDCG, as shares in [0, 1].
    """

    label: str
    seed: int | None
    loss: tuple[MetricPoint, ...]
    valid: tuple[MetricPoint, ...]


def read_curves(reader: RunReader, summary: DatasetSummary) -> tuple[TrainingCurve, ...]:
    """The curves of the first repeats of every trained method; runs that recorded none are left out.

    Raises:
        TrackingError: The store can't be read.
    """
    runs = {
        run.run_id: (row.method.label, run.seed)
        for row in summary.methods
        if not row.method.is_baseline
        for run in row.method.runs[:MOST_CURVES]
        if LOSS in run.metrics or VALID_NDCG in run.metrics
    }
    losses, valid = (reader.histories([*runs], name) for name in (LOSS, VALID_NDCG))
    curves = [
        TrainingCurve(*run, _drawable(losses.get(run_id, ())), _drawable(valid.get(run_id, ())))
        for run_id, run in runs.items()
    ]
    return tuple(curve for curve in curves if curve.loss or curve.valid)


def _drawable(points: Sequence[MetricPoint]) -> tuple[MetricPoint, ...]:
    return tuple(point for point in points if 0 <= point.epoch <= MOST_EPOCHS and abs(point.value) <= _LARGEST_DRAWN)


def mean_curve(curves: Sequence[Sequence[MetricPoint]]) -> tuple[MetricPoint, ...]:
    """The mean at each epoch that at least half of the curves reach.

    >>> a, b = [MetricPoint(1, 1.0), MetricPoint(2, 2.0)], [MetricPoint(1, 3.0)]
    >>> mean_curve([a, b])
    (MetricPoint(epoch=1, value=2.0), MetricPoint(epoch=2, value=2.0))
    """
    values: dict[int, list[float]] = {}
    for curve in curves:
        for point in curve:
            values.setdefault(point.epoch, []).append(point.value)
    return tuple(
        MetricPoint(epoch, sum(found) / len(found))
        for epoch, found in sorted(values.items())
        # Runs stop at different epochs, and a mean over the few that last longest would jump.
        if 2 * len(found) >= len(curves)
    )
