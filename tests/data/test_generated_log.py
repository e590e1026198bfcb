"""Generated logs give the dataset that Python's csv, json and datetime say, or are refused."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st

from tests.data.log_case import Case
from tests.data.log_check import check_all
from tests.data.log_damage import damaged_gzip, damaged_json, damaged_text
from tests.data.log_json import json_cases
from tests.data.log_parquet import parquet_cases
from tests.data.log_text import text_cases

Note = Callable[[str, object], None]

KINDS: dict[str, st.SearchStrategy[Case]] = {
    "csv": text_cases(","),
    "tsv": text_cases("\t"),
    "semicolons and bars": text_cases(";|"),
    "double colons and blanks": text_cases(("::", "::", " ")),
    "json": json_cases(),
    "parquet": parquet_cases(),
    "damaged text": damaged_text(),
    "damaged json": damaged_json(),
    "damaged gzip": damaged_gzip(),
}
"""Strategies of logs, and how many cases of each make ten thousand."""

N_CASES = {
    "csv": 2_000,
    "tsv": 1_000,
    "semicolons and bars": 1_000,
    "double colons and blanks": 1_000,
    "json": 1_500,
    "parquet": 1_500,
    "damaged text": 1_000,
    "damaged json": 800,
    "damaged gzip": 200,
}
PART = 500
"""Cases that a test has, so that the processes of a test run share the work."""

ALL, SHARE = "NSBENCH_TEST_ALL_LOGS" in os.environ, 5
"""Whether all of them are tried (`make test-logs`), or of each kind one case in SHARE."""

PARTS = [(kind, number) for kind, n in N_CASES.items() for number in range(-(-n // PART) if ALL else 1)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_few_logs_are_read_as_python_reads_them_or_refused(kind: str, tmp_path: Path) -> None:
    check_all(KINDS[kind], 15, tmp_path, number=1_000)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "number"), PARTS)
def test_logs_are_read_as_python_reads_them_or_refused(
    kind: str, number: int, tmp_path: Path, record_property: Note
) -> None:
    n_cases = min(PART, N_CASES[kind] - PART * number) if ALL else N_CASES[kind] // SHARE
    counts = check_all(KINDS[kind], n_cases, tmp_path, number)
    assert sum(counts["all", outcome] for outcome in ("equal", "refused")) == n_cases
    for (name, outcome), n in counts.items():
        record_property(f"logs: {name}: {outcome}", n)
