"""The commands on models, as from a shell: what comes out, and that nothing is left of what went wrong."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from nsbench.cli.completion import complete_model_reference
from nsbench.files.home import Home
from nsbench.tracking.record import RunRecord
from tests.cli.in_process import Shown, nsbench
from tests.trained.model_builder import prepared_letters, trained

Call = Callable[..., Shown]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, RunRecord]:
    """A home with one model of letters, and a dataset of other content."""
    home = Home(tmp_path_factory.mktemp("models"))
    record = trained(home, prepared_letters(home))
    prepared_letters(home, seed=1, name="others")
    return home, record


@pytest.fixture
def call(made: tuple[Home, RunRecord]) -> Call:
    def called(*arguments: str, **environment: str) -> Shown:
        return nsbench(made[0].root, *arguments, **environment)

    return called


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_the_hit_rate_of_what_is_recommended_is_the_runs(
    made: tuple[Home, RunRecord], call: Call, tmp_path: Path, suffix: str
) -> None:
    """Recomputed by pandas alone from two files: the test histories, and what is recommended after them."""
    asked, given = tmp_path / f"histories.{suffix}", tmp_path / f"lists.{suffix}"
    assert call("data", "histories", "letters", "--targets", "rolling", "--output", str(asked)).code == 0
    shown = call("recommend", "letters/random", "--histories", str(asked), "--top", "5", "--output", str(given))
    assert shown.code == 0, shown.err
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet, "jsonl": lambda path: pd.read_json(path, lines=True)}[
        suffix
    ]
    targets, lists = read(asked), read(given)
    targets["id"], lists["id"] = targets["id"].astype(str), lists["id"].astype(str)
    found = targets.merge(lists, left_on=["id", "target"], right_on=["id", "item"], how="left")
    assert len(targets) > 50
    assert found["rank"].notna().mean() == made[1].metrics["test/all/hit_rate_at_5"]
    assert found["rank"].le(1).mean() == made[1].metrics["test/all/hit_rate_at_1"]


def test_one_history_is_shown_with_scores_and_unknown_ids_are_counted(call: Call) -> None:
    shown = call("recommend", "letters/random", "--history", "a, b,zzz", "--top", "3", "--json")
    assert shown.code == 0, shown.err
    document = json.loads(shown.out)
    assert [row["rank"] for row in document["recommendations"]] == [1, 2, 3]
    assert {row["item"] for row in document["recommendations"]} <= set("abcdefghijkl")
    assert (document["n_ids"], document["n_unknown_ids"], document["n_fallback"]) == (3, 1, 0)
    assert "1 of 3 ids are no items of the model" in shown.err


def test_without_a_history_the_stated_fallback_is_given(made: tuple[Home, RunRecord], call: Call) -> None:
    shown = call("recommend", "letters/random", "--history", "", "--top", "2", "--json")
    document = json.loads(shown.out)
    assert (document["fallback"], document["n_fallback"]) == ("most_popular", 1)
    items = pd.read_parquet(made[0].datasets / "letters" / "items.parquet")
    assert [row["item"] for row in document["recommendations"]] == items["label"].tolist()[:2]
    assert [(row["score"], row["fallback"]) for row in document["recommendations"]] == [(None, True)] * 2
    assert "most popular" in shown.err


def test_in_a_file_a_user_without_a_known_item_gets_the_fallback(call: Call, tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("user,items\nx,a\ny,zzz\nz,\n")
    given = tmp_path / "lists.parquet"
    files = ("--histories", str(tmp_path / "h.csv"), "--output", str(given))
    shown = call("recommend", "letters/random", *files, "--top", "3")
    assert (shown.code, "2 of 3 histories hold no known item" in shown.out) == (0, True)
    lists = pd.read_parquet(given)
    assert lists.groupby("user")["fallback"].all().to_dict() == {"x": False, "y": True, "z": True}
    assert lists["score"].isna().tolist() == lists["fallback"].tolist()
    assert lists.query("user == 'y'")["item"].tolist() == lists.query("user == 'z'")["item"].tolist()


def test_all_users_of_the_dataset_get_lists(call: Call, tmp_path: Path) -> None:
    given = tmp_path / "lists.csv"
    assert call("recommend", "letters/random", "--users", "all", "--output", str(given), "--top", "4").code == 0
    lists = pd.read_csv(given)
    assert list(lists.columns) == ["user", "rank", "item", "score", "fallback"]
    assert lists.groupby("user").size().tolist() == [4] * 60
    assert call("recommend", "letters/random", "--users", "test", "--output", str(given)).code == 0
    assert 0 < pd.read_csv(given)["user"].nunique() < 60


def test_lists_keep_to_allowed_and_denied_items(call: Call, tmp_path: Path) -> None:
    (tmp_path / "allow.csv").write_text("item,why\na,x\nb,x\nc,x\nzzz,x\n")
    (tmp_path / "deny.txt").write_text("b\n")
    options = ("--allow", str(tmp_path / "allow.csv"), "--deny", str(tmp_path / "deny.txt"))
    shown = call("recommend", "letters/random", "--history", "d", "--json", *options)
    assert sorted(row["item"] for row in json.loads(shown.out)["recommendations"]) == ["a", "c"]
    assert "1 of 4 ids are no items of the model" in shown.err


def test_models_are_listed_shown_and_registered(made: tuple[Home, RunRecord], call: Call) -> None:
    run_id = str(made[1].run_id)
    shown = call("models", "register", "letters/random", "--as", "letters-model@champion", "--json")
    assert shown.code == 0, shown.err
    assert json.loads(shown.out)["version"] == 1
    (listed,) = json.loads(call("models", "list", "--json").out)
    assert (listed["run_id"], listed["registered_as"]) == (run_id, ["letters-model/1", "letters-model@champion"])
    assert "letters/random" in call("models", "list", COLUMNS="200").out
    narrow = call("models", "list", COLUMNS="80").out
    assert all(called in narrow for called in ("letters/random", run_id[:8], "letters-model/1,"))
    for name in ("letters-model@champion", "letters-model/1", run_id[:8]):
        assert json.loads(call("models", "show", name, "--json").out)["card"]["run_id"] == run_id
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NSBENCH_HOME", str(made[0].root))
        assert complete_model_reference("l") == ["letters-model@champion", "letters/random"]
    folder = json.loads(call("models", "show", run_id, "--json").out)["folder"]
    assert json.loads(call("models", "show", folder, "--json").out)["card"]["run_id"] == run_id


def test_similar_items_are_nearest_by_cosine(made: tuple[Home, RunRecord], call: Call) -> None:
    document = json.loads(call("similar", "letters/random", "a", "--top", "3", "--json").out)
    cosines = [row["cosine"] for row in document["similar"]]
    assert document["item"] == "a"
    assert cosines == sorted(cosines, reverse=True)
    assert "a" not in {row["item"] for row in document["similar"]}
    missing = call("similar", "letters/random", "A")
    assert (missing.code, "the model has no item 'A'" in missing.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("letters/random", "--users", "all", "--dataset", "others"), "the model was trained on letters with hash"),
        (("letters/random",), "give one of --history, --histories and --users, not 0"),
        (("letters/random", "--history", "a", "--users", "all"), "not 2"),
        (("letters/random", "--history", "a", "--dataset", "letters"), "--dataset says whose users"),
        (("letters/randm", "--history", "a"), "did you mean 'random'?"),
        (
            ("letters/random", "--history", "xyz,zzz"),
            "none of the 2 ids is an item of the model, which was trained on letters",
        ),
        (("letters/random", "--histories", "foreign.csv"), "none of the 2 ids is an item of the model"),
        (("letters/random", "--history", "a,,b"), "holds an id that is missing"),
        (("letters/random", "--history", "a,nan"), "holds an id that is missing"),
        (("letters/random", "--history", "[a, b, c]"), "--history is written as a list is printed, '[a, b, c]'"),
        (("letters/random", "--histories", "missing.csv"), "can't read missing.csv"),
        (("letters/random", "--histories", "bad.csv"), "an item id is missing in row 3"),
        (("letters/random", "--histories", "late.csv"), "an item id is missing in row 20,001"),
        (("letters/random", "--histories", "empty.csv"), "there is no history to recommend after"),
        (("letters/random", "--history", "a", "--allow", "unknown.txt"), "nothing is left to recommend"),
        (("letters/random", "--history", "a", "--top", "0"), "Input should be greater than or equal to 1"),
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_bad_input_is_refused_and_leaves_nothing(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str, suffix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.csv").write_text("user,item\nx,a\nx,b\ny,nan\n")
    Path("late.csv").write_text("user,items\n" + "x,a\n" * 20_000 + 'y,"a,"\n')
    Path("empty.csv").write_text("user,items\n")
    Path("foreign.csv").write_text("user,item\nx,12\ny,7\n")
    Path("unknown.txt").write_text("zzz\n")
    before = sorted(tmp_path.iterdir())
    shown = call("recommend", *arguments, "--output", str(tmp_path / f"lists.{suffix}"))
    assert shown.code >= 2
    assert message in " ".join(shown.err.split())
    assert sorted(tmp_path.iterdir()) == before


def test_a_file_that_was_there_stays_when_a_command_fails(call: Call, tmp_path: Path) -> None:
    given, bad = tmp_path / "lists.csv", tmp_path / "bad.csv"
    given.write_text("of yesterday")
    bad.write_text("user,item\nx,\n")
    assert call("recommend", "letters/random", "--histories", str(bad), "--output", str(given)).code == 2
    assert given.read_text() == "of yesterday"


def test_a_tsv_holds_tabs(call: Call, tmp_path: Path) -> None:
    given = tmp_path / "lists.tsv"
    assert call("recommend", "letters/random", "--history", "a", "--top", "1", "--output", str(given)).code == 0
    assert given.read_text().splitlines()[0] == "user\trank\titem\tscore\tfallback"
    assert call("data", "histories", "letters", "--output", str(given)).code == 0
    assert given.read_text().splitlines()[0] == "id\tuser\titems\ttarget"


def test_the_command_that_serves_an_export_can_be_pasted(call: Call, tmp_path: Path) -> None:
    shown = call("export", "letters/random", "--format", "pyfunc", "--output", str(tmp_path / "my model"))
    assert f"mlflow models serve -m '{tmp_path}/my model' --env-manager local" in shown.out


def test_an_output_of_no_known_format_is_refused_at_once(call: Call, tmp_path: Path) -> None:
    for name in ("lists", "lists.xlsx", "lists.csv.gz"):
        shown = call("recommend", "letters/random", "--users", "all", "--output", str(tmp_path / name))
        assert shown.code == 2


def test_a_registry_that_is_away_is_named(call: Call) -> None:
    """Nobody listens at port 9, which is for discarding."""
    for arguments in (
        ("models", "list"),
        ("models", "register", "letters/random", "--as", "x@y"),
        ("recommend", "x@y", "--history", "a"),
    ):
        shown = call(*arguments, MLFLOW_TRACKING_URI="http://127.0.0.1:9")
        assert shown.code == 5
        assert "no MLflow server answers at http://127.0.0.1:9" in " ".join(shown.err.split())
