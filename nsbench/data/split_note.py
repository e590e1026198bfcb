"""What a dataset's card says of its split and of equal times, in words: for the terminal and the report alike."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nsbench.data.dataset import DatasetCard


def split_text(card: "DatasetCard") -> str:
    """How the log was cut, where that was not by shares in time; else empty. A clause."""
    options = card.options
    match options.get("split"):
        case "leave-one-out":
            return (
                "leave-one-out: each user's last interaction is test and the one before it validation, and users with fewer than "
                "3 are training whole"
            )
        case "files":
            share = options.get("valid_share")
            taken = (
                f", validation the last {share:.3g} of the training file in time" if isinstance(share, float) else ""
            )
            return f"as the files came{taken}"
    if options.get("valid_from") is not None:
        return f"validation from {options['valid_from']}, test from {options['test_from']}"
    return ""


def leak_text(card: "DatasetCard") -> str:
    """What training knows of times after the test's, a clause; empty where the split is global in time."""
    leak = card.time_leak
    if leak is None:
        is_unknown = card.options.get("split") == "files"
        return "without times nothing says whether training holds what came after the test" if is_unknown else ""
    if not leak.after_first_test_share and not leak.n_users_out_of_order:
        return "no training interaction is later than a test interaction, so that no time leaks"
    n_users = leak.n_users_out_of_order
    users = f"; {n_users:,} of {card.n_users:,} users have an interaction of a later part before one of an earlier part"
    return (
        f"it leaks time: {leak.after_first_test_share:.1%} of the training interactions are later than the first test "
        f"interaction, {leak.after_median_test_share:.1%} later than half of them, so that a model has learned from what came "
        f"after its test{users if n_users else ''}"
    )


def tie_text(card: "DatasetCard") -> str:
    """How many test interactions are tied, and in which order they stand; a clause, empty where that is unknown.

    Tied is what has the time of a neighbour of the same user.
    """
    if card.n_tied_test is None:
        return ""
    share = f" ({card.n_tied_test / max(1, card.n_test):.1%})" if card.n_tied_test else ""
    same = "number" if card.times_are_order else "time"
    order = f": what came first is {tie_order_text(card)}" if card.n_tied_test else ""
    return f"{card.n_tied_test:,} of {card.n_test:,} test interactions{share} have the {same} of a neighbour of their user{order}"


def tie_order_text(card: "DatasetCard") -> str:
    """In which order interactions of equal time stand, in words."""
    match card.options.get("ties"):
        case "random":
            return f"drawn at random, seed {card.options.get('tie_seed', 0)}"
        case "by-user-order":
            return "the order of the log's rows, backwards for users whose times fall down the log"
    return "the order of the log's rows"
