"""Which runs a comparison of given ones is of."""

import pytest

from nsbench.api.run_choice import ChosenRuns
from nsbench.errors import SettingsError
from nsbench.terms import RunKind
from tests.report.made_reader import MadeReader
from tests.report.stored_run_builder import stored

CHOSEN = [stored("mixed", 0), stored("mixed", 1)]
OTHERS = [stored("mixed", 2), stored("random", 0), stored("popularity-baseline", kind=RunKind.BASELINE)]
TRIAL = stored("random", 7, kind=RunKind.TRIAL)


def test_repeats_and_baselines_that_were_not_given_do_not_count_and_trials_do() -> None:
    reader = ChosenRuns(MadeReader([*CHOSEN, *OTHERS, TRIAL]), CHOSEN)
    assert reader.all_runs(["demo"]) == {"demo": (*CHOSEN, TRIAL)}
    assert reader.runs("demo") == (*CHOSEN, TRIAL)


def test_two_settings_of_one_method_are_refused() -> None:
    other = stored("mixed", 0, minute=5, fingerprint="other")
    with pytest.raises(SettingsError, match="mixed on demo is given twice"):
        ChosenRuns(MadeReader([*CHOSEN, other]), [*CHOSEN, other])
