"""A kept model as the store knows it, and which of two is better. Free of MLflow."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from nsbench.terms import OBJECTIVE_TAG, Tag
from nsbench.tracking.record import KeptModel, RunPlan

GROUP = "nsbench.model_group"
"""The tag that models share of which only the best is kept."""

KEEP = "nsbench.keep"
"""The tag that says whether a model goes when a better one of its group is there (best), or stays (all)."""

VALUE = "nsbench.objective_value"
"""The tag that holds the value of the validation metric which says what is better."""

MODEL_TYPE = "nsbench"
"""What MLflow calls the type of our models."""


@dataclass(frozen=True)
class StoredModel:
    """A model in the store.

    Attributes:
        model_id: MLflow's id, such as m-0123abcd.
        run_id: The run that trained it.
        run_status: How far the run got; "MISSING" where it is gone, "FAILED" too where it has ended without all of the model.
        created_ms: When it was logged, in milliseconds since 1970.
        experiment_id: The store's id of the experiment that it lies in.
        artifact_uri: Where its files were recorded to lie.
        tags: All tags by full name.
        metrics: Those of the run that are shown as the model's.
        names: What the registry calls it, such as shop/3 and shop@champion.
    """

    model_id: str
    run_id: str
    run_status: str
    created_ms: int
    experiment_id: str
    artifact_uri: str
    tags: Mapping[str, str]
    metrics: Mapping[str, float] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    @property
    def dataset(self) -> str:
        """The dataset's name."""
        return self.tags.get(Tag.DATASET, "")

    @property
    def dataset_hash(self) -> str:
        """The content hash of the dataset's card."""
        return self.tags.get(Tag.DATASET_HASH, "")

    @property
    def method(self) -> str:
        """The method's name."""
        return self.tags.get(Tag.SAMPLER, "")

    @property
    def kind(self) -> str:
        """What the run stands for."""
        return self.tags.get(Tag.KIND, "")

    @property
    def seed(self) -> int:
        """The run's root seed; 0 where it isn't known."""
        text = self.tags.get(Tag.SEED, "")
        return int(text) if text.isdecimal() else 0

    @property
    def objective(self) -> str:
        """The validation metric that says what is better."""
        return self.tags.get(OBJECTIVE_TAG, "")

    @property
    def value(self) -> float:
        """That metric's value; minus infinity where it is undefined."""
        try:
            value = float(self.tags.get(VALUE, "nan"))
        except ValueError:
            value = math.nan
        return -math.inf if math.isnan(value) else value

    @property
    def goodness(self) -> tuple[float, int, int, str]:
        """Orders models of a group, the best one last, without ties.

        Of equal values the smaller seed is better, and of one seed that ran twice the later model. So which one is best
        depends on nothing that happens while they are trained side by side.
        """
        return (self.value, -self.seed, self.created_ms, self.model_id)


def replaced(group: Sequence[StoredModel]) -> list[StoredModel]:
    """The models of a group that go: those to be kept while they are best, of runs that ended, where a better one has finished.

    The best of the finished ones is never among them, whoever asks and whatever of the group they see. So processes that ask at
    the same moment need not know of each other.

    Args:
        group: All of one group.
    """
    finished = [model for model in group if model.run_status == "FINISHED"]
    best = max(finished, key=lambda model: model.goodness, default=None)
    open_states = ("RUNNING", "SCHEDULED")
    return [
        model
        for model in group
        if model.tags.get(KEEP) == "best"
        and model.run_status not in open_states
        and (model.run_status != "FINISHED" or (best is not None and model.goodness < best.goodness))
    ]


def tags_of(plan: RunPlan, model: KeptModel) -> dict[str, str]:
    """The tags of a run's model, those of the run among them by which it is found."""
    known = {
        Tag.KIND: plan.kind.value,
        Tag.DATASET: plan.dataset,
        Tag.DATASET_HASH: plan.dataset_hash,
        Tag.SAMPLER: plan.sampler,
        Tag.LABEL: plan.label,
        Tag.SEED: str(plan.seed),
        Tag.PROTOCOL: plan.protocol,
        Tag.SETTINGS: plan.fingerprint,
        Tag.STUDY: plan.study,
    }
    of_run = {tag.value: value for tag, value in known.items() if value is not None}
    return of_run | {GROUP: model.group, KEEP: model.keep, OBJECTIVE_TAG: model.objective, VALUE: repr(model.value)}
