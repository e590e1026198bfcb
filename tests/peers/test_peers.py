"""The figures of other implementations can be read, and nsbench agrees with the published code where that is looked at."""

from pathlib import Path

import pytest

from nsbench.files.home import Home
from tests.peers.figure import Figure, figures_of, noise_of, spread_of_seeds
from tests.peers.training import LOGS, PEERS, prepared, settings_of, trained


@pytest.mark.parametrize("name", PEERS)
def test_what_is_trained_beside_each_figure_is_accepted_and_tested_once_at_the_end(name: str) -> None:
    for figure in figures_of(name):
        training = settings_of(PEERS[name], figure).training
        assert (training.max_epochs, training.validate_every, training.patience) == (PEERS[name].epochs,) * 2 + (0,)
        assert all(0 < value < 2 for value in figure.values.values())


def test_beside_the_published_code_the_reference_preset_is_trained() -> None:
    settings = settings_of(PEERS["published_code"], figures_of("published_code")[0]).flat()
    assert (settings["replay_factor"], settings["targets"], settings["n_negatives"]) == (30, "frozen", 50)
    assert (settings["user_order"], settings["attention_output"]) == ("with_replacement", False)


def made(method: str, *rates: float, source: str = "nsbench") -> list[Figure]:
    return [Figure(source, "log", method, {}, {"hit_rate": rate}) for rate in rates]


def test_the_spread_of_seeds_is_pooled_over_methods() -> None:
    """Differences of .02 and .04 within two methods: (.0002 + .0008) / 2 = .0005; a single run and another source add nothing."""
    figures = [*made("a", 0.1, 0.12), *made("b", 0.3, 0.34), *made("c", 0.5), *made("a", 0.9, source="other")]
    sd, freedom = spread_of_seeds(figures, "hit_rate")
    assert (sd, freedom) == (pytest.approx(0.0005**0.5), 2)
    # Student's t of 2 degrees of freedom is 4.303 at 97.5 %, and 6.205 at 98.75 %.
    assert noise_of(figures, "hit_rate", 1) == pytest.approx(4.303 * 0.0005**0.5 * 2**0.5, rel=1e-3)
    assert noise_of(figures, "hit_rate", 1, n_columns=2) == pytest.approx(6.205 * 0.0005**0.5 * 2**0.5, rel=1e-3)


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.skipif(not LOGS.is_dir(), reason="the real logs are not here; set NSBENCH_REAL_DATA to their folder")
def test_the_reference_preset_reaches_what_the_published_code_does(tmp_path: Path) -> None:
    """Random negatives, 25 epochs, one seed: hit rate, NDCG and the cohorts' hit rates within the noise between seeds."""
    peer, figures = PEERS["published_code"], figures_of("published_code")
    theirs = next(figure for figure in figures if figure.method == "random" and not figure.is_ours)
    found = trained(settings_of(peer, theirs), prepared(peer, theirs.log, Home(tmp_path)), seed=0)
    for column, value in theirs.values.items():
        assert abs(found[column] - value) < noise_of(figures, column, 1, n_columns=len(theirs.values)), column
