"""An observer that does what a study and `nsbench train` do beside a run: asks Optuna whether to prune, and draws a bar."""

import io
import time
from types import TracebackType
from typing import Self, final

import optuna
from rich.console import Console
from rich.progress import Progress
from torch import Tensor

from nsbench.runs.observer import RunEvent, Started, Stepped, Validated
from nsbench.runs.request import DEFAULT_OBJECTIVE

_SHOWN_EVERY_S = 0.5
_DRAWN_EVERY_S = 0.5


@final
class StudyObserver:
    """Reports to a study of its own and draws into nothing; use it as a context.

    Args:
        storage: Where Optuna keeps the study.
        n_epochs: The bar's length.
    """

    def __init__(self, storage: str, n_epochs: int) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(storage=storage, direction="maximize", pruner=optuna.pruners.MedianPruner())
        self._trial = study.ask()
        # Drawn when a call comes, not by a thread, so that it is timed.
        console = Console(file=io.StringIO(), force_terminal=True, width=80)
        self._bar = Progress(console=console, auto_refresh=False)
        self._task = self._bar.add_task("train", total=n_epochs)
        self._shown = self._drawn = time.process_time()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def observe(self, event: RunEvent) -> None:
        """Does with each event what the two of them do."""
        match event:
            case Stepped(_, losses):
                self._show_step(losses)
            case Validated(epoch, metrics):
                self._trial.report(metrics[DEFAULT_OBJECTIVE], epoch)
                self._trial.should_prune()
                self._bar.update(self._task, completed=epoch)
            case Started(run_id):
                self._trial.set_user_attr("run_id", run_id)

    def _show_step(self, losses: Tensor) -> None:
        # By CPU time, so that on a busy machine they come as often beside as many steps.
        now = time.process_time()
        if now - self._shown >= _SHOWN_EVERY_S:
            self._shown = now
            self._bar.update(self._task, description=f"loss {losses.mean().item():.4f}")
        if now - self._drawn >= _DRAWN_EVERY_S:
            self._drawn = now
            self._bar.refresh()
