"""Puts a report together: which sections it has, and which words, tables and figures stand in each."""

from collections.abc import Sequence
from datetime import datetime

from nsbench.report.answer.answer import answer
from nsbench.report.answer.reading_guide import READING_GUIDE
from nsbench.report.answer.single_run import single_run_table
from nsbench.report.figures.canvas.gallery import BIAS, Gallery
from nsbench.report.formats.description import description
from nsbench.report.formats.document import DatasetAnswer, Document, Section, anchor
from nsbench.report.formats.sweep_sections import bias_section, sweep_sections
from nsbench.report.formats.user_group_section import user_group_section
from nsbench.report.ladder.table import ladder_tables
from nsbench.report.ladder.words import ladder_kinds, ladder_words
from nsbench.report.method_parts import noun_of
from nsbench.report.pairing_grid import pairing_grids, pairing_kind
from nsbench.report.paper.comparison import match_of, preparation_note
from nsbench.report.protocols.protocol_table import PROTOCOL_WORDS, protocol_tables
from nsbench.report.statistics.estimate import BALANCE
from nsbench.report.summary import ACCURACY_METRICS, DatasetSummary
from nsbench.report.tables.evidence import (
    claim_table,
    cost_note,
    cost_table,
    difference_table,
    interval_table,
    loss_claim_table,
    published_table,
)
from nsbench.report.tables.explicit_negative import explicit_negative_table
from nsbench.report.tables.exposure import exposure_table
from nsbench.report.tables.glance import glance_table
from nsbench.report.tables.overview import overview_table
from nsbench.report.tables.properties import (
    cards_without_popularity,
    popularity_table,
    sampler_table,
    size_table,
)
from nsbench.report.tables.result import other_metric_tables, result_tables
from nsbench.report.tables.run_counts import run_count_tables
from nsbench.report.tables.settings import command_table, settings_table
from nsbench.report.tables.table import ReportTable
from nsbench.report.tables.tie_order import tie_order_tables
from nsbench.report.tables.yardstick import yardstick_tables, yardstick_words
from nsbench.terms import ALL

PAPER_ADDRESS = "https://arxiv.org/abs/2410.17276"
"""Where the paper is."""

_PAPER = (
    "From section 5.2 of Prakash et al., Evaluating Performance and Bias of Negative Sampling in Large-Scale Sequential "
    f"Recommendation Models, {PAPER_ADDRESS}."
)

_PER_LOSS = (
    "Verdict and evidence are of the paper's loss, BCE. Each loss that has repeats of the samplers that a claim is about is "
    "judged by itself, with SASRec and samplers of which nothing is fixed."
)

_SETTINGS = (
    "Epochs are means over repeats, with the smallest and the largest number. The commands write out every setting, so that "
    "they give the same repeats whatever a study or later defaults say.",
)


def compose(summaries: Sequence[DatasetSummary], gallery: Gallery, location: str, written: datetime) -> Document:
    """The whole report.

    Args:
        summaries: One per dataset.
        gallery: The drawn figures; without any, the document has none.
        location: The store that the runs are in.
        written: When the report is made.
    """
    tables = protocol_tables(summaries)
    sections = [
        Section("all-datasets", "All datasets in one table", tables=_overview(summaries)),
        Section("equal-times", "Order of equal times", tables=tuple(tie_order_tables(summaries))),
        bias_section(summaries, gallery),
        *(_dataset_section(summary, gallery) for summary in summaries),
        Section(
            "protocols", "Do protocols rank the methods alike?", words=PROTOCOL_WORDS if tables else (), tables=tables
        ),
        Section(
            "datasets",
            "The datasets",
            points=tuple(cards_without_popularity(summaries)),
            drawings=tuple(drawing for kind, drawing in gallery.shared.items() if kind != BIAS),
            tables=_present(size_table(summaries), popularity_table(summaries)),
        ),
        Section("samplers", "The samplers", tables=_present(sampler_table(summaries))),
        Section("how-to-read", "How to read this", points=READING_GUIDE),
        Section(
            "runs",
            "What became of the runs",
            tables=_present(*(table for summary in summaries for table in _run_tables(summary))),
        ),
    ]
    return Document(
        _title(summaries),
        written,
        location,
        glance_table(summaries),
        tuple(DatasetAnswer(summary.dataset, _anchor(summary), tuple(answer(summary))) for summary in summaries),
        tuple(section for section in sections if not section.is_empty),
        tuple(drawing for summary in summaries for drawing in gallery.of(summary.dataset, "accuracy_balance")),
    )


def _title(summaries: Sequence[DatasetSummary]) -> str:
    what = "Negative samplers" if all(noun_of(summary) == "sampler" for summary in summaries) else "Training methods"
    return f"{what} compared: {', '.join(summary.dataset for summary in summaries)}"


