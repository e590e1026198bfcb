"""Times what a run tells its tracker and its observer."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import final

from nsbench.bench.measuring.clock import Moment
from nsbench.runs.observer import Observer, RunEvent, Stepped, Validated
from nsbench.tracking.record import RunPlan, RunRecord
from nsbench.tracking.tracker import EndStatus, RunHandle, Tracker


@dataclass
class Meter:
    """The time of every call of one run.

    Attributes:
        ends: Calls at the beginning and the end of the run.
        validations: Each validation, tracker and observer together.
        steps: Each step.
        run: The whole run.
    """

    ends: list[Moment] = field(default_factory=list)
    validations: list[Moment] = field(default_factory=list)
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
        with timed(self._meter.validations):
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
class MeteredObserver:
    """An observer whose calls are timed."""

    def __init__(self, observer: Observer, meter: Meter) -> None:
        self._observer = observer
        self._meter = meter

    def observe(self, event: RunEvent) -> None:
        """Passes the event on."""
        match event:
            case Stepped():
                times = self._meter.steps
            case Validated():
                times = []
            case _:
                times = self._meter.ends
        with timed(times):
            self._observer.observe(event)
        if isinstance(event, Validated):
            # The tracker was told of it just before, and both belong to one validation.
            self._meter.validations[-1] += times[0]
