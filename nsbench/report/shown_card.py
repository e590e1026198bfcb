"""A dataset's card as the report shows it: the one that its runs agree on, without what can't be drawn or printed."""

from collections import Counter
from itertools import pairwise

from pydantic import ValidationError

from nsbench.data.dataset import DatasetCard, Popularity
from nsbench.report.formats.plain_text import plain_text
from nsbench.report.selection import Selection
from nsbench.terms import BALANCED_COHORTS


def card_of(selection: Selection) -> DatasetCard | None:
    """The card that most of the compared runs hold, so that a single one that was changed by hand does not count."""
    texts = Counter(run.dataset_card for method in selection.methods for run in method.runs)
    for text, _ in texts.most_common():
        try:
            return _showable(DatasetCard.model_validate_json(text))
        except ValidationError:  # A card of another version of nsbench: the numbers stand without it.
            continue
    return None


def _showable(card: DatasetCard) -> DatasetCard:
    """The card with an origin and options that can be shown, and with its popularity only where that can be drawn."""
    popularity = card.popularity
    is_sound = popularity is not None and _is_curve(popularity)
    shown = {name: _plain(value) for name, value in card.origin}
    options = {name: _plain(value) for name, value in card.options.items()}
    origin = card.origin.model_copy(update=shown)
    return card.model_copy(
        update={"origin": origin, "options": options, "popularity": popularity if is_sound else None}
    )


def _plain(value: object) -> object:
    """Texts without what can't be shown; anything else as it is."""
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return plain_text(value) if isinstance(value, str) else value


def _is_curve(popularity: Popularity) -> bool:
    """Whether stored numbers form a curve of popularity: at least one point, ranks rising, counts positive."""
    ranks, counts, cumulative = popularity.item_ranks, popularity.n_interactions, popularity.n_cumulative
    return (
        0 < len(ranks) == len(counts) == len(cumulative)
        and all(a < b for a, b in pairwise((0, *ranks)))
        and min(counts) > 0
        and cumulative[-1] > 0
        and {cohort.label for cohort in BALANCED_COHORTS} <= popularity.cohorts.keys()
        and all(part.n_items >= 0 for part in popularity.cohorts.values())
        and popularity.n_train_users > 0
    )
