"""What a run needs before its first step: settings without a gap, a trainer, and the identity that its checkpoint goes by."""

from collections.abc import Sequence

from nsbench.batching.batch import BatchSampler
from nsbench.batching.window import windows_of
from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.errors import DatasetError
from nsbench.losses.loss import LossContext
from nsbench.runs.request import RunRequest
from nsbench.samplers.context import SamplerContext
from nsbench.samplers.drawing.history import history_of, validation_items_of
from nsbench.samplers.drawing.sharing import users_per_group
from nsbench.samplers.explicit import check_explicit_negatives, needs_explicit_negatives
from nsbench.tensors.device import choose_device
from nsbench.training.checkpoint.code_hash import running_code
from nsbench.training.checkpoint.training_checkpoint import TrainingIdentity
from nsbench.training.loop import Trainer
from nsbench.training.negative_probe import NegativeProbe
from nsbench.training.progress import Replica


def settled(settings: Settings, dataset: Dataset) -> Settings:
    """The settings with the epochs that they leave to the log's size written out; as `TrainingSettings.budgeted` says.

    Raises:
        SettingsError: The sampler draws from what the dataset doesn't have.
    """
    if needs_explicit_negatives(settings.sampler):
        check_explicit_negatives(dataset)
    training = settings.training
    if training.max_epochs and training.validate_every:
        return settings
    n_sequences = len(windows_of(dataset, settings.model.max_length, training.windows))
    return settings.model_copy(update={"training": training.budgeted(n_sequences)})


def trainer_of(settings: Settings, dataset: Dataset) -> Trainer:
    """What trains these settings on this dataset.

    Raises:
        DatasetError: No user has two training interactions.
    """
    trainer, _ = _trainer_in_context(settings, dataset)
    return trainer


def _trainer_in_context(settings: Settings, dataset: Dataset) -> tuple[Trainer, SamplerContext]:
    device = choose_device()
    max_length = settings.model.max_length
    windows = windows_of(dataset, max_length, settings.training.windows)
    if len(windows) == 0:
        raise DatasetError(
            f"dataset {dataset.card.name} has no user with two training interactions, so there is no next item to train "
            "on; prepare it from a longer log, or with a smaller --valid-share and --test-share"
        )
    all_items = settings.evaluation.cold_items == "tail"
    context = SamplerContext(
        dataset,
        windows,
        history_of(dataset, device),
        history_of(dataset, device, last_targets=max_length),
        settings.training.batch_size,
        users_per_group(windows, settings.training.batch_size),
        dataset.n_items if all_items else dataset.n_candidates,
        device,
        settings.evaluation.cohort_counts,
        settings.evaluation.cohort_rule,
    )
    training = settings.training
    batches = BatchSampler(
        dataset, windows, training.batch_size, device, training.user_order, epoch_users=training.epoch_users
    )
    sampler = settings.sampler.build(context)
    sampling = settings.sampler
    n_negatives, is_in_batch = sampling.n_trained_on(context.n_candidates), "in-batch" in sampling.traits
    loss = settings.loss.build(LossContext(n_negatives, context.n_candidates, positive_is_proposed=is_in_batch))
    trainer = Trainer(batches, sampler, loss, settings.model, settings.training, dataset.n_items, device)
    return trainer, context


def prepared(settings: Settings, dataset: Dataset) -> tuple[Trainer, NegativeProbe]:
    """What trains these settings on this dataset, and what looks at its negatives at each validation.

    Raises:
        DatasetError: No user has two training interactions.
    """
    trainer, context = _trainer_in_context(settings, dataset)
    later = validation_items_of(dataset, trainer.device)
    parts = (trainer.batches, trainer.sampler, trainer.loss, context.whole_history, later, context.cohorts)
    return trainer, NegativeProbe(*parts, context.n_candidates, trainer.device)


def replicas_of(settings: Sequence[Settings], requests: Sequence[RunRequest]) -> list[Replica]:
    """What differs between runs that are trained side by side."""
    pairs = zip(settings, requests, strict=True)
    return [Replica(request.seed, one.training.learning_rate) for one, request in pairs]


def identity_of(
    settings: Sequence[Settings], dataset: Dataset, requests: Sequence[RunRequest], device: str
) -> TrainingIdentity:
    """What makes two trainings the same, whoever asked for them."""
    return TrainingIdentity(
        settings=[one.fingerprint() for one in settings],
        dataset=dataset.card.content_hash,
        seeds=[request.seed for request in requests],
        objectives=[request.objective for request in requests],
        device=device,
        variant=_variant_of(requests[0]),
        code=running_code(type(settings[0].sampler).__module__),
    )


def _variant_of(request: RunRequest) -> str:
    """What of a training its settings and its dataset don't say; empty where they say all."""
    parts = [] if request.start is None else [f"from {request.start.digest}"]
    return ", ".join(parts if request.rank_validation else [*parts, "all data"])
