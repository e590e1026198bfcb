"""What a study says of its dataset to those who join it, as written now and as an older version wrote it."""

import pytest

from nsbench.data.origin import LogOrigin, SyntheticOrigin
from nsbench.study.shared_study import MadeFrom

TINY = SyntheticOrigin(like="demo", n_users=60, n_items=100, n_interactions=600, skew=1, seed=0)


def test_what_a_dataset_was_made_from_comes_back_as_it_was_written() -> None:
    made_from = MadeFrom(origin=LogOrigin(file="log.csv", url="https://example.org/log.csv"), options={"events": None})
    assert MadeFrom.model_validate_json(made_from.model_dump_json()) == made_from


@pytest.mark.parametrize(("source", "origin"), [(TINY.text, TINY), ("log.csv", LogOrigin(file="log.csv"))])
def test_a_study_of_an_older_version_holds_the_origin_in_a_line(source: str, origin: object) -> None:
    found = MadeFrom.model_validate_json(f'{{"source": "{source}", "options": {{"skew": null}}}}')
    assert (found.origin, found.options) == (origin, {"skew": None})
