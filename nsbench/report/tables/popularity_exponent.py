"""Popularity exponent by logQ correction as a table: the hit rate of head, mid and tail under each."""

from nsbench.report.summary import METRIC_TITLES, DatasetSummary
from nsbench.report.sweep.popularity_exponent import (
    EXPONENT_GROUPS,
    ExponentFamily,
    exponent_families,
    has_exponents,
)
from nsbench.report.sweep.setting_group import n_cut_off
from nsbench.report.tables.evidence import GROUP_TITLES
from nsbench.report.tables.negative_count import spread_text
from nsbench.report.tables.number_text import number
from nsbench.report.tables.table import ReportTable, numbers, table_of, words

_WORDS = (
    "Negatives are drawn by popularity to the power of the exponent: 0 draws all items alike, 1 by popularity, -1 rare items "
    "more often. Uncorrected, a softmax learns scores less the log of how often an item is drawn, so that a higher exponent "
    "pushes popular items down; corrected, it should hardly matter. With negatives drawn independently, classic and "
    "corrected are the same. Runs of a table differ in exponent and loss alone. Intervals are over repeats and hold 95 %."
)


def exponent_words(summary: DatasetSummary) -> tuple[str, ...]:
    """How to read the tables, or which command fills them; empty where no repeat drew by popularity."""
    if exponent_families(summary):
        return (_WORDS,)
    if not has_exponents(summary):
        return ()
    return (
        "Not enough data: no two repeats by popularity differ in exponent and loss alone. "
        f"`nsbench repeat --dataset {summary.dataset} --sampler popularity+softmax --sweep gamma=0,0.5,1 --sweep "
        "log_q=none,classic,corrected` makes them.",
    )


def exponent_tables(summary: DatasetSummary) -> list[ReportTable]:
    """A table for each family of repeats that are alike but for exponent and loss."""
    return [_table(summary, family, number) for number, family in enumerate(exponent_families(summary), 1)]


def _table(summary: DatasetSummary, family: ExponentFamily, place: int) -> ReportTable:
    rows = [(curve.loss, point) for curve in family.curves for point in curve.points]
    cut_off = [n_cut_off(point.runs) for _, point in rows]
    columns = [
        words("Loss", [loss for loss, _ in rows]),
        numbers("Exponent", [point.exponent for _, point in rows], _exponent_text),
        numbers("Runs", [len(point.runs) for _, point in rows]),
        *([numbers("Cut off", cut_off)] if any(cut_off) else []),
        *(
            numbers(GROUP_TITLES[group], [point.hit_rates[group] for _, point in rows], spread_text)
            for group in EXPONENT_GROUPS
        ),
    ]
    other = "" if place == 1 else f", other settings {place}"
    title = f"{METRIC_TITLES['hit_rate']} by popularity exponent and loss on {summary.dataset}, %{other}"
    return table_of(title, columns)


def _exponent_text(value: float) -> str:
    return number(value, "g")
