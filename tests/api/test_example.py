"""The README's way from a DataFrame to a comparison is what the example does, and the example runs."""

import re

from tests.api.conftest import EXAMPLE, Ran
from tests.test_readme import blocks


def test_the_readme_shows_the_example() -> None:
    assert blocks("python") == [EXAMPLE.read_text()]


def test_it_takes_at_most_ten_lines() -> None:
    assert len([line for line in EXAMPLE.read_text().splitlines() if line]) <= 10


def test_a_script_without_a_main_guard_prints_what_it_asks_for_and_nothing_else(ran: Ran) -> None:
    """The answer in one line, then the table: a head of two lines, three baselines and two methods, and pandas' last line."""
    assert ran.code == 0, ran.err
    answer, *table = ran.out.rstrip().splitlines()
    assert answer.startswith("Not trained out: ")
    assert "n_runs" in table[0]
    assert [re.split(r"\s{2,}", line.removeprefix("shop").strip())[0] for line in table[2:7]] == [
        "PopRec", "PopRec (last 7 days)", "Markov chain", "Random", "Mixed",
    ]  # fmt: skip


def test_what_must_be_known_is_logged_once(ran: Ran) -> None:
    """A worker that ran the script again would say it again."""
    said = [line for line in ran.err.splitlines() if "cut off at epoch 20" in line]
    assert [line.split(" repeats")[0] for line in said] == ["shop/random", "shop/mixed"]
    assert all("the same call with epochs=" in line for line in said)


def test_nothing_is_written_beside_the_home(ran: Ran) -> None:
    assert sorted(path.name for path in ran.folder.iterdir()) == ["script.py", "views.csv"]
