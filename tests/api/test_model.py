"""A trained model from Python gives what the commands give."""

from pathlib import Path

import mlflow.pyfunc
import pandas as pd
import polars as pl
import pytest

import nsbench
from nsbench.files.home import Home
from tests.cli.in_process import nsbench as command
from tests.trained.model_builder import prepared_letters, trained


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("asked")
    trained(Home(root), prepared_letters(Home(root)))
    return root


def test_lists_are_those_of_the_command(home: Path, tmp_path: Path) -> None:
    """Of a frame of interactions, one of whole histories as lists and as text, and of one user's ids."""
    model = nsbench.load_model("letters/random", home=home)
    rows = pd.DataFrame({"user": ["x", "x", "y"], "item": ["a", "b", "zzz"]})
    rows.to_csv(tmp_path / "h.csv", index=False)
    files = ("--histories", str(tmp_path / "h.csv"), "--output", str(tmp_path / "lists.csv"))
    assert command(home, "recommend", "letters/random", *files, "--top", "4").code == 0
    wanted = pd.read_csv(tmp_path / "lists.csv")
    found = model.recommend(rows, top=4)
    columns = ["user", "rank", "item", "fallback"]
    assert found[columns].to_dict("list") == wanted[columns].to_dict("list")
    for items in ([["a", "b"], ["zzz"]], ["a,b", "zzz"]):
        whole = model.recommend(pd.DataFrame({"user": ["x", "y"], "items": items}), top=4)
        assert whole["item"].tolist() == wanted["item"].tolist()
    assert model.recommend(["a", "b"], top=4)["item"].tolist() == wanted["item"].tolist()[:4]
    assert set(model.recommend(["a"], allow=["b", "c"], deny=["c"])["item"]) == {"b"}


def test_a_model_is_described_exported_and_evaluated(home: Path, tmp_path: Path) -> None:
    model = nsbench.load_model("letters/random", home=home)
    assert (model.method, model.dataset, model.settings["hidden_dim"]) == ("random", "letters", 8)
    assert list(model.similar("a", top=3).columns) == ["rank", "item", "cosine"]
    model.export(tmp_path / "out")
    served = mlflow.pyfunc.load_model(str(tmp_path / "out"))
    lists = served.predict(pd.DataFrame({"items": [["a", "b"]]}), params={"top": 5})
    assert lists["items"][0] == model.recommend(["a", "b"], top=5)["item"].tolist()
    again = model.evaluate(track=False)
    assert again["test/all/hit_rate_at_10"] == model.metrics["test/all/hit_rate_at_10"]


def test_a_training_goes_on_and_a_last_fit_claims_nothing(home: Path) -> None:
    run = nsbench.train(dataset="letters", from_model="letters/random", epochs=1, track=False, home=home)
    assert run.method == "random"
    final = nsbench.train("random", "letters", all_data=True, home=home, progress=False)
    assert not [name for name in final.metrics if name.startswith("test/")]
    assert nsbench.load_model(str(final.run_id), home=home).recommend(["a"], top=1)["rank"].tolist() == [1]


def test_what_is_not_accepted_is_refused(home: Path) -> None:
    model = nsbench.load_model("letters/random", home=home)
    for call, said in (
        (lambda: nsbench.load_model("letters/mixd", home=home), "letters"),
        (lambda: nsbench.train(home=home), "no method is named"),
        (lambda: model.recommend(["zzz", "yyy"]), "none of the 2 ids is an item of the model"),
        (lambda: model.recommend(["a", None]), "an item id is missing"),
        (lambda: model.recommend(pd.DataFrame({"who": ["x"]})), "the DataFrame has the columns who"),
        (lambda: model.recommend(["a"], top=0), "top = 0"),
        (lambda: model.recommend(["a"], top=2.5), r"top = 2\.5: accepted are whole numbers"),
        (lambda: model.similar("a", top="5"), "top = '5': accepted are whole numbers"),
        (
            lambda: model.recommend(["a"], seen="kep"),
            r"seen = 'kep' \(did you mean 'keep'\?\): accepted are dataset, keep, exclude",
        ),
        (lambda: model.recommend(["a"], deny="bc"), "deny is a list of ids, not the text 'bc'"),
        (lambda: model.recommend("abc"), "not 'abc'"),
        (lambda: model.recommend(None), "histories are a DataFrame or a list of ids, not None"),
        (lambda: model.recommend(pl.LazyFrame({"user": ["x"], "item": ["a"]})), "histories are a DataFrame"),
        (lambda: model.recommend(pd.DataFrame({"user": ["x", "y"], "item": ["a", 3]})), "the DataFrame can't be read"),
        (lambda: model.similar("A"), "the model has no item 'A'"),
        (lambda: model.evaluate(settings={"hidden_dim": 1}), "is no setting of the evaluation"),
    ):
        with pytest.raises(nsbench.NsbenchError, match=said):
            call()
