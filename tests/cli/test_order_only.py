"""What the commands say of a log of which only the order is known, and what they leave out."""

import json
from pathlib import Path

import pytest

from nsbench.cli.data.prepare_command import prepare_command
from nsbench.data.dataset import DatasetCard
from nsbench.data.origin import LogOrigin
from nsbench.data.store import read_card
from nsbench.files.home import Home
from tests.cli.in_process import nsbench

ROWS = [(1 + k % 4, 10 + (k * k + k // 4) % 5) for k in range(80)]


@pytest.fixture
def log(tmp_path: Path) -> str:
    path = tmp_path / "log.csv"
    path.write_text("user,item,place\n" + "".join(f"{u},{i},{n}\n" for n, (u, i) in enumerate(ROWS)))
    return str(path)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ("--time-column", "place", "--time-unit", "order"),
            "order only: place says what comes before what, and no times",
        ),
        (
            ("--time-column", "none"),
            "order only, that of the rows: a global split by it is right only if the rows are in",
        ),
    ],
)
def test_no_command_claims_a_day(log: str, home: Path, options: tuple[str, ...], said: str) -> None:
    prepared = nsbench(home, "data", "prepare", log, "--name", "mine", *options)
    assert prepared.code == 0, prepared.err
    assert said in prepared.out
    described = nsbench(home, "data", "describe", "mine")
    assert said[:30] in described.out
    assert "1970" not in prepared.out + described.out
    assert "days" not in described.out
    as_json = json.loads(nsbench(home, "data", "describe", "mine", "--json").out)
    assert (as_json["times_are_order"], as_json["first_day"], as_json["span_days"]) == (True, None, None)


@pytest.mark.parametrize(
    "options", [("--time-column", "place", "--time-unit", "order"), ("--time-column", "none"), ("--time-column", "3")]
)
def test_the_command_that_repeats_a_preparation_carries_its_options(
    log: str, home: Path, options: tuple[str, ...]
) -> None:
    Path(log).write_text(Path(log).read_text().replace("place", "none" if options[1] == "3" else "place"))
    unit = ("--time-unit", "min") if options[1] == "3" else ()
    assert nsbench(home, "data", "prepare", log, "--name", "mine", *options, *unit).code == 0
    first = read_card("mine", Home(home))
    command = prepare_command("mine", LogOrigin(file=log), first.options).split()
    assert nsbench(home, *command[command.index("data") :]).code == 0
    second = read_card("mine", Home(home))
    assert (second.content_hash, second.options) == (first.content_hash, first.options)


@pytest.mark.parametrize(
    ("short", "long", "factor"), [("s", "seconds", 1), ("ms", "milliseconds", 1_000), ("min", "minutes", 60)]
)
def test_units_have_short_words_and_long_ones(home: Path, tmp_path: Path, short: str, long: str, factor: int) -> None:
    """1,600,000,000 s is 26,666,666 min and 40 s: of minutes the 40 s are lost."""
    number = {"s": 1_600_000_000, "ms": 1_600_000_000_000, "min": 26_666_666}[short]
    path = tmp_path / "log.csv"
    path.write_text("user,item,time\n" + "".join(f"{u},{i},{number + n}\n" for n, (u, i) in enumerate(ROWS)))
    hashes: set[str] = set()
    for word in (short, long):
        shares = ("--split-by", "rows", "--duplicates", "keep")
        assert nsbench(home, "data", "prepare", str(path), "--name", word, "--time-unit", word, *shares).code == 0
        card = read_card(word, Home(home))
        assert card.options["time_unit"] == long
        assert card.first_time == (1_599_999_960 if short == "min" else 1_600_000_000)
        assert card.last_time - card.first_time == (79 * factor if short != "ms" else 0)
        hashes.add(card.content_hash)
    assert len(hashes) == 1


def test_a_unit_that_does_not_exist_is_answered_with_those_that_do(log: str, home: Path) -> None:
    refused = nsbench(home, "data", "prepare", log, "--name", "mine", "--time-unit", "fortnight")
    assert refused.code == 2
    assert "'auto', 's', 'ms', 'us', 'ns', 'min', 'order'" in refused.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--time-unit", "order", "--session-gap", "30m"), "--session-gap cuts sessions by time"),
        (("--time-column", "none", "--time-unit", "ms"), "leave one of the two out"),
        (("--time-column", "none", "--duplicates", "drop"), "no two rows share a time"),
    ],
)
def test_options_that_need_times_are_refused_before_anything_is_written(
    log: str, home: Path, options: tuple[str, ...], said: str
) -> None:
    refused = nsbench(home, "data", "prepare", log, "--name", "mine", *options)
    assert refused.code == 2
    assert said in " ".join(refused.err.split())
    assert not list(home.glob("datasets/*"))


def test_a_card_that_an_older_version_wrote_is_read_and_has_times(log: str, home: Path) -> None:
    """Before there was an order, steps were read as seconds."""
    assert (
        nsbench(home, "data", "prepare", log, "--name", "mine", "--time-column", "place", "--time-unit", "s").code == 0
    )
    card = read_card("mine", Home(home))
    assert not DatasetCard.model_validate_json(card.model_dump_json()).times_are_order
    assert "1970-01-01 to 1970-01-01" in nsbench(home, "data", "describe", "mine").out


def test_steps_that_are_read_as_seconds_are_warned_of_with_what_to_say(
    log: str, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nsbench(home, "data", "prepare", log, "--name", "mine", "--time-column", "place", "--time-unit", "s")
    said = caplog.text
    assert "are before 1990" in said
    assert "--time-unit min" in said
    assert "--time-unit order" in said


def test_the_baselines_that_fit_are_given_as_json(log: str, home: Path) -> None:
    assert nsbench(home, "data", "prepare", log, "--name", "mine", "--time-column", "none").code == 0
    shown = nsbench(home, "baseline", "--dataset", "mine", "--json")
    assert shown.code == 0, shown.err
    assert [found["name"] for found in json.loads(shown.out)["baselines"]] == ["popularity-baseline", "markov-baseline"]
