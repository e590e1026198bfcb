"""The figure of replay: accuracy against training time for the paper's oversampling factors.

Source: paper, figure A1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from nsbench.report.figures.canvas.style import INK, Mark, drawing_style, legend_label, new_figure
from nsbench.report.selection import CUTOFF
from nsbench.report.summary import DatasetSummary
from nsbench.terms import ALL, RunKind, metric_name
from nsbench.tracking.stored_run import StoredRun

_WIDTH, _HEIGHT = 6.4, 3.8
_FACTOR = "replay_factor"
_ACCURACY = metric_name("test", ALL, "ndcg", CUTOFF)
_SECONDS = "cost/train_s"


@dataclass(frozen=True)
class ReplayPoint:
    """Runs of a method with the same factor.

    Attributes:
        label: The method's label.
        factor: The oversampling factor; 0: fresh negatives each step.
        train_s: Mean seconds of training.
        ndcg: Mean test NDCG, as a share.
        n_runs: Number of runs.
    """

    label: str
    factor: float
    train_s: float
    ndcg: float
    n_runs: int


def replay_points(summary: DatasetSummary, runs: Sequence[StoredRun]) -> list[ReplayPoint]:
    """Every method's factors where it was run with at least two and with the same other settings.

    Args:
        summary: Decides which preparation of the dataset and which protocol count.
        runs: All runs of the dataset.
    """
    groups: dict[tuple[str, frozenset[tuple[str, str]]], dict[float, list[StoredRun]]] = {}
    for run in runs:
        if _counts(run, summary):
            others = frozenset((name, value) for name, value in run.params.items() if name != _FACTOR)
            groups.setdefault((run.label, others), {}).setdefault(float(run.params[_FACTOR]), []).append(run)
    return [
        ReplayPoint(
            label,
            factor,
            float(np.mean([run.metric(_SECONDS) for run in same])),
            float(np.mean([run.metric(_ACCURACY) for run in same])),
            len(same),
        )
        for (label, _), by_factor in groups.items()
        if len(by_factor) > 1
        for factor, same in sorted(by_factor.items())
    ]


def replay_figure(points: Sequence[ReplayPoint], marks: Mapping[str, Mark]) -> Figure | None:
    """Test NDCG against seconds of training, one line per method, the factor at each point.

    Returns:
        None without points.
    """
    if not points:
        return None
    with drawing_style():
        figure = new_figure(_WIDTH, _HEIGHT)
        axes = figure.subplots()
        for label in dict.fromkeys(point.label for point in points):
            own = [point for point in points if point.label == label]
            # Fresh negatives are not one more factor, so no line leads to them.
            for joined, width in (
                ([point for point in own if point.factor], 0.8),
                ([p for p in own if not p.factor], 0.0),
            ):
                axes.plot(
                    [point.train_s for point in joined],
                    [100 * point.ndcg for point in joined],
                    color=marks[label].colour,
                    marker=marks[label].marker,
                    linewidth=width,
                    label=legend_label(label) if width else None,
                )
            for point in own:
                place = (point.train_s, 100 * point.ndcg)
                text = f"{point.factor:g}" if point.factor else "fresh"
                axes.annotate(text, place, xytext=(4, 4), textcoords="offset points", fontsize=8, color=INK)
        axes.margins(0.12)
        axes.set_xlabel("Training, seconds per run")
        axes.set_ylabel(f"NDCG at {CUTOFF}, %")
        axes.legend(loc="best")
    return figure


def _counts(run: StoredRun, summary: DatasetSummary) -> bool:
    selection = summary.selection
    return (
        run.kind in (RunKind.REPEAT, RunKind.SINGLE)
        and run.status == "FINISHED"
        and (run.dataset_hash, run.protocol) == (selection.dataset_hash, selection.protocol)
        and run.label in {row.method.label for row in summary.methods}
        and _FACTOR in run.params
        and {_SECONDS, _ACCURACY} <= run.metrics.keys()
    )
