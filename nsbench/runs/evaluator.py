"""Ranks the validation interactions when the training loop asks, and the test interactions when it is done."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.evaluation.evaluate import evaluate
from nsbench.evaluation.model_scorer import ModelScorer
from nsbench.evaluation.rank_table import RankTable
from nsbench.evaluation.shard import EvaluationShard
from nsbench.models.model import Model
from nsbench.runs.outcome import shortage_of
from nsbench.runs.request import RunRequest
from nsbench.terms import NEGATIVES, NO_NEGATIVE_SHARE
from nsbench.training.distributed.table_placement import Placement
from nsbench.training.event import TrainedEpoch
from nsbench.training.negative_probe import NegativeProbe
from nsbench.training.progress import Validation

NOTABLE_SHARE = 0.05
"""A warning says so where as large a share of an epoch's positions had no negative, or a larger one."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tested:
    """A ranking of the test interactions.

    Attributes:
        metrics: By full metric name; empty where they were left alone.
        ranks: Of every target; None where they were left alone.
        seconds: How long it took.
        negative_ranks: Of explicit negatives; None where there are none.
    """

    metrics: Mapping[str, float]
    ranks: RankTable | None
    seconds: float
    negative_ranks: RankTable | None = None


@final
class RunEvaluator:
    """Evaluates runs that are trained side by side.

    Args:
        dataset: What they are evaluated on.
        settings: One per run.
        requests: One per run.
        placement: The processes that train the runs together, each with an evaluator like this one, and where the item
            table lies.
        probe: Looks at the negatives at each validation.
    """

    def __init__(
        self,
        dataset: Dataset,
        settings: Sequence[Settings],
        requests: Sequence[RunRequest],
        placement: Placement,
        probe: NegativeProbe,
    ) -> None:
        self._dataset = dataset
        self._settings = settings
        self._requests = requests
        self._placement = placement
        self._probe = probe
        self._has_warned = False

    def validate(self, replica: int, model: Model, epoch: TrainedEpoch) -> Validation:
        """Ranks the validation interactions by a run's model; arguments as of `nsbench.training.event.Evaluator`."""
        settings = self._settings[replica].evaluation
        started = time.perf_counter()
        if not self._requests[replica].rank_validation:
            own = {"train/loss": epoch.loss, NO_NEGATIVE_SHARE: epoch.no_negative_share}
            return Validation(epoch.number, float(epoch.number), own, time.perf_counter() - started)
        found = evaluate(self._scorer(model), self._dataset, "valid", settings, n_users=settings.validation_users)
        seed = self._requests[replica].seed
        negatives = self._probe.metrics(model, seed, epoch.number, self._placement.look_up, epoch.sampler_state)
        negatives[f"{NEGATIVES}/catalogue_drawn_share"] = epoch.n_drawn / self._probe.n_candidates
        trained = {"train/loss": epoch.loss, NO_NEGATIVE_SHARE: epoch.no_negative_share}
        metrics = {**found.metrics, **negatives, **trained}
        seconds = time.perf_counter() - started
        self._warn_of_shortage(replica, epoch.number, epoch.no_negative_share)
        return Validation(epoch.number, metrics[self._requests[replica].objective], metrics, seconds)

    def test(self, replica: int, model: Model) -> Tested:
        """Ranks the test interactions by a run's model at its best epoch, where that is asked for.

        Where several processes train, all call it, and process 0's request says what is done.
        """
        started = time.perf_counter()
        if not self._placement.group.broadcast(self._requests[replica].rank_test):
            return Tested({}, None, time.perf_counter() - started)
        settings = self._settings[replica].evaluation
        found = evaluate(self._scorer(model), self._dataset, "test", settings, with_exposure=True)
        return Tested(found.metrics, found.ranks, time.perf_counter() - started, found.negative_ranks)

    def _scorer(self, model: Model) -> ModelScorer:
        """This process's share of the ranking by a model."""
        placement = self._placement
        return ModelScorer(model, EvaluationShard(placement.group, placement.owners), placement.look_up)

    def _warn_of_shortage(self, replica: int, epoch: int, share: float) -> None:
        """Logs once that many positions have no negative; runs side by side lack them for the same reason."""
        if self._has_warned or share < NOTABLE_SHARE or self._placement.group.rank:
            return
        self._has_warned = True
        _log.warning(
            "%.0f %% of the positions of epoch %d had no negative, and trained their positives alone: %s",
            100 * share,
            epoch,
            shortage_of(self._settings[replica], self._dataset.n_candidates),
        )
