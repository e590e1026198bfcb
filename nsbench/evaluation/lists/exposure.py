"""How often each item is recommended, which says whom a model shows at all, right or wrong."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.data.dataset import Dataset
from nsbench.evaluation.availability import Hidden, unavailable_at
from nsbench.evaluation.candidate import candidates_of
from nsbench.evaluation.lists.top_list import top_lists
from nsbench.evaluation.scorer import Scorer
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.targets.history import encoded
from nsbench.evaluation.targets.target import Targets


@torch.inference_mode()
def exposure_of(
    scorer: Scorer,
    dataset: Dataset,
    targets: Targets,
    settings: EvaluationSettings,
    k: int,
    states: Tensor | None = None,
) -> NDArray[np.int64]:
    """How many of the histories get each item among their k recommendations.

    Each history gets one list, however many targets follow it. The list is shorter than k where fewer candidates are
    left; among equal scores at its end, which items it holds is up to the device.

    Args:
        scorer: The model or baseline; the work is done on its device.
        dataset: The log that the targets are of.
        targets: Whose histories get a list.
        settings: The protocol; only `seen_items`, `cold_items` and `unseen_in_history` are read.
        k: Length of a list, at least 1.
        states: What `encoded` gave, if that is known already.

    Returns:
        int64[n_items + 1], lists that hold the item; padding, and items that are no candidates, are in none.

    Raises:
        TrainingError: A score is not a number.
    """
    counts = torch.zeros(dataset.n_items + 1, dtype=torch.int64)
    states = encoded(scorer, dataset, targets, settings) if states is None else states
    # A list is made when the first target of its history comes.
    first_targets = np.searchsorted(targets.history_of, np.arange(len(targets.histories)))

    def unavailable(part: slice) -> Sequence[Hidden]:
        return unavailable_at(targets, first_targets[part], dataset.availability, scorer.shard)

    candidates = candidates_of(dataset, settings)
    for _, items in top_lists(scorer, targets.histories, states, candidates, k, unavailable):
        counts += torch.bincount(items.flatten().cpu(), minlength=len(counts))
    counts[0] = 0
    # The owners of the items of a list have all counted it.
    return (scorer.shard.total(counts) // scorer.shard.owners.size).numpy()
