"""The report as Markdown: the answer first, then tables and figures, then what became of the runs."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from nsbench.report.answer import answer
from nsbench.report.comparison import NOISE_LEVEL
from nsbench.report.selection import CUTOFF
from nsbench.report.summary import DatasetSummary
from nsbench.report.table import TEXT_COLUMNS, Cell, ReportTable, Standing, bookkeeping_tables, result_tables

HOW_TO_READ = f"""\
- **Bold** is the best of a column, *italic* the second best; ± is one standard deviation over repeats with other seeds.
- Hit rate at {CUTOFF}: share of test interactions whose item is among the {CUTOFF} highest ranked of the whole catalogue.
  NDCG at {CUTOFF} counts a hit less the lower it is ranked.
- Head, mid and tail items each take about a third of the training interactions, the most popular first; cold items
  have none.
- Balance: 1 - Gini of the values in head, mid and tail; 100 % when all three are served alike, 33.33 % when only one
  is served at all, undefined (–) when none is. A method that serves everybody badly can be well balanced: read it
  beside the accuracy.
- Within noise: Welch's t-test over repeats gives p ≥ {NOISE_LEVEL}; no correction for the number of comparisons. A
  baseline that does not depend on a seed counts as a constant.
- Averaged are the repeats of a method's newest settings, on the newest preparation of the log and the newest protocol.
"""
"""The words and rules behind the tables."""


def markdown_report(
    summaries: Sequence[DatasetSummary], figures: Mapping[str, str], location: str, written: datetime
) -> str:
    """The whole report.

    Args:
        summaries: One a dataset.
        figures: File names of pictures by their caption.
        location: The store that the runs are in.
        written: When the report was made.
    """
    names = ", ".join(summary.dataset for summary in summaries)
    parts = [f"# Negative samplers compared: {names}"]
    for summary in summaries:
        heading = f"**{summary.dataset}**\n\n" if len(summaries) > 1 else ""
        parts.append(heading + "\n".join(f"- {sentence}" for sentence in answer(summary)))
    parts += [f"![{caption}]({file})" for caption, file in figures.items()]
    for summary in summaries:
        parts += [f"## {summary.dataset}", _description(summary)]
        parts += [markdown_table(table) for table in result_tables(summary)]
    parts += ["## How to read this", HOW_TO_READ.rstrip(), "## What became of the runs"]
    for summary in summaries:
        parts += [markdown_table(table) for table in bookkeeping_tables(summary)]
    parts.append(f"Written {written:%Y-%m-%d %H:%M} UTC from the runs in `{location}`.")
    return "\n\n".join(parts) + "\n"


def markdown_table(table: ReportTable) -> str:
    """A table with its title above it, words to the left and numbers to the right."""
    lines = [
        f"**{table.title}**",
        "",
        f"| {' | '.join(map(_escaped, table.columns))} |",
        f"|{'|'.join('---' if column in TEXT_COLUMNS else '---:' for column in table.columns)}|",
        *(f"| {' | '.join(map(_marked, row))} |" for row in table.rows),
    ]
    return "\n".join(lines)


def _description(summary: DatasetSummary) -> str:
    selection, card = summary.selection, summary.card
    if not selection.methods:
        return "No finished runs to compare."
    about = f"Protocol `{selection.protocol}`, dataset hash `{selection.dataset_hash[:12]}`."
    if card is None:
        return f"{about} The runs hold no readable dataset card."
    return (
        f"{card.n_users:,} users, {card.n_items:,} items ({card.n_cold_items:,} cold), {card.n_interactions:,} interactions"
        f" from {card.source}: {card.n_train:,} for training, {card.n_valid:,} for validation, {card.n_test:,} for testing. "
        f"{about}"
    )


def _marked(cell: Cell) -> str:
    text = _escaped(cell.text)
    match cell.standing:
        case Standing.BEST:
            return f"**{text}**"
        case Standing.SECOND:
            return f"*{text}*"
        case Standing.OTHER:
            return text


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
