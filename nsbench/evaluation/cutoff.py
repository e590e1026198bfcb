"""Cut-offs that decide nothing, because a list of that length holds every item that is ranked."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nsbench.data.dataset import Dataset
    from nsbench.evaluation.settings import EvaluationSettings


def cutoff_warning(cutoffs: Sequence[int], n_candidates: int) -> str:
    """Says which cut-offs decide nothing; empty where all do.

    Args:
        cutoffs: The k of hit rate and NDCG.
        n_candidates: Items that are ranked; where those of the user's history leave the ranking there are even fewer.

    >>> cutoff_warning((1, 5), 6)
    ''
    >>> cutoff_warning((1, 5, 10), 5)
    'only 5 items are ranked, so that hit rates at 5 and 10 are 1 for every ranking of them and decide nothing'
    """
    undecided = [str(k) for k in cutoffs if k >= n_candidates]
    if not undecided:
        return ""
    listed = " and ".join(filter(None, [", ".join(undecided[:-1]), undecided[-1]]))
    rates = f"hit rates at {listed} are" if len(undecided) > 1 else f"the hit rate at {listed} is"
    decide = "decide" if len(undecided) > 1 else "decides"
    items = "item is" if n_candidates == 1 else "items are"
    return f"only {n_candidates:,} {items} ranked, so that {rates} 1 for every ranking of them and {decide} nothing"


def undecided_warning(dataset: "Dataset", settings: "EvaluationSettings") -> str:
    """What `cutoff_warning` says of the items that are ranked on a dataset under some settings."""
    n_candidates = dataset.n_items if settings.cold_items == "tail" else dataset.n_candidates
    return cutoff_warning(settings.cutoffs, n_candidates)
