"""Our cells beside the paper's, for datasets that the paper has too."""

import math

from nsbench.report.paper.published import (
    PAPER_TARGETS,
    SPREAD,
    PaperMatch,
    PublishedCell,
    PublishedComparison,
    paper_match,
    published_cells,
)
from nsbench.report.selection import Method
from nsbench.report.statistics.estimate import BALANCE, COHORT_GROUPS
from nsbench.report.summary import ACCURACY_METRICS, DatasetSummary
from nsbench.terms import ALL, Tag


def match_of(summary: DatasetSummary) -> PaperMatch | None:
    """Which of the paper's datasets ours is, if any; see `paper_match`."""
    return paper_match(summary.dataset, summary.card.origin if summary.card else None)


def compare_with_paper(summary: DatasetSummary) -> tuple[PublishedComparison, ...]:
    """Every cell that both have, by method, metric and group; empty for a dataset that the paper lacks."""
    match = match_of(summary)
    if match is None:
        return ()
    cells = published_cells(match.dataset)
    found = []
    for row in summary.methods:
        paper_name = _paper_name(row.method)
        for metric in ACCURACY_METRICS:
            for group in (*COHORT_GROUPS, BALANCE):
                ours = (row.balance(metric) if group == BALANCE else row.accuracy(metric, group)).mean
                cell = cells.get((paper_name, metric, group))
                if cell is not None and not math.isnan(ours):
                    within = is_within_spread(ours, cell)
                    found.append(PublishedComparison(row.method.label, paper_name, metric, group, ours, cell, within))
    return tuple(found)


def _paper_name(method: Method) -> str:
    """What the paper calls a method, if it has it: a baseline by the same label, samplers as their runs say."""
    return method.label if method.is_baseline else method.runs[0].tags.get(Tag.PAPER_NAME, "")


def is_within_spread(ours: float, published: PublishedCell) -> bool | None:
    """Whether a mean of ours is as near to the paper's as about 95 in 100 of its own runs.

    >>> is_within_spread(0.031, PublishedCell(0.02, 0.005, 20)), is_within_spread(0.029, PublishedCell(0.02, 0.005, 20))
    (False, True)
    """
    return None if math.isnan(published.sd) else abs(ours - published.mean) <= SPREAD * published.sd


def preparation_note(summary: DatasetSummary) -> str | None:
    """What to know before comparing with the paper: another number of test interactions is another preparation."""
    match = match_of(summary)
    if match is None or not summary.methods:
        return None
    theirs = PAPER_TARGETS[match.dataset]
    ours = summary.n_targets(ALL)
    if math.isnan(ours) or ours == theirs:
        return None
    return (
        f"The paper's runs were tested on {theirs:,} interactions of {match.dataset}, these on {ours:,.0f}: the log was "
        "prepared or evaluated differently, so the numbers need not agree."
    )
