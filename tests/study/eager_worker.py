"""A worker that keeps a checkpoint after nearly every step, and notes in its home after which epochs it went on."""

from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

RESUMED = "resumed.txt"
"""The file of the notes, an epoch a line."""


def serve_eagerly(coordinator: Connection, home: Path, owner: str, log_level: int) -> None:
    """`nsbench.study.workers.worker.serve`, so changed; it changes its own process only."""
    from nsbench.runs.observer import Resumed, RunEvent
    from nsbench.study.workers import worker
    from nsbench.study.workers.connection import RunLink

    class EagerContext(worker._Context):
        def __init__(self, root: Path, owner: str) -> None:
            super().__init__(root, owner)
            self.checkpoints = replace(self.checkpoints, every_s=0, most_share=0.5)

    observe = RunLink.observe

    def note(line: RunLink, event: RunEvent) -> None:
        if isinstance(event, Resumed):
            with (home / RESUMED).open("a") as file:
                file.write(f"{event.epoch}\n")
        observe(line, event)

    worker._Context = EagerContext
    RunLink.observe = note
    worker.serve(coordinator, home, owner, log_level)
