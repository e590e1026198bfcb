"""One run from settings to record, on one page: prepare, train, validate, rank the test interactions, write it all down.

Whatever listens to a run (pruning, a progress bar, tracking) hangs on `Watcher` and the tracker; a run doesn't know who
asked for it.
"""

from collections.abc import Sequence

from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.device import device_name
from nsbench.errors import OutOfMemory, TrainingError
from nsbench.objective import check_objective
from nsbench.runs.outcome import memory_explained
from nsbench.runs.plan import plan_of
from nsbench.runs.preparation import identity_of, settled, trainer_of
from nsbench.runs.request import RunRequest
from nsbench.runs.run_listener import RunListener
from nsbench.runs.watcher import NullWatcher, Pruned, Watcher
from nsbench.tracking.record import RunRecord
from nsbench.tracking.tracker import Tracker
from nsbench.training.checkpoint.training_checkpoint import Checkpoint, Checkpoints, NullCheckpoint
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


def _check_not_refused(requests: Sequence[RunRequest]) -> None:
    for request in requests:
        if request.refusal:
            raise Pruned(request.refusal)


def _may_go_on(error: BaseException) -> bool:
    """Whether the same run could end well when it is begun again: with more memory or room, or when nobody stops it."""
    return isinstance(error, OutOfMemory) or not isinstance(error, Pruned | TrainingError)
