"""Runs whose process died without closing them."""

from collections.abc import Sequence

from nsbench.files.home import Home
from nsbench.study.trials.trial_state import LOST
from nsbench.study.workers.process_id import OWNER, is_dead
from nsbench.terms import RunKind
from nsbench.tracking.store import open_store
from nsbench.tracking.writing.mlflow_tracker import MlflowTracker


def close_lost_runs(home: Home, tracker: MlflowTracker, dataset: str, kinds: Sequence[RunKind]) -> None:
    """Marks as killed the runs of a dataset that seem to run, but whose owner is a dead process of this machine.

    Args:
        home: Where the runs are recorded.
        tracker: Closes them.
        dataset: The dataset's name.
        kinds: Which runs are looked at.

    Raises:
        TrackingError: The store can't be read or written.
    """
    reader = open_store(home).reader()
    if dataset not in reader.datasets():
        return
    for run in reader.runs(dataset, tuple(kinds)):
        process_id = run.tags.get(OWNER)
        if run.status == "RUNNING" and process_id is not None and is_dead(process_id):
            tracker.stop_run(run.run_id, "KILLED", LOST)
