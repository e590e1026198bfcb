"""One run's metrics in a terminal: the cut-off that was measured, every group, and what users turned down."""

import pytest
from rich.console import Console
from rich.table import Table

from nsbench.terms import EXPLICIT_NEGATIVES, GROUPS, PREFERRED_SHARE, metric_name
from nsbench.tracking.record import RunRecord
from nsbench.view.metrics_table import metrics_table, turned_down_text
from tests.tracking.run_builder import plan_of, record_of


def record(cutoffs: str, k: int, **more: float) -> RunRecord:
    own = {metric_name("test", group, "hit_rate", k): 0.125 for group in GROUPS}
    return record_of(plan_of(params={"cutoffs": cutoffs}), {**own, **more})


def text_of(table: Table) -> str:
    console = Console(width=120)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


@pytest.mark.parametrize(("cutoffs", "shown"), [("5,10,20", 10), ("10", 10), ("5,20", 5), ("20", 20)])
def test_metrics_at_10_are_shown_or_at_the_first_cutoff_that_there_is(cutoffs: str, shown: int) -> None:
    text = text_of(metrics_table(record(cutoffs, shown), "best epoch 3"))
    assert f"hit rate at {shown}" in text
    assert "best epoch 3" in text
    assert text.count("0.1250") == len(GROUPS)
    assert all(group in text for group in GROUPS)


def test_what_users_turned_down_is_said_at_the_same_cutoff() -> None:
    found = {
        metric_name("test", EXPLICIT_NEGATIVES, "n_targets"): 1200.0,
        metric_name("test", EXPLICIT_NEGATIVES, "hit_rate", 5): 0.25,
        metric_name("test", EXPLICIT_NEGATIVES, PREFERRED_SHARE): 0.625,
    }
    assert turned_down_text(record("5,20", 5, **found)) == (
        "what users turned down: 0.2500 of 1,200 among the 5 highest (the lower, the better); what users took ranks above it in "
        "62.5% of pairs (by chance 50%)"
    )


def test_nothing_is_said_where_nothing_was_turned_down() -> None:
    assert turned_down_text(record("10", 10)) is None
    assert turned_down_text(record("10", 10, **{metric_name("test", EXPLICIT_NEGATIVES, "n_targets"): 0.0})) is None


def test_users_without_pairs_leave_the_share_out() -> None:
    found = {
        metric_name("test", EXPLICIT_NEGATIVES, "n_targets"): 3.0,
        metric_name("test", EXPLICIT_NEGATIVES, "hit_rate", 10): 0.0,
        metric_name("test", EXPLICIT_NEGATIVES, PREFERRED_SHARE): float("nan"),
    }
    assert str(turned_down_text(record("10", 10, **found))).endswith("(the lower, the better)")
