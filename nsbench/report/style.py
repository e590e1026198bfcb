"""How figures look: colours that the colour-blind can tell apart, and a marker a method for prints without colour."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

PNG_DPI = 200
"""Sharp in print at the size that figures have."""

INK = "#1a1a1a"
"""Text, axes and baselines."""

FAINT = "#8c8c8c"
"""Grid, leader lines, and what explains rather than shows."""

COHORT_COLOURS = {"head": "#0072B2", "mid": "#E69F00", "tail": "#009E73", "cold": "#CC79A7"}
"""One colour a cohort. Source: Okabe and Ito, "Color universal design", 2008."""

COHORT_MARKERS = {"head": "o", "mid": "s", "tail": "^", "cold": "D"}
"""One marker a cohort, for prints without colour."""

_PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5195", "#4D4D4D")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")


@dataclass(frozen=True)
class Mark:
    """A method's colour and marker."""

    colour: str
    marker: str
    is_hollow: bool


def marks_of(labels: Sequence[str], baselines: Sequence[str]) -> dict[str, Mark]:
    """A mark for every method, the same in all panels; baselines are hollow and black.

    More methods than colours use a colour twice, with another marker.
    """
    samplers = [label for label in labels if label not in baselines]
    marks = {
        label: Mark(_PALETTE[i % len(_PALETTE)], _MARKERS[i % len(_MARKERS)], is_hollow=False)
        for i, label in enumerate(samplers)
    }
    hollow = [label for label in labels if label in baselines]
    return marks | {label: Mark(INK, _MARKERS[i % len(_MARKERS)], is_hollow=True) for i, label in enumerate(hollow)}


@contextmanager
def drawing_style() -> Iterator[None]:
    """Matplotlib's settings for all figures, for as long as the context lasts."""
    with rc_context(
        {
            "font.size": 9,
            "axes.edgecolor": INK,
            "axes.labelcolor": INK,
            "text.color": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": "#e6e6e6",
            "grid.linewidth": 0.6,
            "axes.axisbelow": True,
            "svg.hashsalt": "nsbench",
        }
    ):
        yield


def new_figure(width: float, height: float) -> Figure:
    """A figure of that many inches that lays its panels out by itself; needs no screen."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, folder: Path, name: str) -> tuple[Path, Path]:
    """Writes `name`.png and `name`.svg; the same figure gives the same bytes."""
    png, svg = folder / f"{name}.png", folder / f"{name}.svg"
    with drawing_style():
        figure.savefig(png, dpi=PNG_DPI, facecolor="white")
        figure.savefig(svg, facecolor="white", metadata={"Date": None})
    return png, svg
