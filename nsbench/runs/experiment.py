"""One run from settings to record, on one page: prepare, train, validate, rank the test interactions, write it all down.

Whatever else happens because of a run (pruning, a progress bar, tracking) observes it; a run doesn't know who asked for it.
"""

from collections.abc import Sequence
from dataclasses import replace

from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.errors import OutOfMemory, TrainingError
from nsbench.objective import check_objective
from nsbench.runs.cost import cost_of
from nsbench.runs.evaluator import RunEvaluator
from nsbench.runs.observer import Observer, Pruned
from nsbench.runs.outcome import explain_out_of_memory, explained
from nsbench.runs.plan import plan_of
from nsbench.runs.preparation import identity_of, prepared, replicas_of, settled
from nsbench.runs.recorder import Recorder
from nsbench.runs.request import RunRequest
from nsbench.runs.run_models import RunModels
from nsbench.tensors.device import device_name
from nsbench.tracking.record import RunRecord
from nsbench.tracking.tracker import Tracker
from nsbench.trained.keeper import ModelKeeper, NullModelKeeper
from nsbench.training.checkpoint.training_checkpoint import Checkpoint, Checkpoints, NullCheckpoint
from nsbench.training.loop import Trainer
from nsbench.training.result import TrainingResult


def run(
    settings: Settings,
    dataset: Dataset,
    tracker: Tracker,
    request: RunRequest,
    observer: Observer | None = None,
    checkpoints: Checkpoints | None = None,
    keeper: ModelKeeper | None = None,
) -> RunRecord:
    """One run: trains, keeps the best epoch, ranks, records.

    Args:
        settings: Of everything.
        dataset: The prepared log.
        tracker: Where the run is recorded.
        request: What is asked beside the settings.
        observer: Receives what happens; None: nothing does.
        checkpoints: Where the training is kept while it goes on, so that the same call resumes what was interrupted;
            None: nowhere.
        keeper: Makes the folder of the trained model, where the request keeps it; None: no model is kept.

    Raises:
        DatasetError: The dataset has nothing to train on or to validate with.
        NonFiniteLoss: The loss is NaN or infinite.
        OutOfMemory: The settings need more memory than there is.
        SettingsError: There is no such objective.
        StorageError: The best epoch's parameters can't be written.
    """
    observers = () if observer is None else (observer,)
    (record,) = run_replicas([settings], dataset, tracker, [request], observers, checkpoints, keeper).values()
    return record


def run_replicas(
    settings: Sequence[Settings],
    dataset: Dataset,
    tracker: Tracker,
    requests: Sequence[RunRequest],
    observers: Sequence[Observer] = (),
    checkpoints: Checkpoints | None = None,
    keeper: ModelKeeper | None = None,
) -> dict[int, RunRecord]:
    """Several runs side by side in one set of kernels; the same errors as `run`.

    A run that is pruned, whose loss is NaN or infinite, or whose result isn't taken ends alone, and the others go on. Where none
    has a result in the end, what ended the last one is raised; any other error ends all runs.

    Args:
        settings: One per run; they may differ in learning_rate only.
        dataset: The prepared log.
        tracker: Where the runs are recorded.
        requests: One per run.
        observers: Receives what happens, one per run; empty: nothing does.
        checkpoints: Where the training is kept while it goes on; None: nowhere.
        keeper: Makes the folders of the trained models that the requests keep; None: no model is kept.

    Returns:
        The results of the runs that have one, by their slot in `requests`.
    """
    settings = [settled(one, dataset) for one in settings]
    for one, request in zip(settings, requests, strict=True):
        check_objective(request.objective, one.evaluation.cutoffs)
    with explain_out_of_memory(settings[0]):
        trainer, probe = prepared(settings[0], dataset)
    trainer = replace(trainer, start=requests[0].start)
    checkpoint: Checkpoint = NullCheckpoint()
    if checkpoints is not None:
        checkpoint = checkpoints.of(identity_of(settings, dataset, requests, device_name(trainer.device)))
    plans = [plan_of(one, dataset, request) for one, request in zip(settings, requests, strict=True)]
    evaluator = RunEvaluator(dataset, settings, requests, trainer.placement, probe)
    recorder = Recorder(plans, observers, lambda run, error: explained(error, settings[run], dataset.n_candidates))
    models = RunModels(keeper or NullModelKeeper(), settings, requests, dataset)
    try:
        recorder.start(tracker)
        _check_not_refused(requests)
        with models.open():
            with explain_out_of_memory(settings[0]):
                result = trainer.train(replicas_of(settings, requests), evaluator, recorder, checkpoint)
                records = _records(result, trainer, evaluator, recorder, requests, models)
            finished = {number: record for number, record in records.items() if recorder.finish(number, record)}
    except BaseException as error:
        # Where one has finished, nobody asks for the same runs together again.
        if recorder.n_finished or not _may_go_on(error):
            checkpoint.remove()
        recorder.stop(error)
        raise
    # What was cut off goes on from its checkpoint when it is asked for again with more epochs.
    if not any(result.cut_off) or settings[0].training.patience == 0 or not requests[0].goes_on:
        checkpoint.remove()
    return finished


def _records(
    result: TrainingResult,
    trainer: Trainer,
    evaluator: RunEvaluator,
    recorder: Recorder,
    requests: Sequence[RunRequest],
    models: RunModels,
) -> dict[int, RunRecord]:
    """Keeps each run's best model, ranks the test interactions by it, and puts the run's record together."""
    records = {}
    for slot, number in enumerate(result.replica_ids):
        model = result.model.replica(slot)
        trainer.placement.save(model, trainer.n_items, requests[number].checkpoint)
        kept = models.place(number)
        trainer.placement.save(model, trainer.n_items, kept)
        tested = evaluator.test(number, model)
        cost = cost_of(slot, result, tested.seconds, trainer.device, trainer.group)
        records[number] = models.kept(number, kept, recorder.record_of(slot, result, tested, cost))
    return records


def _check_not_refused(requests: Sequence[RunRequest]) -> None:
    for request in requests:
        if request.refusal:
            raise Pruned(request.refusal)


def _may_go_on(error: BaseException) -> bool:
    """Whether the same run could end well when it is begun again: with more memory or room, or when nobody stops it."""
    return isinstance(error, OutOfMemory) or not isinstance(error, Pruned | TrainingError)
