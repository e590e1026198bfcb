"""Tables of what is compared: samplers by property, and datasets by size and by cohort. Source: paper, tables 1 and 2."""

from collections.abc import Sequence
from typing import get_args

from nsbench.report.method_parts import parts_of, plain_label
from nsbench.report.summary import DatasetSummary
from nsbench.report.tables.number_text import UNDEFINED, percent
from nsbench.report.tables.table import ReportTable, numbers, table_of, words
from nsbench.terms import Cohort, Tag, Trait
from nsbench.tracking.stored_run import StoredRun

_TICKS = {True: "✓", False: ""}


def sampler_table(summaries: Sequence[DatasetSummary]) -> ReportTable | None:
    """Every sampler's properties and its name in the paper, whatever losses it was trained with; None without methods.

    A baseline has no negatives, so it has none of the properties.
    """
    runs: dict[str, StoredRun] = {}
    names: dict[str, str] = {}
    for summary in summaries:
        for row in summary.methods:
            run = row.method.runs[0]
            label = run.label if row.method.is_baseline else plain_label(parts_of(row.method).sampler_label)
            runs.setdefault(label, run)
            # Only with the paper's loss and backbone is a sampler one of its methods.
            if Tag.PAPER_NAME in run.tags:
                names.setdefault(label, run.tags[Tag.PAPER_NAME])
    if not runs:
        return None
    traits = [run.tags.get(Tag.TRAITS, "").split(",") for run in runs.values()]
    columns = [
        words("Method", [*runs]),
        words("Paper", [names.get(label, UNDEFINED) for label in runs]),
        *(
            numbers(trait.capitalize(), [trait in own for own in traits], _TICKS.__getitem__)
            for trait in get_args(Trait)
        ),
    ]
    return table_of("Samplers by where their negatives come from (paper, table 1)", columns)


def size_table(summaries: Sequence[DatasetSummary]) -> ReportTable | None:
    """The datasets' sizes after filtering; None where no run holds a card."""
    known = [(summary.dataset, summary.card) for summary in summaries if summary.card is not None]
    if not known:
        return None
    cards = [card for _, card in known]
    sizes = {
        "Users": [card.n_users for card in cards],
        "Items": [card.n_items for card in cards],
        "Interactions": [card.n_interactions for card in cards],
        "Training": [card.n_train for card in cards],
        "Validation": [card.n_valid for card in cards],
        "Test": [card.n_test for card in cards],
        "Cold items": [card.n_cold_items for card in cards],
        "New test users": [card.n_new_test_users for card in cards],
    }
    columns = [
        words("Dataset", [dataset for dataset, _ in known]),
        *(numbers(name, values, "{:,}".format) for name, values in sizes.items()),
        numbers("Repeats, %", [card.repeat_share for card in cards], lambda share: percent(share, 1)),
    ]
    return table_of("Datasets", columns)


def popularity_table(summaries: Sequence[DatasetSummary]) -> ReportTable | None:
    """Share of items and median percentage of users for each cohort; None where no card has them.

    The median percentage of users: for each item, the percentage of the training users who have it; then the median over
    the cohort's items.
    """
    known = [
        (summary.dataset, summary.card.popularity.cohorts)
        for summary in summaries
        if summary.card is not None and summary.card.popularity is not None
    ]
    if not known:
        return None
    columns = [words("Dataset", [dataset for dataset, _ in known])]
    for cohort in Cohort:
        name, parts = cohort.label.capitalize(), [cohorts[cohort.label] for _, cohorts in known]
        columns.append(numbers(f"{name} items, %", [part.item_share for part in parts], percent))
        # Cold items are those that no training user has.
        if cohort is not Cohort.COLD:
            users = [part.median_user_percentage for part in parts]
            columns.append(numbers(f"{name} users, %", users, _percentage))
    return table_of("Items and median percentage of users by cohort (paper, table 2)", columns)


def cards_without_popularity(summaries: Sequence[DatasetSummary]) -> list[str]:
    """Which datasets' runs did not record popularity by cohort, and when it is recorded, in sentences."""
    return [
        f"{summary.dataset}: its runs were recorded without the cohorts' sizes and the popularity curve; runs of datasets "
        "that this version prepares have them."
        for summary in summaries
        if summary.methods and (summary.card is None or summary.card.popularity is None)
    ]


def _percentage(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.3g}"
