"""What a command in the foreground does while its run goes on: it shows how far it is, and ends it when it is interrupted.

It imports torch, which the commands import only when they have something to train.
"""

import time
from collections.abc import Callable
from typing import Self, final

from rich.progress import Progress, TextColumn, TimeElapsedColumn

from nsbench.runs.observer import Resumed, RunEvent, Started, Stepped, Validated
from nsbench.view.console import Console
from nsbench.view.interruption import Interruption

_SHOWN_EVERY_S = 0.5


@final
class InterruptionObserver:
    """Shows nothing, and ends the training between two steps if that was asked for."""

    def __init__(self, interruption: Interruption) -> None:
        self._interruption = interruption

    def observe(self, event: RunEvent) -> None:
        """Checks for an interruption after each step."""
        if isinstance(event, Stepped):
            self._interruption.check()


@final
class ProgressObserver:
    """A line with the epochs, the loss, positives per second and the time so far; use it as a context.

    Most runs stop early, so that what is left can't be told.

    Args:
        n_epochs: At most.
        objective: The validation metric that is shown, by full name.
        interruption: Checked after each step.
        fresh: What starts a resumed run over.
        say: Takes the lines where nothing is drawn live; None: they are printed.
        live: Whether it is drawn live where that can be done.
    """

    def __init__(
        self,
        n_epochs: int,
        objective: str,
        interruption: Interruption,
        fresh: str = "--fresh",
        say: Callable[[str], None] | None = None,
        *,
        live: bool = True,
    ) -> None:
        self._n_epochs = n_epochs
        self._objective = objective
        self._interruption = interruption
        self._fresh = fresh
        console = Console()
        self._is_live = live and console.is_live
        self._say = say if say is not None and not self._is_live else console.print
        self._progress = Progress(
            TextColumn("epoch {task.completed:.0f} of at most {task.total}"),
            TextColumn("loss {task.fields[loss]}, {task.fields[rate]} positives/s, {task.fields[score]}"),
            TimeElapsedColumn(),
            console=console,
            refresh_per_second=2,
            # A file gets one line per validation instead.
            disable=not self._is_live,
        )
        self._task = self._progress.add_task("train", total=n_epochs, loss="-", rate="-", score="")
        self._n_positives = 0
        self._last = time.perf_counter()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def observe(self, event: RunEvent) -> None:
        """Shows the event."""
        match event:
            case Stepped():
                self._interruption.check()
                self._show_step(event)
            case Validated():
                self._show_validation(event)
            case Started(run_id):
                if run_id is not None:
                    self._say(f"MLflow run {run_id}")
            case Resumed(epoch):
                where = f"after epoch {epoch}" if epoch else "before its first validation"
                self._say(f"going on with an earlier run, {where}; with {self._fresh} it starts over")

    def _show_step(self, step: Stepped) -> None:
        """Shows loss and speed, at most twice per second: reading the loss waits for the device."""
        self._n_positives += step.n_positives
        seconds = time.perf_counter() - self._last
        if seconds < _SHOWN_EVERY_S:
            return
        rate = f"{self._n_positives / seconds:,.0f}"
        self._progress.update(self._task, loss=f"{step.losses.mean().item():.4f}", rate=rate)
        self._n_positives, self._last = 0, time.perf_counter()

    def _show_validation(self, validation: Validated) -> None:
        """Moves the bar and shows the objective."""
        epoch, metrics = validation.epoch, validation.metrics
        score = f"{self._objective} {metrics.get(self._objective, float('nan')):.4f}"
        self._progress.update(self._task, completed=epoch, score=score)
        if not self._is_live:
            self._say(f"epoch {epoch}/{self._n_epochs}  loss {metrics['train/loss']:.4f}  {score}")
