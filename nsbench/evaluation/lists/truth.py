"""How many hits a model's lists would have if users took what they want, where a generated log holds what that is.

Not an estimate from who took what: the true probabilities of the items of each list are added up.
"""

import torch
from torch import Tensor

from nsbench.data.beside.truth import ExpectedHits, Truth, compared_histories
from nsbench.data.dataset import Dataset
from nsbench.evaluation.candidate import candidates_of
from nsbench.evaluation.cohort import evaluated_cohorts
from nsbench.evaluation.lists.top_list import top_lists
from nsbench.evaluation.scorer import Scorer
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.targets.target import Targets
from nsbench.terms import TRUTH, metric_name


@torch.inference_mode()
def truth_metrics_of(
    scorer: Scorer,
    dataset: Dataset,
    truth: Truth,
    targets: Targets,
    settings: EvaluationSettings,
    k: int,
    states: Tensor,
) -> dict[str, float]:
    """The expected hit rate of lists of length k, in total and for head, mid and tail.

    A cohort's is the share of what is wanted of its items that the lists hold. Items that are no candidates count as wanted in
    the total.

    Args:
        scorer: The model or baseline.
        dataset: The log.
        truth: What its users want.
        targets: Whose histories get a list, or a fixed sample of them.
        settings: The protocol.
        k: Length of the lists.
        states: What `nsbench.evaluation.targets.history.encoded` gave.

    Raises:
        TrainingError: A score is not a number.
    """
    chosen = compared_histories(targets.histories)
    histories = targets.histories[chosen]
    own = states[torch.from_numpy(chosen).to(states.device)]
    hits = ExpectedHits(evaluated_cohorts(dataset, settings))
    shard = scorer.shard
    for part, lists in top_lists(scorer, histories, own, candidates_of(dataset, settings), k):
        of_part, items = histories[part], lists.cpu().numpy()
        for rows in truth.chunks(of_part):
            hits.add(truth.probabilities(of_part[rows]), items[rows])
    # The owners of the items of a list have all counted it, which a ratio doesn't show.
    hits.hits, hits.wanted = (shard.total(torch.from_numpy(sums)).numpy() for sums in (hits.hits, hits.wanted))
    return {metric_name(TRUTH, group, "hit_rate", k): rate for group, rate in hits.rates().items()}
