"""What MLflow's pages find in a dataset's experiment."""

import json
import sqlite3

import pytest
from mlflow import MlflowClient
from sqlalchemy.orm import Session

from nsbench.files.home import Home
from nsbench.terms import RunKind
from nsbench.tracking.store import open_store
from nsbench.tracking.study_summary import StudySummary
from nsbench.tracking.writing.experiment_page import note_report, pages_of, set_experiment_tag
from nsbench.tracking.writing.page_view import page_views
from nsbench.tracking.writing.run_note import NOTE
from tests.tracking.run_builder import home_at, plan_of


@pytest.fixture
def home(tmp_path) -> Home:
    return home_at(tmp_path)


def tags_of(home: Home, dataset: str) -> dict[str, str]:
    return MlflowClient(home.tracking_uri).get_experiment_by_name(dataset).tags


def test_the_dataset_with_the_newest_run_stands_first(home):
    tracker = open_store(home).tracker()
    for dataset in ("first", "second", "first"):
        tracker.start(plan_of(dataset=dataset))
    MlflowClient(home.tracking_uri).create_experiment("of somebody else")
    pages = pages_of(home.tracking_uri, "http://host:5000")
    assert [page.dataset for page in pages] == ["first", "second"]
    assert pages[0].address == (
        "http://host:5000/#/experiments/1/runs?workflowType=machine_learning&viewStateShareKey=nsbench-repeats"
    )


def test_a_link_opens_the_methods_once_there_are_any(home):
    open_store(home).tracker().start(plan_of("popularity-baseline", kind=RunKind.BASELINE))
    (page,) = pages_of(home.tracking_uri, "http://host:5000")
    assert page.address.endswith("viewStateShareKey=nsbench-methods")


def test_a_first_run_brings_views_and_a_description(home):
    open_store(home).tracker().start(plan_of())
    tags = tags_of(home, "demo")
    assert {view.tag for view in page_views()} <= tags.keys()
    assert "nsbench report --dataset demo" in tags[NOTE]


def test_a_tag_that_another_process_writes_at_the_same_moment_is_written_over(home, monkeypatch):
    """The other one's row comes between MLflow's look for the tag and its insertion."""
    open_store(home).create()
    client = MlflowClient(home.tracking_uri)
    experiment_id = client.create_experiment("demo")
    merge, n_merged = Session.merge, 0

    def overtaken(self, row, **options):
        nonlocal n_merged
        n_merged += 1
        found = merge(self, row, **options)
        if n_merged == 1:
            with sqlite3.connect(home.tracking_uri.removeprefix("sqlite:///")) as other:
                other.execute(
                    "INSERT INTO experiment_tags (key, value, experiment_id) VALUES ('a', 'theirs', ?)",
                    (experiment_id,),
                )
        return found

    monkeypatch.setattr(Session, "merge", overtaken)
    set_experiment_tag(client, experiment_id, "a", "ours")
    assert n_merged == 2
    assert tags_of(home, "demo")["a"] == "ours"


def test_a_study_decides_what_its_trials_are_sorted_by(home):
    tracker = open_store(home).tracker()
    tracker.start(plan_of())
    trials = page_views()[2].tag
    before = tags_of(home, "demo")[trials]
    objective = "valid/tail/ndcg_at_20"
    tracker.log_study(StudySummary("s", "demo", "hash", "mixed", "mixed", objective, {"n": 9}, 0.2, 7, 10, 9, 1, 0, 0))
    assert tags_of(home, "demo")[trials] != before


def test_a_report_is_named_in_the_description_which_a_hand_may_change_for_good(home):
    open_store(home).tracker().start(plan_of())
    note_report(home.tracking_uri, ["demo", "unknown"], "/reports/demo/report.html")
    assert "/reports/demo/report.html" in tags_of(home, "demo")[NOTE]
    MlflowClient(home.tracking_uri).set_experiment_tag("1", NOTE, "mine")
    note_report(home.tracking_uri, ["demo"], "/reports/other.html")
    assert tags_of(home, "demo")[NOTE] == "mine"


def test_the_menu_lists_the_methods_first(home):
    """MLflow's menu lists the view that was made last first."""
    open_store(home).tracker().start(plan_of())
    tags = tags_of(home, "demo")
    made = [json.loads(tags[view.tag])["createdAt"] for view in page_views()]
    assert made == sorted(made, reverse=True)
    assert len(set(made)) == 4


def test_a_view_that_was_changed_in_the_menu_stays(home):
    """MLflow moves `updatedAt` when a view is overridden."""
    open_store(home).tracker().start(plan_of())
    tag = page_views()[0].tag
    changed = json.dumps({**json.loads(tags_of(home, "demo")[tag]), "name": "mine", "updatedAt": 1})
    MlflowClient(home.tracking_uri).set_experiment_tag("1", tag, changed)
    pages_of(home.tracking_uri, "http://host:5000")
    assert tags_of(home, "demo")[tag] == changed
