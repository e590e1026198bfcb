"""The figures of a report once they are drawn. Free of matplotlib, which a report without figures need not load."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BIAS = "popularity_bias"
"""The kind of the figure of popularity bias, which has a section of its own."""


@dataclass(frozen=True)
class Drawing:
    """A drawn figure.

    Attributes:
        name: Its files' name without an ending; unlike any other figure's.
        title: A few words.
        caption: How to read it.
        svg: The picture.
        stacked: The same with its panels one above the other, for a phone; None where it has but one panel, or too many
            points to be in a page twice.
    """

    name: str
    title: str
    caption: str
    svg: str
    stacked: str | None = None


@dataclass(frozen=True)
class Gallery:
    """The drawn figures of a report.

    Attributes:
        shared: Those of all datasets together, by their kind.
        by_dataset: Those of each dataset, by its name and then by their kind, such as "repeats".
        files: What was written, each PNG followed by its SVG; empty where none was wanted.
    """

    shared: Mapping[str, Drawing]
    by_dataset: Mapping[str, Mapping[str, Drawing]]
    files: tuple[Path, ...]

    def of(self, dataset: str, *kinds: str) -> tuple[Drawing, ...]:
        """A dataset's figures of these kinds, as far as there are any."""
        drawn = self.by_dataset.get(dataset, {})
        return tuple(drawn[kind] for kind in kinds if kind in drawn)


NO_FIGURES = Gallery({}, {}, ())
