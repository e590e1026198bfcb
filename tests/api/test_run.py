"""`train` in this process gives what the command gives."""

import json

import pytest
import torch

import nsbench
from tests.api.conftest import Ran
from tests.cli.in_process import nsbench as command

SETTINGS = {"hidden_dim": 8, "max_length": 8, "validate_every": 1}


def test_a_run_equals_the_command_s_to_the_last_digit(ran: Ran) -> None:
    threads = torch.get_num_threads()
    run = nsbench.train("mixed", "shop", settings=SETTINGS, epochs=2, seed=3, track=False, home=ran.home)
    assert torch.get_num_threads() == threads
    assignments = [part for name, value in SETTINGS.items() for part in ("--set", f"{name}={value}")]
    shown = command(
        ran.home, "train", "--sampler", "mixed", "--dataset", "shop", *assignments, "--epochs", "2", "--seed", "3",
        "--no-track", "--fresh", "--json",
    )  # fmt: skip
    document = json.loads(shown.out)
    tested = {name: value for name, value in document["metrics"].items() if name.startswith("test/")}
    assert tested
    assert {name: value for name, value in tested.items() if value is not None} == {
        name: run.metrics[name] for name, value in tested.items() if value is not None
    }
    assert dict(run.settings) == document["settings"]
    assert (run.method, run.run_id, run.is_cut_off, run.best_epoch) == ("mixed", None, True, document["best_epoch"])
    assert run.checkpoint.exists()
    assert run.table.loc["all", "hit_rate_at_10"] == run.metrics["test/all/hit_rate_at_10"]
    assert run.table.loc["all", "n_targets"] == run.metrics["test/all/n_targets"]
    assert "<table" in run._repr_html_()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"sampler": "mixd"}, "unknown sampler 'mixd'"),
        ({"sampler": "mixed", "settings": {"lr": 1}}, "learning_rate"),
        ({"sampler": "mixed", "epochs": 0}, "epochs = 0: accepted are 1 or more"),
        ({"sampler": "mixed", "seed": -1}, "seed = -1: accepted are 0 or more"),
    ],
)
def test_what_is_not_accepted_is_refused_at_once(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(nsbench.SettingsError, match=said):
        nsbench.train(**arguments)  # type: ignore[arg-type]
