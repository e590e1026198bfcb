"""The rate of preparation."""

from pathlib import Path

import pytest

from nsbench.bench.cases.preparation import LogForm, preparation_rate


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_rate_is_measured_and_nothing_is_left(form: LogForm, tmp_path: Path) -> None:
    assert preparation_rate(2_000, form, tmp_path) > 0
    assert list(tmp_path.iterdir()) == []
