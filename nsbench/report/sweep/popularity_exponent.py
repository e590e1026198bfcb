"""Negatives by popularity ** gamma under each loss and logQ correction: whom each exponent serves, head to tail."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from nsbench.report.method_parts import loss_settings, parts_of_run, plain_label, plain_part
from nsbench.report.run_check import number_of
from nsbench.report.summary import DatasetSummary, Estimate
from nsbench.report.sweep.setting_group import (
    comparable_runs,
    estimate_of,
    once_per_seed,
    other_settings,
)
from nsbench.terms import ALL, BALANCED_COHORTS, RunKind
from nsbench.tracking.stored_run import StoredRun

EXPONENTS = ("gamma", "popularity_gamma")
"""The settings that are an exponent of the popularity."""

LOG_Q = "log_q"
"""The setting that says what a loss makes up for of the sampler's preferences."""

EXPONENT_GROUPS = (ALL, *(cohort.label for cohort in BALANCED_COHORTS))

_METRIC = "hit_rate"


@dataclass(frozen=True)
class ExponentPoint:
    """Repeats with an exponent.

    Attributes:
        exponent: Of the popularity, when negatives are drawn.
        runs: One per seed.
    """

    exponent: float
    runs: tuple[StoredRun, ...]

    @cached_property
    def hit_rates(self) -> dict[str, Estimate]:
        """By the groups in `EXPONENT_GROUPS`."""
        return {group: estimate_of(self.runs, _METRIC, group) for group in EXPONENT_GROUPS}


@dataclass(frozen=True)
class ExponentCurve:
    """A loss with one or more exponents.

    Attributes:
        loss: What tables call it, with its correction where it has one.
        points: By exponent.
    """

    loss: str
    points: tuple[ExponentPoint, ...]


@dataclass(frozen=True)
class ExponentFamily:
    """Repeats that differ in exponent and loss alone.

    Attributes:
        curves: One per loss and its settings; there are at least two points in all.
    """

    curves: tuple[ExponentCurve, ...]


def exponent_families(summary: DatasetSummary) -> tuple[ExponentFamily, ...]:
    """Repeats of samplers by popularity that are alike in all settings but exponent and loss; the largest family first."""
    families: dict[object, dict[str, dict[float, list[StoredRun]]]] = {}
    for run, exponent in _runs_with_exponent(summary):
        loss = loss_settings(run)
        but = {*EXPONENTS, "sampler", "loss", *loss}
        curves = families.setdefault(other_settings(run, but), {})
        curves.setdefault(_loss_text(run, loss), {}).setdefault(exponent, []).append(run)
    found = [
        ExponentFamily(
            tuple(
                ExponentCurve(
                    loss, tuple(ExponentPoint(value, once_per_seed(runs)) for value, runs in sorted(points.items()))
                )
                for loss, points in curves.items()
            )
        )
        for curves in families.values()
    ]
    compared = [family for family in found if _n_points(family) > 1]
    return tuple(sorted(compared, key=_n_points, reverse=True))


def has_exponents(summary: DatasetSummary) -> bool:
    """Whether any repeat drew its negatives by popularity."""
    return next(_runs_with_exponent(summary), None) is not None


def _runs_with_exponent(summary: DatasetSummary) -> Iterator[tuple[StoredRun, float]]:
    for run in comparable_runs(summary.runs, summary.selection, RunKind.REPEAT):
        exponent = next((run.params[name] for name in EXPONENTS if name in run.params), None)
        if exponent is not None:
            yield run, number_of(exponent)


def _loss_text(run: StoredRun, settings: dict[str, str]) -> str:
    """A loss with its correction, and with its other settings where the method's name fixes them."""
    parts = parts_of_run(run)
    label = plain_label(parts.loss_label)
    fixed = parts.loss.removeprefix(plain_part(parts.loss))
    shown = [f"{name} {value}" for name, value in settings.items() if name == LOG_Q or f"+{name}=" in fixed]
    return ", ".join((label, *shown))


def _n_points(family: ExponentFamily) -> int:
    return sum(len(curve.points) for curve in family.curves)
