"""The worker process: takes one job after another from its leader's pipe until the pipe is closed.

It ignores Ctrl-C and what else ends a whole command, which a terminal sends to every process of it: its leader hears it and says
when to stop.
Nothing heavy is imported before the process has begun to serve.
"""

import logging
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, final

from nsbench.errors import NonFiniteLoss, NsbenchError, OutOfMemory
from nsbench.printable import log_to_terminal
from nsbench.secret import masked
from nsbench.study.workers.job import BaselineJob, Ending, Job, TrainJob

if TYPE_CHECKING:
    from nsbench.data.dataset import Dataset
    from nsbench.study.workers.connection import Line, Wire
    from nsbench.tracking.tracker import Tracker

_log = logging.getLogger(__name__)


def serve(leader: "Wire", home: Path, owner: str, log_level: int) -> None:
    """Does what the leader sends until it closes the wire.

    Args:
        leader: The wire: jobs and answers come in, reports go out.
        home: The root of the nsbench home.
        owner: The leader, as `nsbench.study.workers.process_id` names processes.
        log_level: The leader's.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    log_to_terminal(log_level)
    work_for(leader, home, owner)


def work_for(leader: "Wire", home: Path, owner: str) -> None:
    """`serve` without claiming the process's signals and log, for a thread of a process that is another's."""
    desk = _Desk(home, owner)
    try:
        while True:
            job = leader.recv()
            # A stop that met the end of its run on the way is for nobody.
            if isinstance(job, TrainJob | BaselineJob):
                leader.send(_carry_out(job, desk, leader))
    except (EOFError, OSError):  # The leader is done with us, or gone.
        return


@final
class _Desk:
    """What a worker keeps from job to job: the tracker and the dataset at hand."""

    def __init__(self, root: Path, owner: str) -> None:
        # Imported before the first job comes, so that the wait is over by then.
        import torch

        import nsbench.data.store
        import nsbench.runs.baseline
        import nsbench.study.workers.connection
        import nsbench.tracking.writing.mlflow_tracker  # noqa: F401
        from nsbench.home import Home
        from nsbench.training.checkpoint.expiry import remove_abandoned
        from nsbench.training.checkpoint.training_checkpoint import Checkpoints

        torch.set_num_threads(1)
        remove_abandoned(Home(root).checkpoints)
        self.owner = owner
        self.checkpoints = Checkpoints(Home(root).checkpoints)
        self._home = Home(root)
        self._tracker: Tracker | None = None
        self._dataset: tuple[str, Dataset] | None = None

    def tracker(self) -> "Tracker":
        """The home's tracker; the leader has made the store by then."""
        if self._tracker is None:
            from nsbench.tracking.store import open_store

            self._tracker = open_store(self._home).tracker()
        return self._tracker

    def dataset(self, name: str) -> "Dataset":
        """A dataset; the last one is kept open."""
        if self._dataset is None or self._dataset[0] != name:
            from nsbench.data.store import load_dataset

            self._dataset = name, load_dataset(name, self._home)
        return self._dataset[1]


def _carry_out(job: Job, desk: _Desk, leader: "Wire") -> Ending:
    from nsbench.runs.observer import Pruned
    from nsbench.study.workers.connection import Line

    try:
        _run(job, desk, Line(leader))
    except Pruned as reason:
        return Ending("pruned", str(reason))
    except KeyboardInterrupt:
        return Ending("interrupted", "interrupted")
    except NsbenchError as error:
        return Ending("failed", masked(str(error)), may_do_apart=isinstance(error, NonFiniteLoss | OutOfMemory))
    except MemoryError:
        return Ending("failed", "out of memory", may_do_apart=True)
    except Exception as error:
        # Whatever goes wrong in one run must not take the others down.
        _log.info("process %d: the job failed", os.getpid(), exc_info=True)
        return Ending("failed", masked(f"{type(error).__name__}: {error}"))
    return Ending("finished")


def _run(job: Job, desk: _Desk, line: "Line") -> None:
    """Does a job; each of its runs has told its result over the line by the end."""
    from nsbench.runs.baseline import run_baseline
    from nsbench.runs.experiment import run_replicas
    from nsbench.study.workers.connection import OwnedTracker, RunLine

    dataset = desk.dataset(job.dataset)
    tracker = OwnedTracker(desk.tracker, line, desk.owner)
    if isinstance(job, BaselineJob):
        run_baseline(job.name, dataset, tracker, job.evaluation)
        return
    observers = [RunLine(line, run) for run in range(len(job.requests))]
    run_replicas(job.settings_of_runs(), dataset, tracker, job.requests, observers, desk.checkpoints)
