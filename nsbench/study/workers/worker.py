"""The worker process: takes one job after another from its coordinator's pipe until the pipe is closed.

It ignores Ctrl-C and what else ends a whole command, which a terminal sends to every process of it: its coordinator takes the
signal and sends a directive to stop.
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
from nsbench.study.workers.job import BaselineJob, Job, Outcome, RungJob, TrainJob

if TYPE_CHECKING:
    from nsbench.data.dataset import Dataset
    from nsbench.runs.rung import RungModel
    from nsbench.study.workers.connection import Connection, Link
    from nsbench.tracking.tracker import Tracker

_log = logging.getLogger(__name__)


def serve(coordinator: "Connection", home: Path, process_id: str, log_level: int) -> None:
    """Does what the coordinator sends until it closes the connection.

    Args:
        coordinator: The connection: jobs and directives come in, reports go out.
        home: The root of the nsbench home.
        process_id: The coordinator, as `nsbench.study.workers.process_id` names processes.
        log_level: The coordinator's.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    log_to_terminal(log_level)
    work_for(coordinator, home, process_id)


def work_for(coordinator: "Connection", home: Path, process_id: str) -> None:
    """`serve` without claiming the process's signals and log, for a thread of a process that is another's."""
    context = _Context(home, process_id)
    try:
        while True:
            job = coordinator.recv()
            # A stop that met the end of its run on the way is for nobody.
            if isinstance(job, TrainJob | BaselineJob | RungJob):
                coordinator.send(_carry_out(job, context, coordinator))
    except (EOFError, OSError):  # The coordinator is done with us, or gone.
        return


@final
class _Context:
    """What a worker keeps from job to job: the tracker and the dataset at hand."""

    def __init__(self, root: Path, process_id: str) -> None:
        # Imported before the first job comes, so that the wait is over by then.
        import torch

        import nsbench.data.store
        import nsbench.runs.baseline
        import nsbench.study.workers.connection
        import nsbench.tracking.writing.mlflow_tracker  # noqa: F401
        from nsbench.files.home import Home
        from nsbench.trained.keeper import HomeModelKeeper
        from nsbench.training.checkpoint.expiry import remove_abandoned
        from nsbench.training.checkpoint.training_checkpoint import Checkpoints

        torch.set_num_threads(1)
        remove_abandoned(Home(root).checkpoints)
        self.process_id = process_id
        self.checkpoints = Checkpoints(Home(root).checkpoints)
        self.keeper = HomeModelKeeper(Home(root))
        self._home = Home(root)
        self._tracker: Tracker | None = None
        self._dataset: tuple[str, Dataset] | None = None

    def tracker(self) -> "Tracker":
        """The home's tracker; the coordinator has made the store by then."""
        if self._tracker is None:
            from nsbench.tracking.store import open_store

            self._tracker = open_store(self._home).tracker()
        return self._tracker

    def rung_model(self, job: RungJob) -> "RungModel":
        """Where the model of a ladder's job lies until all are done."""
        from nsbench.runs.rung import RungModel

        return RungModel(self._home.checkpoints / job.scratch)

    def dataset(self, name: str) -> "Dataset":
        """A dataset; the last one is kept open."""
        if self._dataset is None or self._dataset[0] != name:
            from nsbench.data.store import load_dataset

            self._dataset = name, load_dataset(name, self._home)
        return self._dataset[1]


def _carry_out(job: Job, context: _Context, coordinator: "Connection") -> Outcome:
    from nsbench.runs.observer import Pruned
    from nsbench.study.workers.connection import Link

    try:
        _run(job, context, Link(coordinator))
    except Pruned as reason:
        return Outcome("pruned", str(reason))
    except KeyboardInterrupt:
        return Outcome("interrupted", "interrupted")
    except NsbenchError as error:
        return Outcome("failed", masked(str(error)), may_do_apart=isinstance(error, NonFiniteLoss | OutOfMemory))
    except MemoryError:
        return Outcome("failed", "out of memory", may_do_apart=True)
    except Exception as error:
        # Whatever goes wrong in one run must not take the others down.
        _log.info("process %d: the job failed", os.getpid(), exc_info=True)
        return Outcome("failed", masked(f"{type(error).__name__}: {error}"))
    return Outcome("finished")


def _run(job: Job, context: _Context, link: "Link") -> None:
    """Does a job; by its end each of its runs has reported its result."""
    from nsbench.runs.baseline import run_baseline
    from nsbench.runs.experiment import run_replicas
    from nsbench.runs.rung import climb
    from nsbench.study.workers.connection import OwnedTracker, RunLink

    dataset = context.dataset(job.dataset)
    tracker = OwnedTracker(context.tracker, link, context.process_id)
    if isinstance(job, BaselineJob):
        run_baseline(job.name, dataset, tracker, job.evaluation)
        return
    if isinstance(job, RungJob):
        links = [RunLink(link, run) for run in range(len(job.tasks))]
        climb(
            job.tasks, context.rung_model(job), dataset, tracker, links, context.checkpoints, is_trained=job.is_trained
        )
        return
    observers = [RunLink(link, run) for run in range(len(job.requests))]
    run_replicas(job.settings_of_runs(), dataset, tracker, job.requests, observers, context.checkpoints, context.keeper)
