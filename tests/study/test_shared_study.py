"""What a study says of its dataset to those who join it, as written now and as an older version wrote it."""

import optuna
import pytest

from nsbench.config import Settings
from nsbench.data.origin import LogOrigin, SyntheticOrigin
from nsbench.files.home import Home
from nsbench.study.search.storage import open_storage
from nsbench.study.shared_study import MadeFrom, announce_repeats, announced_repeats

TINY = SyntheticOrigin(like="demo", n_users=60, n_items=100, n_interactions=600, skew=1, seed=0)


def test_what_a_dataset_was_made_from_comes_back_as_it_was_written() -> None:
    made_from = MadeFrom(origin=LogOrigin(file="log.csv", url="https://example.org/log.csv"), options={"events": None})
    assert MadeFrom.model_validate_json(made_from.model_dump_json()) == made_from


@pytest.mark.parametrize(("source", "origin"), [(TINY.text, TINY), ("log.csv", LogOrigin(file="log.csv"))])
def test_a_study_of_an_older_version_holds_the_origin_in_a_line(source: str, origin: object) -> None:
    found = MadeFrom.model_validate_json(f'{{"source": "{source}", "options": {{"skew": null}}}}')
    assert (found.origin, found.options) == (origin, {"skew": None})


def test_methods_that_fix_a_setting_are_announced_beside_each_other(tmp_path) -> None:
    """Both have the fingerprint of the study's own settings, whose log_q is none."""
    storage = open_storage(Home(tmp_path))
    study = optuna.create_study(storage=storage, study_name="small/random+softmax/default")
    plain = Settings.of("random+softmax", {"learning_rate": 0.02})
    announce_repeats(study, storage, plain, 3)
    announce_repeats(study, storage, plain.fixing({"log_q": "none"}), 2)
    announce_repeats(study, storage, plain.fixing({"log_q": "classic"}), 1)
    found = {settings.method.name: (settings, n) for settings, n, _ in announced_repeats(study)}
    assert found == {
        "random+softmax": (plain, 3),
        "random+softmax+log_q=none": (plain.fixing({"log_q": "none"}), 2),
        "random+softmax+log_q=classic": (plain.fixing({"log_q": "classic"}), 1),
    }
