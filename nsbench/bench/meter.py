"""Times what a run tells its tracker and its watcher."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import final

from torch import Tensor

from nsbench.bench.clock import Moment
from nsbench.runs.watcher import Watcher
from nsbench.tracking.record import RunPlan, RunRecord
from nsbench.tracking.tracker import EndStatus, RunHandle, Tracker


@dataclass
class Meter:
    """The time of every call of one run.

    Attributes:
        ends: Calls at the beginning and the end of the run.
        looks: Each look at the validation interactions, tracker and watcher together.
        steps: Each step.
        run: The whole run.
    """

    ends: list[Moment] = field(default_factory=list)
    looks: list[Moment] = field(default_factory=list)
    steps: list[Moment] = field(default_factory=list)
    run: Moment = field(default_factory=Moment)

    @contextmanager
    def timing_the_run(self) -> Iterator[None]:
        """Wraps the run."""
        began = Moment.now()
        yield
        self.run = Moment.now() - began


@contextmanager
def timed(times: list[Moment]) -> Iterator[None]:
    """Notes how long the block takes."""
    began = Moment.now()
    yield
    times.append(Moment.now() - began)


@final
class MeteredTracker:
    """A tracker whose calls are timed."""

    def __init__(self, tracker: Tracker, meter: Meter) -> None:
        self._tracker = tracker
        self._meter = meter

    def start(self, plan: RunPlan) -> RunHandle:
        """Creates the run."""
        with timed(self._meter.ends):
            handle = self._tracker.start(plan)
        return _MeteredHandle(handle, self._meter)


@final
class _MeteredHandle:
    """A run whose calls are timed."""

    def __init__(self, handle: RunHandle, meter: Meter) -> None:
        self._handle = handle
        self._meter = meter

    @property
    def run_id(self) -> str | None:
        return self._handle.run_id

    def log_validation(self, epoch: int, metrics: Mapping[str, float]) -> None:
        with timed(self._meter.looks):
            self._handle.log_validation(epoch, metrics)

    def record_result(self, record: RunRecord) -> None:
        with timed(self._meter.ends):
            self._handle.record_result(record)

    def close(self) -> None:
        with timed(self._meter.ends):
            self._handle.close()

    def finish(self, record: RunRecord) -> None:
        with timed(self._meter.ends):
            self._handle.finish(record)

    def stop(self, status: EndStatus, reason: str) -> None:
        with timed(self._meter.ends):
            self._handle.stop(status, reason)


@final
class MeteredWatcher:
    """A watcher whose calls are timed."""

    def __init__(self, watcher: Watcher, meter: Meter) -> None:
        self._watcher = watcher
        self._meter = meter

    def on_start(self, run_id: str | None) -> None:
        """The run is about to train."""
        with timed(self._meter.ends):
            self._watcher.on_start(run_id)

    def on_resume(self, epoch: int) -> None:
        """The run goes on with an earlier attempt."""
        with timed(self._meter.ends):
            self._watcher.on_resume(epoch)

    def on_step(self, n_positives: int, loss: Tensor) -> None:
        """A step was taken."""
        with timed(self._meter.steps):
            self._watcher.on_step(n_positives, loss)

    def on_validation(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """A look was taken, of which the tracker heard just before."""
        took: list[Moment] = []
        with timed(took):
            self._watcher.on_validation(epoch, metrics)
        self._meter.looks[-1] += took[0]

    def on_end(self, error: Exception) -> None:
        """Never happens: there is one run."""
