"""Shows studies and lists of runs while they go on: a live table in a terminal, a line a finished run elsewhere."""

import time
from collections.abc import Callable, Sequence
from statistics import fmean
from types import TracebackType
from typing import Self, final

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from nsbench.study.workers.job import JobSource, Row
from nsbench.terms import more_epochs
from nsbench.view.console import Console

_STYLES = {"running": "cyan", "finished": "green", "pruned": "yellow", "failed": "red", "interrupted": "magenta"}
_ENDED = ("finished", "pruned", "failed", "interrupted")
_ROWS_KEPT_FREE = 6
_CUT_OFF = "cut off"


def say_start(n_workers: int) -> None:
    """Fills the seconds until the workers have imported what they need."""
    Console().print(f"starting {n_workers} worker{'s' if n_workers > 1 else ''}", style="dim", highlight=False)


@final
class StudyView:
    """Looks on while an engine works; use it as a context.

    Args:
        say: Takes the lines where nothing is drawn live; None: they are printed.
        live: Whether it is drawn live where that can be done.
    """

    def __init__(self, say: Callable[[str], None] | None = None, *, live: bool = True) -> None:
        self._console = Console()
        self._say = say or self._print
        self._live = Live(console=self._console, auto_refresh=False) if live and self._console.is_live else None
        self._printed: set[tuple[str, str]] = set()
        self._before: set[tuple[str, str]] = set()
        self._begun: set[str] = set()
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, sources: Sequence[JobSource]) -> None:
        """Draws the tables anew, or prints what has ended since the last time."""
        for source in sources:
            self._note_begun(source)
        if self._live is None:
            for source in sources:
                self._print_ended(source, sources)
            return
        room = max(8, self._console.height - _ROWS_KEPT_FREE * len(sources)) // max(1, len(sources))
        tables = (_table(source, room) for source in sources)
        self._live.update(Group(*tables, Text(self._left(sources), style="dim")), refresh=True)

    def _note_begun(self, source: JobSource) -> None:
        """Takes in what had ended before, the first time that a source is seen."""
        if source.title in self._begun:
            return
        self._begun.add(source.title)
        self._printed |= {(source.title, row.name) for row in source.rows() if row.state in _ENDED}
        self._before |= self._printed
        if self._live is None:
            self._say(
                f"{source.title}: {source.n_finished} of {source.n_planned} done before; shown is {source.objective}"
            )

    def _left(self, sources: Sequence[JobSource]) -> str:
        """The time that is left, reckoned from the trainings that this command has finished; empty before one has."""
        rows = [
            row
            for source in sources
            for row in source.rows()
            if row.epoch is not None and (source.title, row.name) not in self._before
        ]
        done = [row.seconds or 0.0 for row in rows if row.state in ("finished", "pruned")]
        running = [row.seconds or 0.0 for row in rows if row.state == "running"]
        n_left = sum(source.n_planned - source.n_finished - source.n_rankings_left for source in sources)
        if not done or n_left <= 0:
            return ""
        n_at_once = max(1.0, (sum(done) + sum(running)) / max(self._elapsed, 1e-9))
        seconds = max(0.0, fmean(done) * n_left - sum(running)) / n_at_once
        return f"about {seconds:.0f} s left" if seconds < 100 else f"about {seconds / 60:.0f} min left"

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _print_ended(self, source: JobSource, sources: Sequence[JobSource]) -> None:
        for row in source.rows():
            if row.state in _ENDED and (source.title, row.name) not in self._printed:
                self._printed.add((source.title, row.name))
                left = self._left(sources)
                self._say(f"{source.title}: {_line(row)}" + (f"  {left}" if left else ""))

    def _print(self, text: str) -> None:
        self._console.print(text, soft_wrap=True, highlight=False, markup=False)


def say_cut_off(
    sources: Sequence[JobSource], console: Console, more: str = "the same command with --epochs {}"
) -> None:
    """Prints `cut_off_notes`."""
    for note in cut_off_notes(sources, more):
        console.print(note, style="yellow", soft_wrap=True, highlight=False, markup=False)


def cut_off_notes(sources: Sequence[JobSource], more: str) -> list[str]:
    """Sentences on the sources whose runs ended at their last epoch while they might still have got better.

    Args:
        sources: Studies and lists of runs.
        more: What resumes them, with a place for the number of epochs.
    """
    notes = []
    for source in sources:
        finished = [row for row in source.rows() if row.state == "finished"]
        cut_off = [row for row in finished if row.cut_off]
        if cut_off:
            epochs = sorted({row.epoch or 0 for row in cut_off})
            where = f"epoch {epochs[0]}" if len(epochs) == 1 else f"epochs {epochs[0]} to {epochs[-1]}"
            needed = max(more_epochs(row.epoch or 0, row.validate_every) for row in cut_off)
            notes.append(
                f"{source.title}: {len(cut_off)} of {len(finished)} runs were cut off at {where}, before they stopped "
                f"getting better; {more.format(needed)} resumes them"
            )
    return notes


def _line(row: Row) -> str:
    note = f"{_CUT_OFF} at epoch {row.epoch}" if row.cut_off else row.reason
    parts = [row.name, row.state, _number(row.value), _settings(row), _seconds(row.seconds), note]
    return "  ".join(part for part in parts if part)


def _table(source: JobSource, room: int) -> RenderableType:
    rows = source.rows()
    if not rows:
        return Text(f"{source.title}  {source.n_finished}/{source.n_planned}")
    best = max((row.value for row in rows if row.state == "finished" and row.value is not None), default=None)
    title = f"{source.title}  {source.n_finished}/{source.n_planned}  {source.objective}"
    table = Table("run", "state", "value", "settings", "epoch", "time", title=title, title_justify="left", box=None)
    for row in _most_telling(rows, best, room):
        value = Text(_number(row.value), style="bold" if row.value is not None and row.value == best else "")
        epoch = "" if row.epoch is None else str(row.epoch)
        note = row.reason if row.state == "failed" else _settings(row)
        state = (
            Text(f"{row.state}, {_CUT_OFF}", style="yellow")
            if row.cut_off
            else Text(row.state, style=_STYLES[row.state])
        )
        table.add_row(row.name, state, value, note, epoch, _seconds(row.seconds))
    return table


def _most_telling(rows: Sequence[Row], best: float | None, room: int) -> list[Row]:
    """As many rows as there is room for: those that run, the best, then the latest; in the order they came."""
    first = sorted(rows, key=lambda row: (row.state != "running", row.value != best or best is None, -rows.index(row)))
    kept = first[:room]
    return [row for row in rows if row in kept]


def _settings(row: Row) -> str:
    return " ".join(
        f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}" for name, value in row.settings.items()
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.0f} s"
