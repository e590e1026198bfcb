"""What a dataset's section begins with: what the log is, and how it was evaluated."""

from nsbench.data.dataset import DatasetCard
from nsbench.data.popularity import cohort_note
from nsbench.data.split_note import leak_text, split_text, tie_text
from nsbench.evaluation.cutoff import cutoff_warning
from nsbench.report.selection import CUTOFF
from nsbench.report.summary import DatasetSummary
from nsbench.terms import ALL

_ROLLING = "rolling"
"""The start of protocols that rank every test interaction that has a history."""


def description(summary: DatasetSummary) -> str:
    """Sizes, protocol and preparation of a dataset, with what it is too small or too uneven for."""
    selection, card = summary.selection, summary.card
    if not selection.methods:
        return "No finished runs to compare."
    about = f"Protocol `{selection.protocol}`, dataset hash `{selection.dataset_hash[:12]}`."
    if card is None:
        return f"{about} The runs hold no readable dataset card."
    about += "".join(f" {note}" for note in _warnings(card, selection.methods[0].runs[0].params.get("cold_items")))
    return (
        f"{card.n_users:,} users, {card.n_items:,} items ({card.n_cold_items:,} cold), {card.n_interactions:,} interactions"
        f" from {card.source}: {card.n_train:,} for training, {card.n_valid:,} for validation, {card.n_test:,} for testing"
        f"{_left_out(summary, card)}. "
        f"{about}"
    )


def _left_out(summary: DatasetSummary, card: DatasetCard) -> str:
    """How many of the test interactions are not ranked; empty where all are, or where only each user's last one is."""
    n_ranked = summary.n_targets(ALL)
    if not summary.selection.protocol.startswith(_ROLLING) or not 0 < n_ranked < card.n_test:
        return ""
    return f" ({card.n_test - n_ranked:,.0f} not ranked, each the first of its user)"


def _warnings(card: DatasetCard, cold_items: object) -> tuple[str, ...]:
    """How the log was cut and its ties ordered, and what it is too small or too uneven for, in sentences."""
    n_candidates = card.n_items if cold_items == "tail" else card.n_items - card.n_cold_items
    undecided = cutoff_warning((CUTOFF,), n_candidates)
    note = cohort_note(card.popularity) if card.popularity else ""
    order = (
        "The log's times only give the order of its interactions: the split goes by that order, and days are unknown."
        if card.times_are_order
        else ""
    )
    clauses = (split_text(card), leak_text(card), tie_text(card), undecided)
    said = [f"{clause[0].upper()}{clause[1:]}." for clause in clauses if clause]
    return (*filter(None, (order,)), *said, *filter(None, (note,)))
