"""The sections on what one setting does, all else alike: number of negatives, popularity exponent with logQ, the log's bias."""

from collections.abc import Sequence

from nsbench.report.figures.canvas.gallery import BIAS, Gallery
from nsbench.report.formats.document import Section
from nsbench.report.summary import DatasetSummary
from nsbench.report.tables.negative_count import negative_count_table, negative_count_words
from nsbench.report.tables.popularity_bias import bias_tables, bias_words
from nsbench.report.tables.popularity_exponent import exponent_tables, exponent_words


def bias_section(summaries: Sequence[DatasetSummary], gallery: Gallery) -> Section:
    """Who finds what users want, on generated logs that differ in their popularity bias; empty where there are none."""
    return Section(
        "popularity-bias",
        "Who finds what users want",
        words=bias_words(summaries),
        drawings=(gallery.shared[BIAS],) if BIAS in gallery.shared else (),
        tables=bias_tables(summaries),
    )


def sweep_sections(summary: DatasetSummary, gallery: Gallery, place: str) -> tuple[Section, ...]:
    """Both; empty ones where nothing was swept.

    Args:
        summary: The dataset's summary.
        gallery: The drawn figures.
        place: The anchor of the dataset's section.
    """
    counts = negative_count_table(summary)
    return (
        Section(
            f"negatives-{place}",
            "Number of negatives",
            words=negative_count_words(summary),
            drawings=gallery.of(summary.dataset, "negative_count"),
            tables=() if counts is None else (counts,),
        ),
        Section(
            f"exponents-{place}",
            "Popularity exponent and log Q",
            words=exponent_words(summary),
            drawings=gallery.of(summary.dataset, "popularity_exponent"),
            tables=tuple(exponent_tables(summary)),
        ),
    )
