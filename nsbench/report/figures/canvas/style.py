"""How figures look: colours that the colour-blind can tell apart, and one marker per method for prints without colour.

A page shows the same drawing on a light and on a dark ground: `page_svg` puts a CSS variable in the place of every
colour in `ON_DARK`, and the page gives the variables their values.
"""

import io
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nsbench.report.summary import DatasetSummary

if TYPE_CHECKING:  # The page needs the colours, and half a second of matplotlib only where a figure is drawn.
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PNG_DPI = 200
"""Sharp in print at the size that figures have."""

STACKED_WIDTH = 5.0
"""Inches of a figure whose panels stand one above the other: on a phone, 9 points of it are some 8 pixels."""

STACKED_LEGEND_COLUMNS = 3
"""Columns of the legend under such a figure."""

INK = "#1a1a1a"
"""Text, axes and baselines."""

FAINT = "#6e6e6e"
"""Leader lines and explanations."""

GRID = "#e6e6e6"
"""Grid lines."""

BAND = "#d0d0d0"
"""What lies behind points, such as the span between them."""

GROUND = "#ffffff"
"""What is drawn on."""

COHORT_COLOURS = {"head": "#0072B2", "mid": "#E69F00", "tail": "#009E73", "cold": "#CC79A7"}
"""One colour per cohort. Source: Okabe and Ito, "Color universal design", 2008."""

COHORT_MARKERS = {"head": "o", "mid": "s", "tail": "^", "cold": "D"}
"""One marker per cohort, for prints without colour."""

ON_DARK = {
    GROUND: "#1b1e24",
    INK: "#e8e8ea",
    FAINT: "#a6abb4",
    GRID: "#343840",
    BAND: "#4a4f58",
    "#0072b2": "#4db1e8",
    "#d55e00": "#ff8a3d",
    "#009e73": "#2fcb9f",
    "#cc79a7": "#e29ac3",
    "#e69f00": "#f2b632",
    "#56b4e9": "#9ad4f5",
    "#7a5195": "#b794d4",
    "#4d4d4d": "#b9bcc2",
}
"""For every colour of a figure the one that is as visible on a dark ground."""

COHORT_HATCHES = {"head": "///", "mid": "", "tail": "\\\\\\", "cold": "xx"}
"""One hatch per cohort, for areas in prints without colour."""

LINE_STYLES = ("-", "--", ":", "-.", (0, (5, 1, 1, 1, 1, 1)))
"""Lines that can be told apart without colour."""

_PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5195", "#4D4D4D")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")

_FONT_LIST = re.compile(r"('DejaVu Sans')[^;\"<>]*(?=[;\"])")
"""Matplotlib names eleven fonts in every word's style."""

_PATH = re.compile(r'\sd="[^"]*"')
_DECIMALS = re.compile(r"(\.\d\d)\d+")
"""A hundredth of a point is as exact as a path need be; the other four digits are a third of the file."""


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


def marks_of_methods(summaries: Sequence[DatasetSummary]) -> dict[str, Mark]:
    """A mark for every method of some datasets, by its label: the same one in all figures."""
    methods = [row.method for summary in summaries for row in summary.methods]
    labels = list(dict.fromkeys(method.label for method in methods))
    return marks_of(labels, [method.label for method in methods if method.is_baseline])


def series_colour(number: int) -> str:
    """The colour of a figure's line by its number; colours repeat after eight."""
    return _PALETTE[number % len(_PALETTE)].lower()


def side_by_side(n: int) -> NDArray[np.float64]:
    """Shifts of at most .28 that keep n points of a row apart, without chance in them.

    >>> side_by_side(3).round(2).tolist()
    [-0.28, 0.0, 0.28]
    """
    return np.linspace(-0.28, 0.28, n) if n > 1 else np.zeros(n)


def name_rows(axes: "Axes", labels: Sequence[str]) -> None:
    """Names the rows of a figure that has one row per method, the first on top."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)


def legend_label(label: str) -> str:
    """A label as legends show it: matplotlib leaves those out that begin with an underscore."""
    return f"\u200a{label}" if label.startswith("_") else label


@contextmanager
def drawing_style() -> Iterator[None]:
    """Matplotlib's settings for all figures, for as long as the context lasts.

    Letters that its font lacks are boxes in a PNG, but a page and an SVG show them, so matplotlib's warning is ignored.
    """
    from matplotlib import rc_context

    with (
        warnings.catch_warnings(),
        rc_context(
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
                "grid.color": GRID,
                "grid.linewidth": 0.6,
                "axes.axisbelow": True,
                "axes.facecolor": GROUND,
                "legend.frameon": False,
                "legend.fontsize": 8,
                "svg.hashsalt": "nsbench",
                # Words stay words: they can be found and copied, and a page holds a tenth of the bytes.
                "svg.fonttype": "none",
                "font.family": "sans-serif",
                # A dollar in a label is a dollar.
                "text.parse_math": False,
            }
        ),
    ):
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def panel_grid(n_panels: int, *, stacked: bool) -> tuple[int, int]:
    """Rows and columns of panels that stand side by side, or one above the other.

    >>> panel_grid(2, stacked=False), panel_grid(2, stacked=True)
    ((1, 2), (2, 1))
    """
    return (n_panels, 1) if stacked else (1, n_panels)


def new_figure(width: float, height: float) -> "Figure":
    """A figure of a size in inches that lays its panels out by itself; needs no screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from nsbench.report.figures.canvas.notebook_figure import NotebookFigure

    figure = NotebookFigure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def settle(figure: "Figure") -> None:
    """Lays a figure out once; otherwise that is done again for every file, which takes longer than drawing."""
    engine = figure.get_layout_engine()
    if engine is not None:
        with drawing_style():
            engine.execute(figure)
        figure.set_layout_engine()


def svg_text(figure: "Figure") -> str:
    """The figure as SVG; the same figure gives the same text."""
    stream = io.StringIO()
    with drawing_style():
        figure.savefig(stream, format="svg", facecolor=GROUND, metadata={"Date": None})
    svg = _FONT_LIST.sub(r"\1, Verdana, sans-serif", stream.getvalue())
    return _PATH.sub(lambda path: _DECIMALS.sub(r"\1", path[0]), svg)


def save_png(figure: "Figure", path: Path) -> None:
    """Writes the figure as PNG; the same figure gives the same bytes."""
    with drawing_style():
        figure.savefig(path, dpi=PNG_DPI, facecolor=GROUND)
