"""What a card says of where its dataset comes from, as written now and as an older version wrote it."""

import json

import pytest

from nsbench.cli.data.prepare_command import prepare_command
from nsbench.data.dataset import DatasetCard
from nsbench.data.origin import FilesOrigin, FrameOrigin, LogOrigin, Origin, PartsOrigin, SyntheticOrigin
from nsbench.data.synthetic.generate import settings_like
from tests.builder import dataset_of

CARD = dataset_of([[1, 2]], [[1]], [[2]]).card


@pytest.mark.parametrize(
    "origin",
    [
        LogOrigin(file="ratings.dat", url="https://example.org/ratings.zip", homepage="https://example.org/"),
        FrameOrigin(what="a frame"),
        FilesOrigin(files=("a.csv", "b.csv")),
        PartsOrigin(train="a.csv", test="c.csv"),
        settings_like("demo", seed=3).origin,
    ],
)
def test_a_card_comes_back_with_the_origin_that_it_was_written_with(origin: Origin) -> None:
    card = CARD.model_copy(update={"origin": origin})
    assert DatasetCard.model_validate_json(card.model_dump_json()) == card


@pytest.mark.parametrize(
    ("source", "origin"),
    [
        ("ratings.dat", LogOrigin(file="ratings.dat")),
        (
            "synthetic like ml-1m: 60 users, 400 items, 900 interactions, skew 0.5, seed 7",
            SyntheticOrigin(like="ml-1m", n_users=60, n_items=400, n_interactions=900, skew=0.5, seed=7),
        ),
        ("synthetic like nothing", LogOrigin(file="synthetic like nothing")),
    ],
)
def test_a_card_of_an_older_version_holds_its_origin_in_a_line(source: str, origin: Origin) -> None:
    fields = {name: value for name, value in json.loads(CARD.model_dump_json()).items() if name != "origin"}
    card = DatasetCard.model_validate_json(json.dumps({**fields, "source": source}))
    assert (card.origin, card.source) == (origin, source)


def test_the_command_of_several_files_and_of_parts_names_them() -> None:
    files = FilesOrigin(files=("a.csv", "b.csv"))
    options = {"valid_from": "2014-05-01", "test_from": "2014-06-01", "ties": "random", "tie_seed": 3}
    assert prepare_command("mine", files, options).endswith(
        "data prepare a.csv b.csv --name mine --valid-from 2014-05-01 --test-from 2014-06-01 --ties random --tie-seed 3"
    )
    parts = PartsOrigin(train="a.csv", test="c.csv")
    assert prepare_command("mine", parts, {"split": "files", "valid_share": 0.1}).endswith(
        "data prepare --train a.csv --test c.csv --name mine --valid-share 0.1"
    )
    assert prepare_command("mine", LogOrigin(file="a.csv"), {"split": "leave-one-out"}).endswith(
        "data prepare a.csv --name mine --split leave-one-out"
    )
    assert FilesOrigin(files=tuple("abcdefg")).text == "a, b, c, d, e and 2 more"