def _overview(summaries: Sequence[DatasetSummary]) -> tuple[ReportTable, ...]:
    """All datasets side by side; for a single one its own tables show the same."""
    return _present(overview_table(summaries)) if len(summaries) > 1 else ()


def _dataset_section(summary: DatasetSummary, gallery: Gallery) -> Section:
    parts = (*_results(summary, gallery), *_by_cohort(summary, gallery), *_background(summary, gallery))
    shown = tuple(part for part in parts if not part.is_empty)
    return Section(_anchor(summary), summary.dataset, (description(summary),), sections=shown)


def _results(summary: DatasetSummary, gallery: Gallery) -> tuple[Section, ...]:
    """What methods reach, with which settings, and what of that is decided."""
    name, place = summary.dataset, _anchor(summary)
    return (
        Section(
            f"results-{place}",
            "Accuracy and balance",
            tables=tuple(result_tables(summary)),
            drawings=gallery.of(name, *map(pairing_kind, pairing_grids(summary)), "repeats"),
        ),
        Section(
            f"settings-{place}",
            "Chosen settings",
            words=_SETTINGS if settings_table(summary) else (),
            tables=_present(settings_table(summary), command_table(summary)),
        ),
        Section(
            f"differences-{place}",
            "Significant differences",
            points=summary.statistics.notes,
            drawings=gallery.of(name, "differences"),
            tables=_differences(summary),
        ),
        Section(f"metrics-{place}", "Other metrics", tables=tuple(other_metric_tables(summary))),
        Section(
            f"yardstick-{place}",
            "Against exact cross-entropy",
            words=yardstick_words(summary),
            tables=tuple(yardstick_tables(summary)),
        ),
        *sweep_sections(summary, gallery, place),
    )


def _by_cohort(summary: DatasetSummary, gallery: Gallery) -> tuple[Section, ...]:
    """Whom methods serve, and what they show."""
    name, place = summary.dataset, _anchor(summary)
    served = gallery.of(name, "cohorts", "head_tail", "popularity_cohorts")
    shown, exposure = gallery.of(name, "exposure"), _present(exposure_table(summary))
    return (
        Section(f"cohorts-{place}", "Head, mid and tail", drawings=served),
        user_group_section(summary, gallery, place),
        Section(f"exposure-{place}", "What is recommended", drawings=shown, tables=exposure),
        Section(f"disliked-{place}", "What users turned down", tables=_present(explicit_negative_table(summary))),
    )


def _background(summary: DatasetSummary, gallery: Gallery) -> tuple[Section, ...]:
    """The paper beside ours, what it all cost, and how it was found."""
    name, place = summary.dataset, _anchor(summary)
    # Where nothing but a ladder was run, its own section judges the claims, rung by rung.
    is_judged = bool(summary.claims and (summary.methods or not summary.ladders))
    return (
        Section(
            f"claims-{place}",
            "The paper's claims",
            words=(_PAPER, _PER_LOSS) if is_judged else (),
            tables=_present(claim_table(summary), loss_claim_table(summary)) if is_judged else (),
        ),
        Section(
            f"ladder-{place}",
            "From the published protocol to a sound one",
            words=ladder_words(summary),
            drawings=gallery.of(name, *ladder_kinds(summary)),
            tables=tuple(ladder_tables(summary)),
        ),
        Section(
            f"paper-{place}",
            "The paper's numbers beside ours",
            words=_preparation(summary),
            tables=_present(*(published_table(summary, metric) for metric in ACCURACY_METRICS)),
        ),
        Section(
            f"cost-{place}",
            "Cost",
            words=cost_note(summary),
            drawings=gallery.of(name, "replay"),
            tables=_present(cost_table(summary)),
        ),
        Section(f"search-{place}", "Search and training", drawings=gallery.of(name, "search", "curves")),
    )


def _run_tables(summary: DatasetSummary) -> list[ReportTable | None]:
    return [*run_count_tables(summary), single_run_table(summary)]


def _differences(summary: DatasetSummary) -> tuple[ReportTable, ...]:
    return _present(
        *(interval_table(summary, metric) for metric in ACCURACY_METRICS),
        difference_table(summary, "hit_rate", ALL),
        difference_table(summary, "ndcg", ALL),
        difference_table(summary, "hit_rate", BALANCE),
    )


def _preparation(summary: DatasetSummary) -> tuple[str, ...]:
    """Why the numbers are comparable, and how the dataset's preparation differs from the paper's."""
    match = match_of(summary)
    if match is None or not summary.published:
        return ()
    note = preparation_note(summary)
    return (match.reason, note) if note else (match.reason,)


def _anchor(summary: DatasetSummary) -> str:
    return f"dataset-{anchor(summary.dataset)}"


def _present(*tables: ReportTable | None) -> tuple[ReportTable, ...]:
    return tuple(table for table in tables if table is not None)
