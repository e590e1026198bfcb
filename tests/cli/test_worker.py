"""`nsbench worker`: what it refuses before it begins, with what to do about it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from nsbench.cli.main import app
from nsbench.data.store import read_card
from nsbench.data.synthetic.generate import prepare_synthetic, settings_like
from nsbench.errors import NsbenchError
from nsbench.files.home import Home
from nsbench.runs.request import DEFAULT_OBJECTIVE
from nsbench.study.search.plan import StudyPlan, open_study
from nsbench.study.search.space import StudyFile, space_of
from nsbench.study.search.storage import open_storage
from nsbench.study.shared_study import invite, raise_goal
from nsbench.study.trials.trial_state import RUN_ID


@pytest.fixture(scope="module")
def begun(tmp_path_factory) -> Home:
    """A home with a dataset `tiny` and a study `one` of it, of which nothing has been trained."""
    home = Home(tmp_path_factory.mktemp("begun"))
    card = prepare_synthetic("tiny", settings_like("demo", n_users=60, n_items=100, n_interactions=600), home)
    space = space_of("random", StudyFile(), {})
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("NSBENCH_STUDY_STORAGE", raising=False)
        storage = open_storage(home)
    study = open_study(StudyPlan.of("one", card, space, DEFAULT_OBJECTIVE, 0), space, storage)
    invite(study, space, card)
    raise_goal(study, storage, 3)
    return home


@pytest.fixture
def elsewhere(begun, tmp_path, monkeypatch) -> Home:
    """Another home on the same studies."""
    monkeypatch.setenv("NSBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NSBENCH_STUDY_STORAGE", begun.study_storage)
    return Home(tmp_path / "home")


def refusal(study: str = "one") -> NsbenchError:
    result = CliRunner().invoke(app, ["worker", study, "--workers", "1"])
    assert isinstance(result.exception, NsbenchError), result.exception
    return result.exception


def test_a_study_that_is_not_there_is_answered_with_those_that_are(elsewhere):
    error = refusal("another")
    assert "there are: one" in str(error)
    assert error.exit_code == 2


def test_where_there_are_no_studies_none_are_made(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("NSBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NSBENCH_STUDY_STORAGE", raising=False)
    assert "there are: none" in str(refusal())
    assert not (tmp_path / "home").exists()


def test_a_dataset_that_is_not_prepared_here_is_answered_with_the_command(elsewhere):
    error = refusal()
    command = "data synthetic --name tiny --like demo --users 60 --items 100 --interactions 600 --skew 1 --seed 0"
    assert command in str(error)
    assert error.exit_code == 2


def test_a_dataset_of_other_content_is_refused(elsewhere, begun):
    prepare_synthetic("tiny", settings_like("demo", n_users=60, n_items=100, n_interactions=600, seed=1), elsewhere)
    message = str(refusal())
    assert read_card("tiny", begun).content_hash in message
    assert read_card("tiny", elsewhere).content_hash in message
    assert "--replace" in message


def test_another_tracking_store_than_the_studys_is_refused(elsewhere, begun, monkeypatch):
    """The study's trial is tied to a run that the home's own store doesn't have."""
    prepare_synthetic("tiny", settings_like("demo", n_users=60, n_items=100, n_interactions=600), elsewhere)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    space = space_of("random", StudyFile(), {})
    plan = StudyPlan.of("one", read_card("tiny", begun), space, DEFAULT_OBJECTIVE, 0)
    open_study(plan, space, open_storage(begun)).ask().set_user_attr(RUN_ID, "0" * 32)
    assert "MLFLOW_TRACKING_URI" in str(refusal())
