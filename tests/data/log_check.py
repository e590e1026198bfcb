"""Prepares generated logs and holds what comes of them against what they say."""

import logging
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from nsbench.data.log.prepare import prepare_log
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.log.read_options import ReadOptions
from nsbench.data.store import load_dataset, read_item_labels, read_user_labels
from nsbench.errors import LogError
from nsbench.files.home import Home
from tests.data.log_case import BadRows, Case, Result, Sequences, result_of

Counts = Counter[tuple[str, str]]
"""Cases by class and by what came of them: equal or refused."""

LONGEST_MESSAGE = 1_500
"""Characters of a message that a terminal shows without drowning it."""


def check_all(cases: st.SearchStrategy[Case], n_cases: int, folder: Path, number: int = 0) -> Counts:
    """Checks so many cases, the same ones for the same number.

    Raises:
        AssertionError: A log isn't read or refused as it should be; the smallest one that was found is shown.
    """
    counts: Counts = Counter()

    @seed(number)
    @settings(max_examples=n_cases, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(cases)
    def all_are_right(case: Case) -> None:
        outcome = check(case, folder)
        counts.update((name, outcome) for name in ("all", *set(case.classes)))

    all_are_right()
    return counts


def check(case: Case, folder: Path) -> str:
    """Prepares one log.

    Returns:
        What came of it: equal or refused.

    Raises:
        AssertionError: It isn't read or refused as it should be.
    """
    found = prepared(case.name, case.content, case.read, case.duplicates, folder)
    right = [
        result_of(reading, skip_bad_rows=case.read.skip_bad_rows, duplicates=case.duplicates)
        for reading in case.readings
    ]
    if isinstance(found, LogError):
        assert case.may_refuse or not right or None in right, f"a good log is refused: {found}\n{case}\nright: {right}"
        assert len(str(found)) < LONGEST_MESSAGE
        return "refused"
    assert any(right), f"a log that must be refused gives {found}\n{case}"
    assert found in right, f"{found}\nis none of {right}\n{case}"
    return "equal"


def prepared(name: str, content: bytes, read: ReadOptions, duplicates: str, folder: Path) -> Result | LogError:
    """What comes of a log: the dataset, or why there is none; nothing of it stays."""
    home = Home(folder / "home")
    path = folder / name
    path.write_bytes(content)
    options = PrepareOptions.model_validate(
        {"split_by": "rows", "valid_share": 0.2, "test_share": 0.2, "duplicates": duplicates}
    )
    try:
        with _warnings() as texts:
            card = prepare_log(path, read, options, "log", home)
        sequences = _stored(home)
    except LogError as error:
        assert not list(home.datasets.glob("*")), "something is left of a log that is refused"
        return error
    finally:
        shutil.rmtree(home.root, ignore_errors=True)
    assert card.n_interactions == sum(map(len, sequences.values()))
    return Result(sequences, _bad_rows(texts))


@contextmanager
def _warnings() -> Iterator[list[str]]:
    """What nsbench warns of."""
    texts: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            texts.append(record.getMessage())

    ear, logger = Ear(logging.WARNING), logging.getLogger("nsbench")
    logger.addHandler(ear)
    try:
        yield texts
    finally:
        logger.removeHandler(ear)


def _stored(home: Home) -> Sequences:
    dataset = load_dataset("log", home)
    users = [str(user) for user in read_user_labels("log", home)["label"]]
    items = [str(item) for item in read_item_labels("log", home)]
    for labels in (users, items):
        assert len(set(labels)) == len(labels), f"two labels are one: {labels}"
    rows = list(zip([items[item - 1] for item in dataset.item_ids], dataset.timestamps.tolist(), strict=True))
    ends = dataset.offsets.tolist()
    return {user: rows[start:end] for user, start, end in zip(users, ends, ends[1:], strict=False)}


def _bad_rows(warnings: list[str]) -> BadRows:
    """The numbers that a warning of rows that were left out tells."""
    text = next((text for text in warnings if " rows are bad" in text), "")

    def number(pattern: str) -> int:
        found = re.search(rf"([\d,]+) {pattern}", text)
        return int(found[1].replace(",", "")) if found else 0

    return BadRows(
        n_rows=number("rows are bad"),
        n_bad=number(r"of [\d,]+ rows are bad"),
        without_user=number("without a user"),
        without_item=number("without an item"),
        without_time=number("whose "),
    )
