"""What `nsbench tune` refuses before anything is made."""

import pytest
from typer.testing import CliRunner

from nsbench.cli.main import app
from nsbench.errors import NsbenchError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sampler", "mixd"], "did you mean 'mixed'"),
        (["--sampler", "mixed", "--set", "n_unifrom=3"], "did you mean 'n_uniform'"),
        (["--sampler", "mixed", "--objective", "valid/all/recall"], "valid/all/ndcg_at_10"),
        (["--sampler", "mixed", "--config", "nothing"], "no 'nothing' in .*there are: demo"),
        (["--sampler", "mixed", "--sampler", "batch", "--study", "one"], "--study one names one study"),
        (["--sampler", "mixed", "--dataset", "absent"], "absent"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(arguments, message, tmp_path, monkeypatch):
    monkeypatch.setenv("NSBENCH_HOME", str(tmp_path / "home"))
    result = CliRunner().invoke(app, ["tune", "--workers", "1", *arguments])
    assert isinstance(result.exception, NsbenchError)
    with pytest.raises(NsbenchError, match=message):
        raise result.exception
    assert not (tmp_path / "home").exists()
