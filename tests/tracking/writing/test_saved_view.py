"""Saved views as MLflow's page reads them: a JSON envelope around a deflated state, in a tag of the experiment."""

import base64
import json
import zlib
from dataclasses import replace

import pytest

from nsbench.tracking.writing.page_view import page_views
from nsbench.tracking.writing.saved_view import SavedView, is_outdated, metric_column, packed, view_address

VIEW = SavedView("key", "Name", "tags.`a` = 'b'", metric_column("test/all/mrr"), [metric_column("test/all/mrr")])


def state_of(view: SavedView) -> dict:
    """The state as MLflow 3.17 unpacks it: base64 of zlib behind the word `deflate;`."""
    text = json.loads(packed(view, 5))["state"]
    return json.loads(zlib.decompress(base64.b64decode(text.removeprefix("deflate;"))))


def test_a_view_holds_filter_order_and_columns_from_left_to_right() -> None:
    state = state_of(VIEW)
    assert (state["searchFilter"], state["orderByKey"], state["orderByAsc"]) == (
        "tags.`a` = 'b'",
        "metrics.`test/all/mrr`",
        False,
    )
    assert state["selectedColumns"] == ["metrics.`test/all/mrr`"]
    assert state["columnOrder"][-1] == "metrics.`test/all/mrr`"


def test_its_charts_stand_in_a_shown_section_and_the_others_are_folded() -> None:
    state = state_of(replace(VIEW, bars=["test/all/mrr"], lines=["train/loss"], folded=["cost"]))
    main, cost = state["compareRunSections"]
    assert [(chart["type"], chart["metricKey"]) for chart in state["compareRunCharts"]] == [
        ("BAR", "test/all/mrr"),
        ("LINE", "train/loss"),
    ]
    assert {chart["metricSectionId"] for chart in state["compareRunCharts"]} == {main["uuid"]}
    assert (main["display"], cost["name"], cost["display"]) == (True, "cost", False)


def test_a_view_is_written_anew_unless_somebody_changed_it() -> None:
    """MLflow moves `updatedAt` when a view is overridden in its menu."""
    held = packed(VIEW, 5)
    changed = json.dumps({**json.loads(held), "updatedAt": 6})
    other = packed(replace(VIEW, condition=""), 5)
    assert is_outdated(None, held)
    assert is_outdated("[]", held)
    assert is_outdated(held, other)
    assert not is_outdated(held, held)
    assert not is_outdated(changed, other)


def test_an_address_opens_the_mode_for_model_training() -> None:
    assert view_address("http://host:5000/", "7", VIEW) == (
        "http://host:5000/#/experiments/7/runs?workflowType=machine_learning&viewStateShareKey=key"
    )


@pytest.mark.parametrize("searched", [(), tuple(f"setting_{i}" for i in range(12))])
def test_views_fit_into_a_tag_of_older_servers_too(searched: tuple[str, ...]) -> None:
    """MLflow took 5,000 characters before it took 20,000."""
    assert all(len(packed(view, 5)) <= 5000 for view in page_views(["valid/tail/ndcg_at_20"], searched))


def test_the_objective_and_the_test_metrics_at_its_cutoff_come_first() -> None:
    methods, repeats, trials, _ = page_views(["valid/tail/ndcg_at_20"], ["dropout_rate"])
    for view in (methods, repeats):
        assert [*view.columns][:4] == [
            "metrics.`test/all/hit_rate_at_20`",
            "metrics.`test/all/ndcg_at_20`",
            "metrics.`test/all/mrr_at_20`",
            "metrics.`valid/tail/ndcg_at_20`",
        ]
    assert trials.order_by == trials.columns[0] == "metrics.`valid/tail/ndcg_at_20`"
    assert "params.`dropout_rate`" in trials.columns
    assert not any("n_targets" in column for view in page_views() for column in view.columns)
