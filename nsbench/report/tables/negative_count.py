"""Dose and response as a table: hit rate and NDCG of every method by its number of negatives."""

from collections.abc import Sequence

from nsbench.report.method_parts import noun_of
from nsbench.report.statistics.estimate import Interval
from nsbench.report.statistics.t_test import mean_interval
from nsbench.report.summary import METRIC_TITLES, DatasetSummary, Estimate
from nsbench.report.sweep.negative_count import DoseCurve, DosePoint, dose_curves, dose_difference, methods_of_one_count
from nsbench.report.sweep.setting_group import n_cut_off
from nsbench.report.tables.evidence import interval_text
from nsbench.report.tables.number_text import listed, percent, points
from nsbench.report.tables.table import ReportTable, numbers, table_of, words
from nsbench.terms import RunKind

_MANY = 8
"""Methods that a sentence names; of more only the number is said."""

_WORDS = (
    "Runs that are alike in everything but the number of negatives proposed for each positive, with 95 % intervals over repeats; "
    "one run has none. Trials of studies rank validation interactions, so their numbers can't be compared with those of repeats."
)


def negative_count_words(summary: DatasetSummary) -> tuple[str, ...]:
    """How to read the table and what it shows, and which methods have too few numbers of negatives; empty without methods."""
    curves, missing = dose_curves(summary), methods_of_one_count(summary)
    return (
        *((_WORDS,) if curves else ()),
        *((" ".join(_finding(curve) for curve in curves),) if curves else ()),
        *((_not_enough(summary, missing),) if missing else ()),
    )


def negative_count_table(summary: DatasetSummary) -> ReportTable | None:
    """One row per method and number; None where no method was run with two numbers."""
    curves = dose_curves(summary)
    if not curves:
        return None
    rows = [(curve, point) for curve in curves for point in curve.points]
    cut_off = [n_cut_off(point.runs) for _, point in rows]
    columns = [
        words("Method", [curve.label for curve, _ in rows]),
        words("Measured in", [_kind_text(curve) for curve, _ in rows]),
        numbers("Negatives", [point.n_negatives for _, point in rows], "{:,}".format),
        numbers("Runs", [len(point.runs) for _, point in rows]),
        *([numbers("Cut off", cut_off)] if any(cut_off) else []),
        numbers(f"{METRIC_TITLES['hit_rate']}, %", [point.hit_rate for _, point in rows], spread_text),
        numbers(f"{METRIC_TITLES['ndcg']}, %", [point.ndcg for _, point in rows], spread_text),
        words("Hit rate against the fewest", [_gain(curve, point) for curve, point in rows]),
    ]
    return table_of(f"Accuracy by number of negatives on {summary.dataset}", columns)


def spread_text(estimate: Estimate) -> str:
    """A mean over repeats with its interval, in percent.

    >>> spread_text(Estimate((0.01, 0.02, 0.03), 3)), spread_text(Estimate((0.01,), 1))
    ('2.00 [0.00, 4.48]', '1.00')
    """
    found = mean_interval(estimate.values, is_constant=False)
    if not found.is_defined:
        return percent(estimate.mean)
    return f"{percent(estimate.mean)} {interval_text(Interval(max(0.0, found.low), min(1.0, found.high)))}"


def _kind_text(curve: DoseCurve) -> str:
    return "test" if curve.kind is RunKind.REPEAT else "validation (trials)"


def _gain(curve: DoseCurve, point: DosePoint) -> str:
    fewest = curve.points[0]
    return "" if point is fewest else _difference_text(point, fewest)


def _difference_text(a: DosePoint, b: DosePoint) -> str:
    difference, interval = dose_difference(a, b)
    return f"{points(difference)} {interval_text(interval)}" if interval.is_defined else points(difference)


def _finding(curve: DoseCurve) -> str:
    """What a curve shows, in a sentence."""
    fewest, best, most = curve.points[0], curve.best, curve.points[-1]
    label = curve.label if curve.kind is RunKind.REPEAT else f"{curve.label} in trials"
    is_cut_off = any(n_cut_off(point.runs) for point in curve.points)
    hedge = "; runs were cut off, so that may change" if is_cut_off else ""
    if best is most:
        unsure = "" if _is_above(best, fewest) else f", which these runs can't tell from {fewest.n_negatives:,}"
        return f"{label}: highest with {best.n_negatives:,}, the most that was tried{unsure}{hedge}."
    if _is_above(best, most):
        less = f"{most.n_negatives:,} reach less, by {_difference_text(most, best)} percent points"
        return f"{label}: highest with {best.n_negatives:,}; {less}{hedge}."
    unsure = f"which these runs can't tell from {most.n_negatives:,}, the most that was tried"
    return f"{label}: highest with {best.n_negatives:,}, {unsure}{hedge}."


def _is_above(a: DosePoint, b: DosePoint) -> bool:
    """Whether the interval of the difference is above 0."""
    _, interval = dose_difference(a, b)
    return interval.is_defined and interval.low > 0


def _not_enough(summary: DatasetSummary, labels: Sequence[str]) -> str:
    named = listed(labels) if len(labels) <= _MANY else f"{len(labels)} {noun_of(summary)}s"
    return (
        f"Not enough data on {named}: run with one number of negatives only. `nsbench repeat --dataset {summary.dataset} "
        "--sampler NAME --sweep n_negatives=10,100,1000` repeats others."
    )
