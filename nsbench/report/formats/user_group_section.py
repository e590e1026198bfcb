"""The section on groups of users: whom methods serve."""

from nsbench.report.figures.canvas.gallery import Gallery
from nsbench.report.formats.document import Section
from nsbench.report.summary import DatasetSummary
from nsbench.report.user_groups.group_table import group_tables
from nsbench.report.user_groups.group_text import GROUP_WORDS, all_group_sentences


def user_group_section(summary: DatasetSummary, gallery: Gallery, place: str) -> Section:
    """Sentences, figure and tables by users' activity and taste; why there are none; or empty where none were asked for.

    Args:
        summary: The dataset's summary.
        gallery: The drawn figures.
        place: The anchor of the dataset's section.
    """
    note = (summary.user_groups_note,) if summary.user_groups_note else ()
    return Section(
        f"users-{place}",
        "Light and heavy users, niche and blockbuster taste",
        words=GROUP_WORDS if summary.user_groups else note,
        points=tuple(all_group_sentences(summary)),
        drawings=gallery.of(summary.dataset, "user_groups"),
        tables=group_tables(summary),
    )
