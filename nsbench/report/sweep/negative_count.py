"""Dose and response: how accurate a method is with how many negatives, everything else alike."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from nsbench.report.method_parts import without_fixed
from nsbench.report.statistics.estimate import Interval
from nsbench.report.statistics.t_test import run_components, run_difference_components, t_interval
from nsbench.report.summary import DatasetSummary, Estimate
from nsbench.report.sweep.setting_group import (
    comparable_runs,
    estimate_of,
    once_per_seed,
    other_settings,
)
from nsbench.terms import RunKind
from nsbench.tracking.reading.run_parts import whole_number
from nsbench.tracking.stored_run import StoredRun

_METRIC = "hit_rate"


@dataclass(frozen=True)
class DosePoint:
    """A method with some number of negatives.

    Attributes:
        n_negatives: Proposed for each positive.
        runs: One per seed.
    """

    n_negatives: int
    runs: tuple[StoredRun, ...]

    @cached_property
    def hit_rate(self) -> Estimate:
        """Over the runs."""
        return estimate_of(self.runs, _METRIC)

    @cached_property
    def ndcg(self) -> Estimate:
        """Over the runs."""
        return estimate_of(self.runs, "ndcg")


@dataclass(frozen=True)
class DoseCurve:
    """A method with several numbers of negatives.

    Attributes:
        label: The method's label, without the number; with what else tells it from curves of the same method.
        kind: Repeats, which rank the test interactions, or trials, which rank the validation interactions.
        points: At least two, by number.
    """

    label: str
    kind: RunKind
    points: tuple[DosePoint, ...]

    @property
    def best(self) -> DosePoint:
        """The point of the highest mean hit rate."""
        return max(self.points, key=lambda point: point.hit_rate.mean)


def dose_curves(summary: DatasetSummary) -> tuple[DoseCurve, ...]:
    """A curve for every method that was run with two numbers of negatives or more, all other settings being alike."""
    found = [curve for kind in (RunKind.REPEAT, RunKind.TRIAL) for curve in _curves(summary, kind)]
    return tuple(_told_apart(found))


def methods_of_one_count(summary: DatasetSummary) -> list[str]:
    """The labels of the compared methods whose repeats are on no curve."""
    on_a_curve = {run.run_id for curve in dose_curves(summary) for point in curve.points for run in point.runs}
    return [
        row.method.label
        for row in summary.samplers
        if row.method.runs[0].count_fields.proposed and not on_a_curve & {run.run_id for run in row.method.runs}
    ]


def dose_difference(a: DosePoint, b: DosePoint) -> tuple[float, Interval]:
    """How much the hit rate at one point exceeds that at another, and its 95 % interval over repeats (Welch)."""
    components = [run_components(point.hit_rate.values, is_constant=False) for point in (a, b)]
    return a.hit_rate.mean - b.hit_rate.mean, t_interval(run_difference_components(*components))


def n_negatives_of(run: StoredRun) -> int | None:
    """The negatives proposed for each positive; None where the run doesn't say."""
    counts = [whole_number(run.params[name]) for name in run.count_fields.proposed if name in run.params]
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def _curves(summary: DatasetSummary, kind: RunKind) -> Iterator[DoseCurve]:
    groups: dict[tuple[str, str, Hashable], dict[int, list[StoredRun]]] = {}
    for run in comparable_runs(summary.runs, summary.selection, kind):
        n_negatives = n_negatives_of(run)
        proposed = [name for name in run.count_fields.proposed if name in run.params]
        for name in proposed if n_negatives is not None else ():
            # Of a mixture each part's number is a dose of its own.
            origin = run.count_fields.proposed[name] if len(proposed) > 1 else ""
            key = (without_fixed(run.label, [name]), origin, other_settings(run, [name]))
            groups.setdefault(key, {}).setdefault(n_negatives or 0, []).append(run)
    for (label, origin, _), by_count in groups.items():
        if len(by_count) > 1:
            points = [DosePoint(n, once_per_seed(runs)) for n, runs in sorted(by_count.items())]
            yield DoseCurve(f"{label}, more {origin}" if origin else label, kind, tuple(points))


def _told_apart(curves: list[DoseCurve]) -> Iterator[DoseCurve]:
    """The curves, those of the same label with the settings in which they differ."""
    for curve in curves:
        same = [other for other in curves if (other.label, other.kind) == (curve.label, curve.kind)]
        params = [other.points[0].runs[0].params for other in same]
        own = curve.points[0].runs[0]
        counts = {"max_epochs", *own.count_fields.proposed}
        differing = [
            f"{name} {value}"
            for name, value in own.params.items()
            if name not in counts and len({one.get(name) for one in params}) > 1
        ]
        yield replace(curve, label=", ".join((curve.label, *differing))) if differing else curve
