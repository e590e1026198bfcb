"""Several trackers get the same calls."""

from collections.abc import Mapping

import pytest

from nsbench.errors import StoreOutage
from nsbench.tracking.fan_out import FanOutTracker
from nsbench.tracking.record import RunPlan, RunRecord
from nsbench.tracking.tracker import EndStatus
from tests.tracking.run_builder import plan_of, record_of

PLAN = plan_of()
RECORD = record_of(PLAN, {})


class Notes:
    """A tracker and its only run, which notes what it is told, and fails where it is out."""

    def __init__(self, run_id: str, *, is_out: bool = False, refuses: bool = False) -> None:
        self.run_id, self.calls = run_id, []
        self._is_out, self._refuses = is_out, refuses

    def start(self, plan: RunPlan) -> "Notes":
        if self._refuses:
            raise StoreOutage("refused")
        return self._noted("start", plan)

    def log_validation(self, epoch: int, metrics: Mapping[str, float]) -> None:
        self._noted("log_validation", epoch, metrics)

    def record_result(self, record: RunRecord) -> None:
        self._noted("record_result", record)

    def close(self) -> None:
        self._noted("close")

    def finish(self, record: RunRecord) -> None:
        self._noted("finish", record)

    def stop(self, status: EndStatus, reason: str) -> None:
        self._noted("stop", status, reason)

    def _noted(self, *call: object) -> "Notes":
        self.calls.append(call)
        if self._is_out and call[0] != "start":
            raise StoreOutage(f"{self.run_id} is out")
        return self


def test_each_tracker_gets_every_call_and_the_first_ones_id_is_the_runs() -> None:
    first, second = Notes("one"), Notes("two")
    handle = FanOutTracker(first, second).start(PLAN)
    handle.log_validation(3, {"valid/all/mrr": 0.5})
    handle.record_result(RECORD)
    handle.close()
    handle.finish(RECORD)
    handle.stop("KILLED", "stopped")
    assert handle.run_id == "one"
    assert [call[0] for call in first.calls] == ["start", "log_validation", "record_result", "close", "finish", "stop"]
    assert second.calls == first.calls


def test_a_tracker_that_fails_keeps_nothing_from_the_others() -> None:
    first, second = Notes("one", is_out=True), Notes("two")
    handle = FanOutTracker(first, second).start(PLAN)
    with pytest.raises(StoreOutage, match="one is out"):
        handle.finish(RECORD)
    assert second.calls[-1] == ("finish", RECORD)


def test_a_run_that_one_tracker_refuses_is_stopped_where_it_had_started() -> None:
    first = Notes("one")
    with pytest.raises(StoreOutage, match="refused"):
        FanOutTracker(first, Notes("two", refuses=True)).start(PLAN)
    assert first.calls[-1] == ("stop", "FAILED", "StoreOutage: refused")
