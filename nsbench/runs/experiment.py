"""One run from settings to record, on one page: prepare, train, validate, rank the test interactions, write it all down.

Whatever listens to a run (pruning, a progress bar, tracking) hangs on `Watcher` and the tracker; a run doesn't know who
asked for it.
"""

from collections.abc import Sequence

from nsbench.batching.batch import BatchSource
from nsbench.batching.window import windows_of
from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.device import choose_device, device_name
from nsbench.errors import DatasetError, OutOfMemory, TrainingError
from nsbench.evaluation.cohort import evaluated_card
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.losses.loss import LossContext
from nsbench.objective import check_objective
from nsbench.runs.outcome import memory_explained
from nsbench.runs.request import RunRequest
from nsbench.runs.run_listener import RunListener
from nsbench.runs.watcher import NullWatcher, Pruned, Watcher
from nsbench.samplers.history import history_of
from nsbench.samplers.sampler import SamplerContext
from nsbench.samplers.sharing import users_per_group
from nsbench.terms import Tag
from nsbench.tracking.record import RunPlan, RunRecord
from nsbench.tracking.tracker import Tracker
from nsbench.training.checkpoint.training_checkpoint import Checkpoint, Checkpoints, NullCheckpoint, TrainingIdentity
from nsbench.training.loop import Trainer
from nsbench.training.progress import Replica


def run(
    settings: Settings,
    dataset: Dataset,
    tracker: Tracker,
    request: RunRequest,
    watcher: Watcher | None = None,
    checkpoints: Checkpoints | None = None,
) -> RunRecord:
    """One run: trains, keeps the best epoch, ranks, records.

    Args:
        settings: Of everything.
        dataset: The prepared log.
        tracker: Where the run is recorded.
        request: What is asked beside the settings.
        watcher: Who watches.
        checkpoints: Where the training is kept while it goes on, so that the same call goes on with what was
            interrupted; None: nowhere.

    Raises:
        DatasetError: The dataset has nothing to train on or to validate with.
        NonFiniteLoss: The loss is no number.
        OutOfMemory: The settings need more memory than there is.
        SettingsError: There is no such objective.
        StorageError: The best epoch's parameters can't be written.
    """
    watchers = None if watcher is None else [watcher]
    (record,) = run_replicas([settings], dataset, tracker, [request], watchers, checkpoints).values()
    return record


def run_replicas(
    settings: Sequence[Settings],
    dataset: Dataset,
    tracker: Tracker,
    requests: Sequence[RunRequest],
    watchers: Sequence[Watcher] | None = None,
    checkpoints: Checkpoints | None = None,
) -> dict[int, RunRecord]:
    """Several runs side by side in one set of kernels; the same errors as `run`.

    A run that is pruned, whose loss is no number, or whose result isn't taken ends alone, and the others go on. Where none
    has a result in the end, what ended the last one is raised; any other error ends all runs.

    Args:
        settings: One a run; they may differ in learning_rate only.
        dataset: The prepared log.
        tracker: Where the runs are recorded.
        requests: One a run.
        watchers: Who watches, one a run. None: nobody.
        checkpoints: Where the training is kept while it goes on; None: nowhere.

    Returns:
        The results of the runs that have one, by their place in `requests`.
    """
    settings = [settled(one, dataset) for one in settings]
    for one, request in zip(settings, requests, strict=True):
        check_objective(request.objective, one.evaluation.cutoffs)
    with memory_explained(settings[0]):
        trainer = trainer_of(settings[0], dataset)
    checkpoint: Checkpoint = NullCheckpoint()
    if checkpoints is not None:
        checkpoint = checkpoints.of(identity_of(settings, dataset, requests, device_name(trainer.device)))
    plans = [plan_of(one, dataset, request) for one, request in zip(settings, requests, strict=True)]
    watchers = watchers or [NullWatcher() for _ in requests]
    listener = RunListener(dataset, settings, requests, watchers, trainer.placement)
    try:
        for plan in plans:
            listener.add(tracker.start(plan))
        listener.start()
        _check_not_refused(requests)
        replicas = [
            Replica(request.seed, one.training.learning_rate) for one, request in zip(settings, requests, strict=True)
        ]
        with memory_explained(settings[0]):
            result = trainer.train(replicas, listener, checkpoint)
            records = {
                number: listener.record(place, plans[number], result, trainer.device)
                for place, number in enumerate(result.numbers)
            }
        finished = {number: record for number, record in records.items() if listener.finish(number, record)}
    except BaseException as error:
        # Where one has finished, nobody asks for the same runs together again.
        if listener.n_finished or not _may_go_on(error):
            checkpoint.remove()
        listener.stop(error)
        raise
    # What was cut off goes on from its checkpoint when it is asked for again with more epochs.
    if not any(result.cut_off) or settings[0].training.patience == 0:
        checkpoint.remove()
    return finished


def settled(settings: Settings, dataset: Dataset) -> Settings:
    """The settings with the epochs that they leave to the log's size written out; as `TrainingSettings.budgeted` says."""
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
        users_per_group(windows, settings.training.batch_size),
        dataset.n_items if all_items else dataset.n_candidates,
        device,
        settings.evaluation.cohort_counts,
        settings.evaluation.cohort_rule,
    )
    training = settings.training
    batches = BatchSource(
        dataset, windows, training.batch_size, device, training.user_order, epoch_users=training.epoch_users
    )
    sampler = settings.sampler.build(context)
    loss = settings.loss.build(
        LossContext(settings.sampler.n_kept, context.n_candidates, "in-batch" in settings.sampler.traits)
    )
    return Trainer(batches, sampler, loss, settings.model, settings.training, dataset.n_items, device)


def plan_of(settings: Settings, dataset: Dataset, request: RunRequest) -> RunPlan:
    """What is known of a run before it starts."""
    sampler = settings.sampler
    counts = sampler.count_fields()
    tags = {
        Tag.TRAITS.value: ",".join(sorted(sampler.traits)),
        Tag.LOSS.value: settings.loss.name,
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
    )


def protocol_of(settings: EvaluationSettings, dataset: Dataset) -> str:
    """The evaluation protocol in words, such as "rolling/exclude/separate/leave_out/mean/interactions/filled"."""
    seen = dataset.card.seen_items if settings.seen_items == "dataset" else settings.seen_items
    items = f"{settings.cold_items}/{settings.unseen_in_history}"
    return f"{settings.targets}/{seen}/{items}/{settings.ties}/{settings.cohort_counts}/{settings.cohort_rule}"


def _check_not_refused(requests: Sequence[RunRequest]) -> None:
    for request in requests:
        if request.refusal:
            raise Pruned(request.refusal)


def _may_go_on(error: BaseException) -> bool:
    """Whether the same run could end well when it is begun again: with more memory or room, or when nobody stops it."""
    return isinstance(error, OutOfMemory) or not isinstance(error, Pruned | TrainingError)
