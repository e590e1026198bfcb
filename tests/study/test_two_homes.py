"""Two machines on one study: each with a home of its own, one PostgreSQL and one MLflow server for both."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from nsbench.data.store import read_card
from nsbench.files.home import Home
from nsbench.runs.request import DEFAULT_OBJECTIVE
from nsbench.study.search.plan import StudyPlan, load_study, open_study
from nsbench.study.search.space import StudyFile, space_of
from nsbench.study.search.storage import open_storage
from nsbench.study.shared_study import invite, raise_goal
from nsbench.study.workers.process_id import OWNER
from tests.postgres_cluster import running_cluster, why_no_postgres
from tests.survival.ledger import disagreements
from tests.survival.scene import DATASET, prepare_template
from tests.tracking_server import running_server

TRIALS = 12
SETTINGS = {"hidden_dim": 8, "max_length": 10, "validate_every": 1, "batch_size": 64, "max_epochs": 20}


def begin_study(home: Home) -> None:
    """Begins the study without working on it."""
    card, space, storage = read_card(DATASET, home), space_of("random", StudyFile(), SETTINGS), open_storage(home)
    study = open_study(StudyPlan.of("shared", card, space, DEFAULT_OBJECTIVE, 0), space, storage)
    invite(study, space, card)
    raise_goal(study, storage, TRIALS)


def join_from(home: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "nsbench.cli.main", "worker", "shared", "--workers=2"]
    environment = {**os.environ, "NSBENCH_HOME": str(home)}
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.mark.slow
@pytest.mark.skipif(why_no_postgres() is not None, reason=str(why_no_postgres()))
def test_two_homes_make_one_study_of_different_points_and_the_books_agree(tmp_path, monkeypatch):
    one = prepare_template(tmp_path)
    other = shutil.copytree(one, tmp_path / "other")
    with running_cluster() as cluster, running_server(tmp_path / "server") as server:
        monkeypatch.setenv("NSBENCH_STUDY_STORAGE", cluster.create_database("studies"))
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
        begin_study(Home(one))
        for process in [join_from(home) for home in (one, other)]:
            output, _ = process.communicate(timeout=300)
            assert process.returncode == 0, output
            assert "shared: best is trial" in output
        study = load_study("shared", open_storage(Home(other)))
        owners = Counter(trial.user_attrs[OWNER] for trial in study.trials)
        assert disagreements("shared", DATASET, other, TRIALS) == []
        assert len(owners) == 2
        assert sum(owners.values()) == TRIALS
