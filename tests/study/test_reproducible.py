"""One worker with one seed makes the same study from beginning to end."""

import pytest

from nsbench.study.session import Session
from nsbench.study.workers.process_pool import ProcessPool
from tests.study.study_builder import DATASET, order_of

N_TRIALS = 12
"""More than the ten that TPE draws at random before it begins to learn from values."""


@pytest.mark.slow
def test_two_fresh_studies_of_one_worker_and_one_seed_are_the_same(home, dataset, viewer, tmp_path, monkeypatch):
    """The same points in the same order with the same values; the three best are trained with two further seeds each."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    found = []
    with ProcessPool(1, home.root) as pool:
        for number in range(2):
            monkeypatch.setenv("NSBENCH_STUDY_STORAGE", f"sqlite:///{tmp_path}/{number}.db")
            session = Session.open(home, pool)
            tuning = session.tuning(order_of(N_TRIALS, name="twice"), dataset)
            session.run([tuning], DATASET, viewer)
            found.append([(trial.number, trial.params, trial.value) for trial in tuning.study.trials])
    assert len(found[0]) == N_TRIALS + 6
    assert found[0] == found[1]
