"""What of a history a model or baseline is shown: of items without a training interaction it has nothing to go by."""

import numpy as np
from torch import Tensor

from nsbench.data.dataset import Dataset, Histories
from nsbench.evaluation.scorer import Scorer
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.targets.target import Targets


def encoded(scorer: Scorer, dataset: Dataset, targets: Targets, settings: EvaluationSettings) -> Tensor:
    """The scorer's states of the targets' histories, without the items that the settings leave out.

    Returns:
        [n_histories, width], a row for each of the targets' histories, those that are empty then included.
    """
    leave_out = settings.unseen_in_history == "leave_out"
    return scorer.encode(seen_in_training(targets.histories, dataset.n_candidates) if leave_out else targets.histories)


def seen_in_training(histories: Histories, n_seen: int) -> Histories:
    """The histories without the items above `n_seen`, in the same order; some may be empty then.

    A model that sees a history's last items sees the last ones that are left.

    Args:
        histories: Of any lengths.
        n_seen: Items with a training interaction, which have the ids 1..n_seen.

    Two histories, 1 9 2 and 9, of which item 9 is unseen:
    >>> histories = Histories(np.array([1, 9, 2, 9]), np.array([0, 3]), np.array([3, 4]))
    >>> seen = seen_in_training(histories, 2)
    >>> seen.item_ids.tolist(), seen.start.tolist(), seen.end.tolist()
    ([1, 2], [0, 2], [2, 2])
    """
    if len(histories) == 0:
        return histories
    first, end = int(histories.start.min()), int(histories.end.max())
    items = np.asarray(histories.item_ids[first:end])
    seen = items <= n_seen
    if seen.all():
        return histories
    n_before = np.concatenate([[0], np.cumsum(seen)])
    return Histories(items[seen], n_before[histories.start - first], n_before[histories.end - first])
