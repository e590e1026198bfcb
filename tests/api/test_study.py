"""`tune` gives what a study found, and goes on where it stopped."""

import pytest

import nsbench
from nsbench.study.best_trial import best_of
from tests.api.conftest import Ran

SETTINGS = {"hidden_dim": 8, "max_length": 8, "validate_every": 1}


def test_a_study_has_its_trials_and_the_best_of_them(ran: Ran) -> None:
    shop = nsbench.Dataset.open("shop", ran.home)
    studies = nsbench.tune("random", shop, trials=2, epochs=1, settings=SETTINGS, workers=1, progress=False)
    (study,) = studies.studies
    assert (study.name, study.counts.n_finished) == ("shop/random/default", 2)
    assert len(study.trials) == 2
    assert studies.best["random"].value == study.trials["value"].max()
    assert studies.best["random"] == best_of("shop/random/default", "shop", "random", shop.home)
    assert studies.table.loc["random", "learning_rate"] == studies.best["random"].settings.training.learning_rate
    assert "<table" in studies._repr_html_()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"sampler": []}, "no sampler is given"),
        ({"sampler": ["random", "mixed"], "study": "mine"}, "study mine names one study, but there are 2 samplers"),
        ({"sampler": "random", "trials": 0}, "trials = 0"),
        ({"sampler": "random", "engine": "threads"}, "engine threads: accepted are processes and ray"),
        ({"sampler": "random", "address": "auto"}, r"address, cpus_per_worker and gpus_per_worker are for engine ray"),
    ],
)
def test_what_is_not_accepted_is_refused(arguments: dict[str, object], said: str, ran: Ran) -> None:
    with pytest.raises(nsbench.SettingsError, match=said):
        nsbench.tune(**arguments, dataset="shop", home=ran.home)  # type: ignore[arg-type]
