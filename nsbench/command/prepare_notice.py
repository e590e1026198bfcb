"""What is to be noted of a dataset: what was left out, what the log is too small or too uneven for, what is known of time."""

from typing import TYPE_CHECKING

from nsbench.data.log.option_value import FIRST_SEEN, NO_TIME

if TYPE_CHECKING:
    from nsbench.data.dataset import Dataset, DatasetCard

USUAL_CUTOFF = 10
"""The cut-off that commands show and go by unless set otherwise."""

NOTABLE_TIED_SHARE = 0.2
"""Said of a log where as large a share of the interactions have the time of another one of their user, or a larger one."""


def notices_of(dataset: "Dataset") -> list[str]:
    """What is left out, new or repeated, and what the log is too small or too uneven for."""
    from nsbench.data.log.order_note import order_note

    card, n_without_history = dataset.card, _n_without_history(dataset)
    same = "number" if card.times_are_order else "time"
    left_out = left_out_text(card)
    notices = [
        f"time: {order_text(card)}" if card.times_are_order else "",
        f"left out by the filters: {left_out}" if left_out else "",
        f"explicit negatives: {negative_text(card)}" if negative_text(card) else "",
        f"availability: {availability_text(card)}" if availability_text(card) else "",
        f"{card.n_ties_cut:,} interactions share a {same} that the split cuts through." if card.n_ties_cut else "",
        f"new in test: {card.n_new_test_users:,} users, {card.n_cold_test_items:,} items; "
        f"{card.repeat_share:.1%} of the interactions are repeats: seen items are "
        f"{'excluded from' if card.seen_items == 'exclude' else 'kept in'} the ranking",
        f"{n_without_history:,} of {card.n_test:,} test interactions ({n_without_history / max(1, card.n_test):.1%}) are the "
        "first of their users: nothing comes before them, and they are not ranked"
        if n_without_history
        else "",
        *_warnings(card),
        order_note(dataset),
    ]
    return [notice for notice in notices if notice]


def _n_without_history(dataset: "Dataset") -> int:
    """The test interactions that nothing comes before: each is the first of its user."""
    begins = dataset.offsets[:-1]
    return int(((dataset.valid_end == begins) & (dataset.offsets[1:] > begins)).sum())


def order_text(card: "DatasetCard") -> str:
    """What is known of time where it is the order alone."""
    if card.options.get("time_column") == NO_TIME:
        return (
            "order only, that of the rows: a global split by it is right only if the rows are in order of time for all users; "
            "no two rows share a time, so that none is a duplicate of another"
        )
    return (
        f"order only: {card.options.get('time_column')} says what comes before what, and no times; a global split by it is right "
        "only if it orders the interactions of all users"
    )


def left_out_text(card: "DatasetCard") -> str:
    """How many interactions the filters left out, by reason; empty where none."""
    found = card.left_out
    if found is None:
        return ""
    counts = {
        "repeats": found.n_repeats,
        "duplicates": found.n_duplicates,
        f"of users with fewer than {card.options['min_user_interactions']}": found.n_of_rare_users,
        f"with items that have fewer than {card.options['min_item_interactions']}": found.n_of_rare_items,
    }
    total = sum(counts.values())
    said = ", ".join(f"{count:,} {reason}" for reason, count in counts.items() if count)
    return f"{total:,} interactions: {said}" if total else ""


def negative_text(card: "DatasetCard") -> str:
    """How many explicit negatives there are, when, and which rows were none; empty where none were asked for."""
    found = card.explicit_negatives
    if found is None:
        return ""
    when = f"{found.n_train:,} before validation, for training, and {found.n_test:,} in the time of the test"
    others = {
        "with an item without an interaction": found.n_of_other_items,
        "of a user without an interaction": found.n_of_other_users,
        "in no session": found.n_outside_sessions,
        "twice": found.n_repeated,
    }
    said = ", ".join(f"{count:,} {reason}" for reason, count in others.items() if count)
    left_out = f"; left out: {said}" if said else ""
    return f"{found.n_negatives:,} of {found.n_users:,} users, {when}{left_out}"


def availability_text(card: "DatasetCard") -> str:
    """From when until when items are candidates; empty where they always are."""
    found = card.availability
    if found is None:
        return ""
    if found.source == FIRST_SEEN:
        return "an item is a candidate from its first interaction on"
    without = card.n_items - found.n_from
    unknown = f"; {found.n_unknown_rows:,} rows are of no item of the log" if found.n_unknown_rows else ""
    outside = (
        f"; {found.n_outside:,} interactions lie outside the dates of their item, which count as wide enough to hold them"
        if found.n_outside
        else ""
    )
    return (
        f"{found.source} has a first date of {found.n_from:,} items and a last one of {found.n_until:,}; {without:,} without a "
        f"first one are there from the beginning{unknown}{outside}"
    )


def _warnings(card: "DatasetCard") -> list[str]:
    """What the log is too small or too uneven for."""
    from nsbench.data.popularity import cohort_note
    from nsbench.evaluation.cutoff import cutoff_warning

    undecided = cutoff_warning((USUAL_CUTOFF,), card.n_items - card.n_cold_items)
    same = "number" if card.times_are_order else "time"
    tied_share = card.n_ties / card.n_interactions
    tied = (
        f"{tied_share:.0%} of the interactions have the {same} of another one of their user: what comes next is the order of the "
        "log's rows, and results are worth what that order is worth"
        if tied_share >= NOTABLE_TIED_SHARE
        else ""
    )
    return [text for text in (undecided, cohort_note(card.popularity) if card.popularity else "", tied) if text]
