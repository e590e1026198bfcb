"""What a run's observer is told, and what telling it costs."""

from pathlib import Path

import pytest

from nsbench.runs.experiment import run, run_replicas
from nsbench.runs.observer import NullObserver, Resumed, RunEvent, Started, Stepped, Validated
from nsbench.runs.request import RunRequest
from nsbench.terms import RunKind
from nsbench.tracking.tracker import NullTracker
from nsbench.training.checkpoint.training_checkpoint import Checkpoints
from nsbench.training.distributed import group_observer
from tests.runs.test_experiment import REQUEST, Interrupter, Recorder, ring_log, settings


class Keeper:
    """Keeps every event."""

    def __init__(self) -> None:
        self.events: list[RunEvent] = []

    def observe(self, event: RunEvent) -> None:
        self.events.append(event)

    @property
    def names(self) -> list[str]:
        """A word per event; steps that follow each other are one."""
        names = [type(event).__name__ for event in self.events]
        return [name for name, before in zip(names, ["", *names], strict=False) if name != before or name != "Stepped"]


def test_a_run_is_started_then_stepped_and_validated_in_turn() -> None:
    """60 users in batches of 16 are 4 steps per epoch; 4 epochs, of which every second is validated."""
    keeper = Keeper()
    run(settings(max_epochs=4), ring_log(), Recorder(), REQUEST, keeper)
    assert keeper.names == ["Started", "Stepped", "Validated", "Stepped", "Validated"]
    assert keeper.events[0] == Started("run-1")
    assert sum(isinstance(event, Stepped) for event in keeper.events) == 16


def test_a_resumed_run_is_told_its_curve_again(tmp_path: Path) -> None:
    """Interrupted while epoch 4 is validated, which comes again after the validation of epoch 2 was told once more."""
    keeper, checkpoints = Keeper(), Checkpoints(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run(settings(), ring_log(), Recorder(), REQUEST, Interrupter(KeyboardInterrupt()), checkpoints)
    run(settings(max_epochs=4), ring_log(), NullTracker(), REQUEST, keeper, checkpoints)
    assert keeper.events[:2] == [Started(None), Resumed(2)]
    assert [event.epoch for event in keeper.events if isinstance(event, Validated)] == [2, 4]


def test_a_step_of_runs_side_by_side_is_one_event_for_all_of_them() -> None:
    requests = [RunRequest(RunKind.REPEAT, seed=seed) for seed in range(2)]
    first, second = Keeper(), Keeper()
    run_replicas([settings(max_epochs=2)] * 2, ring_log(), NullTracker(), requests, [first, second])
    steps = [[event for event in one.events if isinstance(event, Stepped)] for one in (first, second)]
    assert len(steps[0]) == 8
    assert all(one is other for one, other in zip(*steps, strict=True))
    assert steps[0][0].losses.shape == (2,)


def test_a_step_that_nobody_observes_makes_no_event(monkeypatch: pytest.MonkeyPatch) -> None:
    def made(*_: object) -> None:
        raise AssertionError("nobody observes")

    monkeypatch.setattr(group_observer, "Stepped", made)
    run(settings(max_epochs=2), ring_log(), NullTracker(), REQUEST)
    with pytest.raises(AssertionError):
        run(settings(max_epochs=2), ring_log(), NullTracker(), REQUEST, NullObserver())
