"""All runs as one DataFrame."""

from pathlib import Path

import pandas as pd
import pytest

import nsbench
from nsbench.api.results import table_of_runs
from nsbench.terms import RunKind
from tests.api.conftest import Ran
from tests.report.stored_run_builder import stored


def test_every_run_is_a_row_with_its_settings_and_metrics(ran: Ran) -> None:
    """Three baselines, and two seeds of two methods; `summary` runs sum these up and are none of them."""
    runs = nsbench.results(home=ran.home)
    runs = runs[runs.kind != "trial"]  # Another file's test may have tuned in the same home before.
    assert list(runs.kind) == ["baseline"] * 3 + ["repeat"] * 4
    repeats = runs[runs.kind == "repeat"].sort_values(["method", "seed"])
    assert list(repeats.method) == ["mixed", "mixed", "random", "random"]
    assert list(repeats.seed) == [0, 1, 0, 1]
    assert set(repeats.status) == {"FINISHED"}
    assert list(repeats.max_epochs) == [20] * 4
    assert repeats["test/all/hit_rate_at_10"].between(0, 1).all()
    assert (repeats["cost/train_s"] > 0).all()
    assert len(nsbench.results(kind="summary", home=ran.home)) == 2


def test_settings_are_numbers_and_what_a_run_lacks_is_missing() -> None:
    runs = [
        stored(
            "mixed", 3, {"test/all/mrr": 0.25}, params={"n_uniform": "46", "learning_rate": "1e-3", "share": "True"}
        ),
        stored("popularity-baseline", metrics={"cost/train_s": 2.0}, kind=RunKind.BASELINE),
    ]
    frame = table_of_runs(runs)
    assert list(frame.seed) == [3, 0]
    assert frame.loc[0, ["n_uniform", "learning_rate", "share"]].tolist() == [46, 0.001, True]
    assert pd.isna(frame.loc[1, "n_uniform"])
    assert frame["test/all/mrr"].tolist()[0] == 0.25
    assert pd.isna(frame.loc[1, "test/all/mrr"])


def test_no_run_gives_the_columns_without_a_row() -> None:
    frame = table_of_runs([])
    assert len(frame) == 0
    assert {"dataset", "method", "seed", "status"} <= set(frame.columns)


def test_an_unknown_kind_and_an_empty_home_are_refused(ran: Ran, tmp_path: Path) -> None:
    with pytest.raises(nsbench.SettingsError, match="kind = 'trails': accepted are trial, repeat"):
        nsbench.results(kind="trails", home=ran.home)
    with pytest.raises(nsbench.TrackingError, match="nothing is recorded yet"):
        nsbench.results(home=tmp_path)
