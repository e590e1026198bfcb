"""A few random kills of `nsbench tune`; `make survive KILLS=200` is the long form."""

import pytest

from tests.postgres_cluster import running_cluster, why_no_postgres
from tests.survival.scene import Scene, prepare_template

KILLS = 3
MOST_STUDIES = 6
"""A quick machine may finish a study before its kills are spent; the next one takes the rest."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> Scene:
    folder = tmp_path_factory.mktemp("survival")
    return Scene(folder, prepare_template(folder), n_workers=2, n_trials=5, early_s=6.0)


def survive(scene, store, cluster) -> None:
    """Rides studies of a store through KILLS kills and looks at the books of each."""
    n_left = KILLS
    for number in range(MOST_STUDIES):
        outcome = scene.play(f"{store}_{number}", n_left, seed=number, cluster=cluster)
        assert outcome.mismatches == []
        n_left -= outcome.storm.n_kills.total()
        if n_left == 0:
            return
    pytest.fail(f"{n_left} of {KILLS} kills came after the end of their study")


@pytest.mark.slow
def test_a_study_in_sqlite_survives_kills_and_the_books_agree(scene):
    survive(scene, "in_sqlite", None)


@pytest.mark.slow
@pytest.mark.skipif(why_no_postgres() is not None, reason=str(why_no_postgres()))
def test_a_study_in_postgres_survives_kills_and_the_books_agree(scene):
    with running_cluster() as cluster:
        survive(scene, "in_postgres", cluster)
