"""What a run's record says before anything is trained: the plan, and the protocol that it is evaluated by."""

from nsbench.config import Settings
from nsbench.data.cohort_cut import DEFAULT_CUT
from nsbench.data.dataset import Dataset
from nsbench.evaluation.cohort import evaluated_card
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.runs.request import RunRequest
from nsbench.terms import Tag
from nsbench.tracking.record import RunPlan


def plan_of(settings: Settings, dataset: Dataset, request: RunRequest) -> RunPlan:
    """What is known of a run before it starts."""
    sampler = settings.sampler
    counts = sampler.count_fields()
    tags = {
        Tag.TRAITS.value: ",".join(sorted(sampler.traits)),
        Tag.LOSS.value: settings.loss.name,
        Tag.LOSS_SETTINGS.value: ",".join(type(settings.loss).model_fields),
        Tag.MODEL.value: settings.model.name,
        Tag.N_PROPOSED.value: counts.proposed_text,
        **request.tags,
    }
    if counts.kept is not None:
        tags[Tag.N_KEPT.value] = counts.kept
    # The paper has one loss and one backbone: no other method is one of its.
    if sampler.paper_name is not None and settings.method.is_default:
        tags[Tag.PAPER_NAME.value] = sampler.paper_name
    return RunPlan(
        kind=request.kind,
        dataset=dataset.card.name,
        dataset_hash=dataset.card.content_hash,
        sampler=settings.method.name,
        label=settings.method.label,
        params=settings.flat(),
        fingerprint=settings.fingerprint(),
        protocol=protocol_of(settings.evaluation, dataset),
        seed=request.seed,
        study=request.study,
        trial=request.trial,
        tags=tags,
        dataset_card=evaluated_card(dataset, settings.evaluation).model_dump_json(),
    )


def protocol_of(settings: EvaluationSettings, dataset: Dataset) -> str:
    """The evaluation protocol in words, such as "rolling/exclude/separate/leave_out/mean/interactions/filled".

    What was no setting in the first version is named only where it is not as it was then, as stored runs name it.
    """
    seen = settings.seen_items_of(dataset.card)
    items = f"{settings.cold_items}/{settings.unseen_in_history}"
    cut = "" if settings.cohort_cut == DEFAULT_CUT else f"/{settings.cohort_cut}"
    return f"{settings.targets}/{seen}/{items}/{settings.ties}/{settings.cohort_counts}/{settings.cohort_rule}{cut}"
