"""A finished model ranked again, under another protocol or on another dataset: a run of its own kind, without training.

What the run's ranks already say is computed from them, as `nsbench.evaluation.targets.rank_subset` finds it.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from nsbench.config import Settings, Value
from nsbench.data.dataset import Dataset
from nsbench.data.item_label import ItemLabels
from nsbench.errors import SettingsError
from nsbench.evaluation.evaluate import EXPOSURE_CUTOFF, Evaluation, evaluate
from nsbench.evaluation.metrics.exposure import exposure_names
from nsbench.evaluation.metrics.of_ranks import metrics_of
from nsbench.evaluation.model_scorer import ModelScorer
from nsbench.evaluation.rank_table import RankTable
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.targets.rank_subset import ranks_under
from nsbench.models.model import Model
from nsbench.runs.observer import NullObserver, Observer, Started
from nsbench.runs.outcome import end_of
from nsbench.runs.plan import plan_of
from nsbench.runs.request import RunRequest
from nsbench.suggestion import did_you_mean
from nsbench.tensors.device import choose_device, device_name, peak_memory_bytes
from nsbench.terms import RunKind, Tag
from nsbench.tracking.record import Cost, RunPlan, RunRecord
from nsbench.tracking.tracker import Tracker
from nsbench.trained.folder import TrainedModel
from nsbench.trained.other_dataset import as_of_model

AnsweredFrom = Literal["ranks", "model"]
"""What an answer comes from: the ranks of the model's run, or the model."""


@dataclass(frozen=True)
class Question:
    """What is asked of a finished model.

    Attributes:
        trained: The model.
        settings: Of its run, with the evaluation that is asked for.
        dataset: What is ranked.
        items: The dataset's items.
        ranks: Of the model's run; None where they can't be had.
    """

    trained: TrainedModel
    settings: Settings
    dataset: Dataset
    items: ItemLabels
    ranks: RankTable | None

    @property
    def is_of_other_dataset(self) -> bool:
        """Whether the model was trained on another one: of other interactions, or of other items, which the hash leaves out."""
        is_same = self.dataset.card.content_hash == self.trained.card.dataset_hash
        return not (is_same and self.items.labels.equals(self.trained.items.labels))

    @cached_property
    def found_ranks(self) -> RankTable | None:
        """What those of the model's run say; None where they don't say all: those of explicit negatives aren't read again."""
        if self.ranks is None or self.is_of_other_dataset or self.dataset.explicit_negatives is not None:
            return None
        before = self.trained.card.run_settings().evaluation
        return ranks_under(self.ranks, self.dataset, before, self.settings.evaluation)

    @property
    def answered_from(self) -> AnsweredFrom:
        """`ranks`, where those of the model's run are enough."""
        return "model" if self.found_ranks is None else "ranks"


def check_is_of_evaluation(values: Mapping[str, Value]) -> None:
    """Refuses what is no setting of the evaluation.

    Raises:
        SettingsError: One isn't.
    """
    known = EvaluationSettings.model_fields
    foreign = next((name for name in values if name not in known), None)
    if foreign is not None:
        raise SettingsError(
            f"{foreign!r} is no setting of the evaluation{did_you_mean(foreign, known)}, and a finished model's others stay as "
            f"they are; there are: {', '.join(known)}"
        )


def asked_settings(trained: TrainedModel, values: Mapping[str, Value]) -> Settings:
    """The settings of a model's run with another evaluation.

    Raises:
        SettingsError: A value isn't accepted, or is none of the evaluation's.
    """
    check_is_of_evaluation(values)
    return trained.card.run_settings().changed(values)


def evaluate_again(question: Question, tracker: Tracker) -> RunRecord:
    """Ranks the test interactions by a finished model, and records it.

    Raises:
        SettingsError: The evaluation makes no sense on another dataset, or no item of the model is in it.
        DatasetError: There is nothing to rank.
    """
    card, settings = question.trained.card, question.settings
    if card.kind == RunKind.FINAL and not question.is_of_other_dataset:
        raise SettingsError(
            f"the model was trained on all of {card.dataset}, its test among it: ranks of that would say nothing; give --dataset "
            "with a later log"
        )
    request = RunRequest(RunKind.EVALUATION, card.seed, tags=tags_of(card.run_id, question.answered_from))
    plan = plan_of(settings, question.dataset, request)
    return recorded(plan, tracker, card.best_epoch, lambda: _answer(question))


def recorded(
    plan: RunPlan,
    tracker: Tracker,
    best_epoch: int,
    answer: Callable[[], Evaluation],
    observer: Observer | None = None,
) -> RunRecord:
    """Computes an answer, and records it as a run that trained nothing."""
    handle = tracker.start(plan)
    device, started = choose_device(), time.perf_counter()
    try:
        (observer or NullObserver()).observe(Started(handle.run_id))
        found = answer()
        cost = Cost(
            train_s=0.0,
            evaluate_s=time.perf_counter() - started,
            n_epochs=0,
            n_positives=0,
            n_negatives_scored=0,
            peak_memory_bytes=peak_memory_bytes(device),
            device=device_name(device),
            train_cpu_s=0.0 if device.type == "cpu" else math.nan,
        )
        record = RunRecord(
            plan, found.metrics, (), best_epoch, found.ranks, cost, handle.run_id, negative_ranks=found.negative_ranks
        )
        handle.finish(record)
    except BaseException as error:
        handle.stop(*end_of(error))
        raise
    return record


def tags_of(run_id: str | None, answered_from: AnsweredFrom) -> dict[str, str]:
    """The tags of an answer, by full name.

    Args:
        run_id: The model's run, if it is known.
        answered_from: What it came from.
    """
    tags: dict[str, str] = {Tag.ANSWERED_FROM.value: answered_from}
    return tags if run_id is None else {Tag.EVALUATED.value: run_id, **tags}


def answer_of_ranks(
    before: RankTable, ranks: RankTable, cutoffs: Sequence[int], shown: Mapping[str, float]
) -> Evaluation:
    """The metrics of ranks that were found among those of a run.

    Args:
        before: Of the run.
        ranks: What was found among them.
        cutoffs: The k of the metrics.
        shown: Metrics of the run. What is shown to whom is a matter of the lists, which are the same where the targets are.
    """
    names = exposure_names("test", EXPOSURE_CUTOFF) if len(before) == len(ranks) else ()
    found = metrics_of(ranks, "test", cutoffs) | {name: shown[name] for name in names if name in shown}
    return Evaluation(found, ranks)


def _answer(question: Question) -> Evaluation:
    evaluation = question.settings.evaluation
    if question.ranks is not None and question.found_ranks is not None:
        return answer_of_ranks(question.ranks, question.found_ranks, evaluation.cutoffs, question.trained.card.metrics)
    device, model, dataset = choose_device(), question.trained.model, question.dataset
    if question.is_of_other_dataset:
        model, dataset = as_of_model(question.trained, dataset, question.items, evaluation)
    own = Model(model.settings, model.dense.to(device), model.items.to(device))
    found_anew = evaluate(ModelScorer(own), dataset, "test", evaluation, with_exposure=True)
    if not np.isfinite(found_anew.ranks.ranks).any():
        raise SettingsError("no target of the test is an item that the model may recommend; give another dataset")
    return found_anew
