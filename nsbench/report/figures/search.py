"""The figure of the search: what the search maximised, of every trial, against learning rate and against each count of negatives.

Source: paper, figure 5, with one more panel for each count of negatives and with every trial as a point.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nsbench.evaluation.metrics import METRICS
from nsbench.report.figures.canvas.log_axis import plain_log_ticks
from nsbench.report.figures.canvas.style import (
    GROUND,
    STACKED_LEGEND_COLUMNS,
    STACKED_WIDTH,
    Mark,
    drawing_style,
    legend_label,
    new_figure,
)
from nsbench.report.figures.training_curve import VALID_NDCG
from nsbench.report.formats.plain_text import plain_text
from nsbench.report.run_check import number_of
from nsbench.terms import OBJECTIVE_TAG, RunKind
from nsbench.tracking.stored_run import StoredRun

_WIDTH, _ROW_HEIGHT, _COLUMNS, _LEGEND_COLUMNS = 9.0, 3.1, 2, 6
_STACKED_ROW_HEIGHT = 2.7
_FEWEST_PARTS, _MOST_PARTS, _TRIALS_PER_PART = 3, 5, 3
_TITLES = {
    "learning_rate": "Learning rate",
    "n_negatives": "Negatives per positive",
    "n_in_batch": "In-batch negatives per positive",
    "n_uniform": "Uniform negatives per positive",
    "n_hardest": "Negatives kept (the hardest)",
    "n_nearest": "Negatives kept (the nearest)",
    "n_resampled": "Negatives kept (drawn again)",
}
_MODEL_COUNTS = frozenset({"n_blocks", "n_heads"})


def search_figure(runs: Sequence[StoredRun], marks: Mapping[str, Mark], *, stacked: bool = False) -> Figure | None:
    """One panel per searched setting; solid points are finished trials, hollow ones were pruned; lines join the best ones.

    Args:
        runs: Runs on one preparation of a dataset.
        marks: How each method is drawn, by label; trials of others are left out.
        stacked: Whether the panels stand one above the other, for a phone.

    Returns:
        None where no trial's setting varies.
    """
    objective = searched_objective(runs)
    trials = [
        run
        for run in runs
        if run.kind is RunKind.TRIAL
        and run.label in marks
        and math.isfinite(run.metric(objective))
        and (run.status == "FINISHED" or run.is_pruned)
    ]
    names = searched_settings(trials)
    if not names:
        return None
    n_columns = 1 if stacked else _COLUMNS
    n_rows = math.ceil(len(names) / n_columns)
    with drawing_style():
        height = n_rows * (_STACKED_ROW_HEIGHT if stacked else _ROW_HEIGHT) + 0.4
        figure = new_figure(STACKED_WIDTH if stacked else _WIDTH, height)
        grid = figure.subplots(n_rows, n_columns, squeeze=False, sharey=True).ravel()
        # The last row may have a place without a panel.
        for axes, name in zip(grid, names, strict=False):
            _draw_panel(axes, name, trials, marks, objective)
        for axes in grid[len(names) :]:
            axes.set_axis_off()
        for row in range(n_rows):
            grid[row * n_columns].set_ylabel(f"{objective_title(objective)}, %")
        handles = {
            label: handle for axes in grid for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        n_columns = min(len(handles), STACKED_LEGEND_COLUMNS if stacked else _LEGEND_COLUMNS)
        figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=max(1, n_columns))
    return figure


def searched_settings(trials: Sequence[StoredRun]) -> list[str]:
    """Learning rate and counts of negatives that differ between some sampler's trials, the learning rate first."""
    # A logarithmic axis can't show 0, so 0 and one other value are not worth a panel.
    varied = {
        name
        for label in {run.label for run in trials}
        for name in {name for run in trials if run.label == label for name in run.params}
        if len(
            {number_of(run.params.get(name, "")) for run in trials if run.label == label and name in run.params} - {0}
        )
        > 1
    }
    counts = sorted(name for name in varied if name.startswith("n_") and name not in _MODEL_COUNTS)
    return [*(["learning_rate"] if "learning_rate" in varied else []), *counts]


def searched_objective(runs: Sequence[StoredRun]) -> str:
    """What all studies of some runs maximised; NDCG where they differ or did not record it."""
    recorded = {run.tags.get(OBJECTIVE_TAG, "") for run in runs if run.kind is RunKind.STUDY}
    (objective, *others) = recorded or {""}
    return objective if objective and not others else VALID_NDCG


def objective_title(objective: str) -> str:
    """A validation metric in words.

    >>> objective_title("valid/all/hit_rate_at_10"), objective_title("valid/tail/ndcg_at_5")
    ('Validation hit rate at 10', 'Validation tail NDCG at 5')
    """
    words = objective.replace("valid/", "validation ").replace("all/", "").replace("/", " ").replace("_", " ")
    for name, metric in METRICS.items():
        words = words.replace(name.replace("_", " "), metric.in_sentence)
    return plain_text(f"{words[:1].upper()}{words[1:]}", 60)


def _draw_panel(axes: Axes, name: str, trials: Sequence[StoredRun], marks: Mapping[str, Mark], objective: str) -> None:
    axes.set_xscale("log")
    axes.set_xlabel(_TITLES.get(name, name))
    for label, mark in marks.items():
        # A logarithmic axis holds only numbers above 0.
        own = [run for run in trials if run.label == label and number_of(run.params.get(name, "")) > 0]
        if len({run.params[name] for run in own}) < 2:
            continue
        settings = np.array([number_of(run.params[name]) for run in own])
        values = np.array([100 * run.metric(objective) for run in own])
        pruned = np.array([run.is_pruned for run in own])
        axes.plot(*_envelope(settings[~pruned], values[~pruned]), color=mark.colour, linewidth=1, alpha=0.7, zorder=1)
        for wanted, fill in ((~pruned, mark.colour), (pruned, GROUND)):
            axes.plot(
                settings[wanted],
                values[wanted],
                linestyle="none",
                marker=mark.marker,
                markersize=4.5,
                color=mark.colour,
                markerfacecolor=fill,
                alpha=0.85,
                label=legend_label(label) if fill == mark.colour else None,
            )
    plain_log_ticks(axes.xaxis)


def _envelope(
    settings: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The best trial of each of at most five equal parts of the range, on its logarithmic axis.

    Empty below three parts of three trials each on average: the best of a single trial means nothing.
    """
    n_parts = min(_MOST_PARTS, len(settings) // _TRIALS_PER_PART)
    if n_parts < _FEWEST_PARTS:
        return settings[:0], values[:0]
    logs = np.log(settings)
    parts = np.minimum((n_parts * (logs - logs.min()) / max(np.ptp(logs), 1e-9)).astype(int), n_parts - 1)
    best = [int(np.flatnonzero(parts == part)[np.argmax(values[parts == part])]) for part in np.unique(parts)]
    order = sorted(best, key=lambda index: settings[index])
    return settings[order], values[order]
