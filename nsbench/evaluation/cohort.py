"""The cohorts that an evaluation goes by, and a dataset's card as it looks by them."""

import numpy as np
from numpy.typing import NDArray

from nsbench.data.cohort import item_cohorts
from nsbench.data.cohort_cut import CohortCut
from nsbench.data.dataset import BestReachable, Dataset, DatasetCard
from nsbench.data.popularity import popularity_of
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.terms import ALL, Cohort


def evaluated_cohorts(dataset: Dataset, settings: EvaluationSettings) -> NDArray[np.int8]:
    """int8[n_items + 1], each item's cohort; items without a training interaction are tail if the settings say so."""
    cohorts = _cohorts(dataset, settings)
    if settings.cold_items == "tail":
        cohorts[cohorts == Cohort.COLD] = Cohort.TAIL
    return cohorts


def evaluated_card(dataset: Dataset, settings: EvaluationSettings) -> DatasetCard:
    """The dataset's card with the cohorts of an evaluation, so that the report shows what the metrics go by.

    Cold items stay apart. The best reachable hit rates of head, mid and tail are left out where those are other cohorts than
    the generator's.
    """
    cohorts = _cohorts(dataset, settings)
    n_train_users = int(np.count_nonzero(dataset.train_end > dataset.offsets[:-1]))
    popularity = popularity_of(
        dataset.train_counts, dataset.train_user_counts, n_train_users, cohorts, settings.cohort_cut
    )
    best, wanted = dataset.card.best_reachable, dataset.card.most_wanted
    if not np.array_equal(cohorts, item_cohorts(dataset)):
        best, wanted = _in_total(best), _in_total(wanted)
    return dataset.card.model_copy(update={"popularity": popularity, "best_reachable": best, "most_wanted": wanted})


def _cohorts(dataset: Dataset, settings: EvaluationSettings) -> NDArray[np.int8]:
    return item_cohorts(dataset, settings.cohort_counts, settings.cohort_rule, CohortCut.read(settings.cohort_cut))


def _in_total(best: BestReachable | None) -> BestReachable | None:
    if best is None:
        return None
    return best.model_copy(update={"hit_rate": {ALL: best.hit_rate[ALL]} if ALL in best.hit_rate else {}})
