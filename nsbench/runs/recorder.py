"""Records runs while they train: every event of theirs goes to the tracking store and to the run's observer."""

from collections.abc import Callable, Sequence
from typing import final

from nsbench.errors import TrainingError
from nsbench.runs.evaluator import Tested
from nsbench.runs.observer import Ended, NullObserver, Observer, Pruned, Resumed, Started, Stepped, Validated
from nsbench.runs.outcome import end_of
from nsbench.terms import CUT_OFF
from nsbench.tracking.record import Cost, RunPlan, RunRecord, Validation
from nsbench.tracking.tracker import RunHandle, Tracker
from nsbench.training.event import StopReplica, TrainingEvent
from nsbench.training.result import TrainingResult


@final
class Recorder:
    """Observes the training of some runs side by side, and ends those that end alone.

    Args:
        plans: One per run.
        observers: One per run; empty: nobody observes.
        explain: Adds to what ended the run of this number what its settings have to do with it.
    """

    def __init__(
        self,
        plans: Sequence[RunPlan],
        observers: Sequence[Observer],
        explain: Callable[[int, Exception], Exception],
    ) -> None:
        self._plans = plans
        self._observers = observers or [NullObserver()] * len(plans)
        self._explain = explain
        self._handles: list[RunHandle] = []
        self._finished: set[int] = set()
        self._ended: set[int] = set()
        self.observes_steps = bool(observers)

    @property
    def n_finished(self) -> int:
        """Runs that are recorded with a result."""
        return len(self._finished)

    def start(self, tracker: Tracker) -> None:
        """Begins the runs' records, and then sends each observer its own."""
        for plan in self._plans:
            self._handles.append(tracker.start(plan))
        for handle, observer in zip(self._handles, self._observers, strict=True):
            observer.observe(Started(handle.run_id))

    def observe(self, replicas: Sequence[int], event: TrainingEvent) -> None:
        """Records an event and passes it on; a run whose observer prunes it ends alone.

        The validations of an earlier attempt come again, so that the record of a resumed run has the whole curve.
        """
        if isinstance(event, Stepped):
            for number in replicas:
                self._observers[number].observe(event)
            return
        (number,) = replicas
        match event:
            case Resumed():
                self._tell(number, event)
            case Validated(epoch, metrics):
                self._handles[number].log_validation(epoch, metrics)
                self._tell(number, event)
            case Ended(error):
                self._end(number, self._explain(number, error))

    def record_of(self, slot: int, result: TrainingResult, tested: Tested, cost: Cost) -> RunRecord:
        """Puts together what is recorded of a run that has a result.

        Args:
            slot: The run's slot in the result.
            result: Of all runs that have one.
            tested: Its ranking of the test interactions.
            cost: What it took.
        """
        number, made = result.replica_ids[slot], result.validations[slot]
        best = next(one for one in made if one.epoch == result.best_epochs[slot])
        metrics = {**best.metrics, CUT_OFF: float(result.cut_off[slot]), **tested.metrics}
        validations = tuple(Validation(one.epoch, one.metrics) for one in made)
        run_id = self._handles[number].run_id
        return RunRecord(
            self._plans[number],
            metrics,
            validations,
            best.epoch,
            tested.ranks,
            cost,
            run_id,
            negative_ranks=tested.negative_ranks,
        )

    def finish(self, number: int, record: RunRecord) -> bool:
        """Records a run's result, and returns whether it was taken.

        Raises:
            TrainingError: It wasn't, and no run has a result.
        """
        try:
            self._handles[number].finish(record)
        except TrainingError as error:
            self._end(number, error)
            return False
        self._finished.add(number)
        return True

    def stop(self, error: BaseException) -> None:
        """Ends all runs that have not ended, for an error."""
        for number, handle in enumerate(self._handles):
            if number not in self._finished | self._ended:
                handle.stop(*end_of(error))

    def _tell(self, number: int, event: Resumed | Validated) -> None:
        """Sends a run's observer an event; the observer may prune the run."""
        try:
            self._observers[number].observe(event)
        except Pruned as error:
            self._end(number, error)
            raise StopReplica from error

    def _end(self, number: int, error: Exception) -> None:
        """Ends one run without a result; raises the error instead where there is no other to go on or to have finished."""
        if len(self._ended) + 1 == len(self._plans):
            raise error
        self._ended.add(number)
        # A study notes why the run ends before its record says so.
        self._observers[number].observe(Ended(error))
        self._handles[number].stop(*end_of(error))
