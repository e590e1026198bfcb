"""Figures of how popularity is distributed over items: the cohorts on a dataset's curve, and the curves of all datasets.

Source: paper, figures 2 and 3. Both are drawn from the dataset's card, so the dataset itself need not exist any more.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nsbench.data.dataset import Popularity
from nsbench.report.figures.canvas.log_axis import power_log_ticks
from nsbench.report.figures.canvas.style import (
    COHORT_COLOURS,
    COHORT_HATCHES,
    INK,
    LINE_STYLES,
    drawing_style,
    legend_label,
    new_figure,
    series_colour,
)
from nsbench.report.summary import DatasetSummary
from nsbench.terms import BALANCED_COHORTS

_WIDTH, _HEIGHT = 6.4, 3.6


def popularity_cohort_figure(summary: DatasetSummary) -> Figure | None:
    """Training interactions of each item by popularity rank, with head, mid and tail marked on it.

    Returns:
        None where the dataset's card lacks them.
    """
    popularity = _popularity(summary)
    if popularity is None:
        return None
    ranks, counts = _curve(popularity)
    with drawing_style():
        figure = new_figure(_WIDTH, _HEIGHT)
        axes = figure.subplots()
        axes.set_xscale("log")
        axes.set_yscale("log")
        power_log_ticks(axes.xaxis)
        power_log_ticks(axes.yaxis)
        # The cohorts' names need room above the curve.
        axes.set_ylim(max(0.5, counts.min() * 0.8), counts.max() * 4)
        # A logarithmic axis needs two different ends, even for a catalogue of one item.
        axes.set_xlim(1, max(ranks.max(), 2) * 1.02)
        first = 1.0
        for cohort in BALANCED_COHORTS:
            first = _draw_cohort(axes, popularity, cohort.label, first)
        axes.plot(ranks, counts, color=INK, linewidth=1.6, drawstyle="steps-post")
        axes.set_xlabel("Items by falling popularity; number and share of items in each cohort")
        axes.set_ylabel("Training interactions of the item")
    return figure


def popularity_figure(summaries: Sequence[DatasetSummary]) -> Figure | None:
    """Each item's share of the training interactions against its place in the catalogue, one line per dataset.

    Returns:
        None where no card has them.
    """
    known = [(summary.dataset, popularity) for summary in summaries if (popularity := _popularity(summary)) is not None]
    if not known:
        return None
    with drawing_style():
        figure = new_figure(_WIDTH, _HEIGHT)
        axes = figure.subplots()
        for number, (name, popularity) in enumerate(known):
            ranks, counts = _curve(popularity)
            axes.plot(
                100 * ranks / ranks[-1],
                100 * counts / popularity.n_cumulative[-1],
                color=series_colour(number),
                linestyle=LINE_STYLES[number % len(LINE_STYLES)],
                linewidth=1.8,
                label=legend_label(name),
            )
        axes.set_yscale("log")
        power_log_ticks(axes.yaxis)
        axes.set_xlim(0, 100)
        axes.set_xlabel("Items seen in training, by falling popularity, %")
        axes.set_ylabel("Share of the training interactions, %")
        axes.legend(loc="upper right")
    return figure


def _popularity(summary: DatasetSummary) -> Popularity | None:
    popularity = summary.card.popularity if summary.card else None
    return popularity if popularity is not None and popularity.item_ranks else None


def _curve(popularity: Popularity) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.array(popularity.item_ranks, dtype=float), np.array(popularity.n_interactions, dtype=float)


def _draw_cohort(axes: Axes, popularity: Popularity, label: str, first: float) -> float:
    """Fills a cohort's part of the curve and returns the rank at which the next one begins."""
    part = popularity.cohorts[label]
    if part.n_items == 0:
        return first
    end = first + part.n_items
    ranks, counts = _curve(popularity)
    places = np.unique(np.concatenate([[first], ranks[(ranks > first) & (ranks < end)], [end]]))
    # The count of a rank between two points of the thinned curve is that of the point before it.
    heights = counts[np.searchsorted(ranks, np.minimum(places, ranks[-1]), side="right") - 1]
    axes.fill_between(
        places,
        heights,
        axes.get_ylim()[0],
        step="post",
        color=COHORT_COLOURS[label],
        alpha=0.45,
        linewidth=0,
        hatch=COHORT_HATCHES[label],
    )
    axes.axvline(end, color=INK, linewidth=0.7, linestyle=":")
    axes.text(
        float(np.sqrt(first * end)),
        0.97,
        f"{label}\n{part.n_items:,}\n{100 * part.item_share:.1f} %",
        transform=axes.get_xaxis_transform(),
        ha="center",
        va="top",
        fontsize=8,
        color=INK,
    )
    return float(end)
