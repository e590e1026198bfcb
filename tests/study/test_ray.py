"""A study on a local Ray cluster of two nodes, of which one is killed."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from nsbench.data.dataset import Dataset
from nsbench.errors import SettingsError
from nsbench.files.home import Home
from nsbench.study.session import Session
from nsbench.study.trials.trial_state import RETRY_OF
from nsbench.study.workers.job import JobSource
from nsbench.study.workers.pool import WORKER_LOST
from tests.study.study_builder import DATASET, order_of

ray = pytest.importorskip("ray", reason="needs the extra nsbench[ray]")

from ray.cluster_utils import Cluster  # noqa: E402

from nsbench.study.workers.ray_pool import Placement, RayPool  # noqa: E402


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """A head without room for workers, so that they are on the two nodes that a test may kill."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    try:
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()


class NodeKiller:
    """Kills a node as soon as a run has looked at its validation interactions."""

    def __init__(self, cluster: Cluster, node: object) -> None:
        self._cluster = cluster
        self._node = node
        self.n_running_then = 0

    def show(self, sources: Sequence[JobSource]) -> None:
        """Kills once."""
        running = [row for source in sources for row in source.rows() if row.state == "running"]
        if self._node is not None and len(running) == 2 and all(row.epoch for row in running):
            self.n_running_then = len(running)
            self._cluster.remove_node(self._node, allow_graceful=False)
            self._node = None


@pytest.mark.slow
def test_a_study_outlives_a_node(
    cluster: Cluster, home: Home, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One worker a node; a node dies with a trial in hand, which is tried again: 3 trials have a result.

    They are long enough that none ends before its worker hears of the death.
    """
    for name in ("MLFLOW_TRACKING_URI", "NSBENCH_STUDY_STORAGE", "NSBENCH_HOME"):
        monkeypatch.delenv(name, raising=False)
    doomed, _ = (cluster.add_node(num_cpus=1) for _ in range(2))
    killer = NodeKiller(cluster, doomed)
    with RayPool(cluster.address, Placement(), None, home.root) as pool:
        assert pool.n_workers == 2
        session = Session.open(home, pool)
        study = session.tuning(order_of(3, max_epochs=100, patience=0), dataset)
        session.run([study], DATASET, killer)
    assert killer.n_running_then == 2
    assert study.n_finished == 3
    rows = study.rows()
    assert sum(row.state == "finished" for row in rows) == 3
    assert not [row for row in rows if row.state == "running"]
    orphaned = [(row.state, row.reason) for row in rows if row.state not in {"finished", "pruned"}]
    assert orphaned == [("interrupted", f"{WORKER_LOST}: its node or its process is gone")]
    (again,) = (trial for trial in study.study.trials if RETRY_OF in trial.user_attrs)
    assert again.params == study.study.trials[again.user_attrs[RETRY_OF]].params


def test_an_address_where_nobody_answers_is_refused(tmp_path: Path) -> None:
    pool = RayPool("127.0.0.1:9", Placement(), 1, tmp_path)
    with pytest.raises(SettingsError, match="no Ray cluster answers at '127.0.0.1:9'"):
        pool.__enter__()
