"""Tables of what is compared: samplers by property, and logs by size and by cohort. Source: paper, tables 1 and 2."""

from collections.abc import Sequence

from nsbench.report.summary import DatasetSummary
from nsbench.report.tables.number_text import UNDEFINED
from nsbench.report.tables.table import Cell, ReportTable
from nsbench.terms import Cohort, Tag
from nsbench.tracking.stored_run import StoredRun

TRAITS = ("in-batch", "global", "model-based")
"""The properties of samplers, as the tag `nsbench.sampler_traits` has them. Source: paper, table 1."""

_YES, _NO = "✓", ""


def sampler_table(summaries: Sequence[DatasetSummary]) -> ReportTable | None:
    """Every method's properties and its name in the paper; None without methods.

    A baseline has no negatives and so none of the properties.
    """
    runs: dict[str, StoredRun] = {}
    for summary in summaries:
        for row in summary.methods:
            runs.setdefault(row.method.label, row.method.runs[0])
    if not runs:
        return None
    rows = tuple(
        (Cell(label), Cell(run.tags.get(Tag.PAPER_NAME, UNDEFINED)), *(_trait_cells(run)))
        for label, run in runs.items()
    )
    columns = ("Method", "Paper", "In-batch", "Global", "Model-based")
    return ReportTable("Samplers by where their negatives come from (paper, table 1)", columns, rows)


def size_table(summaries: Sequence[DatasetSummary]) -> ReportTable | None:
    """The logs' sizes after filtering; None where no run holds a card."""
    rows = tuple(
        (
            Cell(summary.dataset),
            *(
                Cell(f"{number:,}")
                for number in (
                    *(card.n_users, card.n_items, card.n_interactions, card.n_train, card.n_valid, card.n_test),
                    *(card.n_cold_items, card.n_new_test_users),
                )
            ),
            Cell(f"{100 * card.repeat_share:.1f}"),
        )
        for summary in summaries
        if (card := summary.card) is not None
    )
    columns = (
        "Dataset",
        "Users",
        "Items",
        "Interactions",
        "Training",
        "Validation",
        "Test",
        "Cold items",
        "New test users",
    )
    return ReportTable("Datasets", (*columns, "Repeats, %"), rows) if rows else None


def popularity_table(summaries: Sequence[DatasetSummary]) -> ReportTable | None:
    """Share of items and median percentage of users for each cohort; None where no card says.

    The median percentage of users: for each item, the percentage of the training users who have it; then the median over
    the cohort's items.
    """
    rows = []
    for summary in summaries:
        popularity = summary.card.popularity if summary.card else None
        if popularity is None:
            continue
        cells = [Cell(summary.dataset)]
        for cohort in Cohort:
            part = popularity.cohorts[cohort.label]
            cells.append(Cell(f"{100 * part.item_share:.2f}"))
            if cohort is not Cohort.COLD:
                users = part.median_user_percentage
                cells.append(Cell(UNDEFINED if users is None else f"{users:.3g}"))
        rows.append(tuple(cells))
    columns = ("Dataset", *(f"{name} {what}" for name in ("Head", "Mid", "Tail") for what in ("items, %", "users, %")))
    title = "Items and median percentage of users by cohort (paper, table 2)"
    return ReportTable(title, (*columns, "Cold items, %"), tuple(rows)) if rows else None


def cards_without_popularity(summaries: Sequence[DatasetSummary]) -> list[str]:
    """The datasets whose runs do not say how popularity spreads, with what to do, in sentences."""
    return [
        f"{summary.dataset}: its runs were recorded without the cohorts' sizes and the popularity curve; they are there for "
        "runs of datasets that this version prepares."
        for summary in summaries
        if summary.methods and (summary.card is None or summary.card.popularity is None)
    ]


def _trait_cells(run: StoredRun) -> list[Cell]:
    traits = run.tags.get(Tag.TRAITS, "").split(",")
    return [Cell(_YES if trait in traits else _NO) for trait in TRAITS]
