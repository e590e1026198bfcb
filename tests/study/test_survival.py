"""A few random kills of `nsbench tune`; `make survive KILLS=200` is the long form."""

import pytest

from tests.postgres_cluster import running_cluster, why_no_postgres
from tests.survival.scene import Scene, prepare_template

KILLS = 3


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> Scene:
    folder = tmp_path_factory.mktemp("survival")
    return Scene(folder, prepare_template(folder), n_workers=2, n_trials=5)


@pytest.mark.slow
def test_a_study_in_sqlite_survives_kills_and_the_books_agree(scene):
    outcome = scene.play("in_sqlite", KILLS, seed=0, cluster=None)
    assert outcome.mismatches == []
    assert outcome.storm.n_kills.total() == KILLS


@pytest.mark.slow
@pytest.mark.skipif(why_no_postgres() is not None, reason=str(why_no_postgres()))
def test_a_study_in_postgres_survives_kills_and_the_books_agree(scene):
    with running_cluster() as cluster:
        outcome = scene.play("in_postgres", KILLS, seed=1, cluster=cluster)
    assert outcome.mismatches == []
    assert outcome.storm.n_kills.total() == KILLS
