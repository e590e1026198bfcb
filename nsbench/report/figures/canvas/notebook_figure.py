"""A figure that a notebook shows by itself, whether pyplot has been imported there or not."""

import io
from typing import final

from matplotlib.figure import Figure

_DPI = 110
"""As large as the words around it on most screens."""


@final
class NotebookFigure(Figure):
    """Matplotlib's figure, which IPython can ask for a picture."""

    def _repr_png_(self) -> bytes:
        from nsbench.report.figures.canvas.style import GROUND, drawing_style

        stream = io.BytesIO()
        with drawing_style():
            self.savefig(stream, format="png", dpi=_DPI, facecolor=GROUND)
        return stream.getvalue()
