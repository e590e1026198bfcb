"""Synthetic logs as prepared datasets: what is checked, what the card says, and that demo appears by itself."""

from pathlib import Path

import pytest

from nsbench.data.dataset import Histories
from nsbench.data.store import load_dataset
from nsbench.data.synthetic.generate import (
    DEMO,
    SyntheticSettings,
    ensure_builtin,
    prepare_demo,
    prepare_synthetic,
    settings_like,
)
from nsbench.data.synthetic.shapes import likeness_of
from nsbench.errors import DatasetError, SettingsError
from nsbench.files.home import Home


def test_demo_appears_when_it_is_asked_for_and_is_the_same_everywhere(tmp_path: Path) -> None:
    here, there = Home(tmp_path / "here"), Home(tmp_path / "there")
    ensure_builtin(DEMO, here)
    assert load_dataset(DEMO, here).card == prepare_demo(there)


def test_demo_is_not_prepared_twice_and_other_names_are_left_alone(tmp_path: Path) -> None:
    home = Home(tmp_path)
    prepare_demo(home)
    written = {path: path.stat().st_mtime_ns for path in home.datasets.rglob("*")}
    ensure_builtin(DEMO, home)
    ensure_builtin("mine", home)
    assert {path: path.stat().st_mtime_ns for path in home.datasets.rglob("*")} == written


def test_demo_is_as_promised(tmp_path: Path) -> None:
    """About 3,000 users, 1,200 items and 120,000 interactions, nothing repeated, some cold items, and both old and new
    test users. The best reachable hit rate at 10 leaves room above popularity (.14) and below 1 in every cohort.
    """
    card = prepare_demo(Home(tmp_path))
    assert card.n_users == 3_000
    assert 1_150 <= card.n_items <= 1_200
    assert card.n_interactions == pytest.approx(120_000, rel=0.02)
    assert card.seen_items == "exclude"
    assert card.repeat_share == 0.0
    assert card.n_cold_items > 0
    assert card.n_test == pytest.approx(6_000, rel=0.03)
    assert 0 < card.n_new_test_users < 200
    assert card.best_reachable is not None
    assert set(card.best_reachable.hit_rate) == {"all", "head", "mid", "tail"}
    assert 0.4 < card.best_reachable.hit_rate["all"] < 0.6
    assert all(0.25 < rate < 0.8 for rate in card.best_reachable.hit_rate.values())


def test_visits_keep_seen_items_in_the_ranking(tmp_path: Path) -> None:
    settings = settings_like("retailrocket", n_items=500, n_interactions=8_000)
    card = prepare_synthetic("visits", settings, Home(tmp_path))
    assert card.seen_items == "keep"
    assert card.origin == settings.origin
    assert card.repeat_share == pytest.approx(0.3, abs=0.05)


def test_nothing_but_the_dataset_stays(tmp_path: Path) -> None:
    home = Home(tmp_path)
    prepare_synthetic("small", settings_like("demo", n_users=200, n_items=300), home)
    assert [path.name for path in home.root.iterdir()] == ["datasets"]
    assert [path.name for path in home.datasets.iterdir()] == ["small"]


def test_sizes_that_are_not_given_keep_the_mean_length() -> None:
    """Demo's users have 40 interactions on average."""
    assert settings_like("demo").n_interactions == 120_000
    assert settings_like("demo", n_users=500).n_interactions == 20_000
    assert settings_like("demo", n_interactions=4_000).n_users == 100


def test_only_the_built_in_log_is_called_demo_by_default() -> None:
    assert settings_like("demo").default_name == "demo"
    assert settings_like("demo", seed=1).default_name == "synthetic-demo"


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"n_items": 10}, "10 items"),
        ({"n_items": 10**7 + 1}, "10,000,000"),
        ({"n_users": 10, "n_interactions": 15}, "at least 2"),
        ({"n_users": 10**7, "n_interactions": 10**8 + 1}, "100,000,000"),
        ({"n_users": 10, "n_items": 100, "n_interactions": 251}, "a quarter"),
    ],
)
def test_sizes_out_of_range_say_what_is_accepted(sizes: dict[str, int], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        settings_like("demo", **sizes)


def test_a_skew_out_of_range_says_what_is_accepted() -> None:
    with pytest.raises(SettingsError, match="0 to 2"):
        settings_like("demo", skew=2.5)


def small(popularity_bias: float | None) -> SyntheticSettings:
    return settings_like("demo", n_users=400, n_items=200, popularity_bias=popularity_bias)


def test_without_a_bias_the_log_is_the_one_that_it_was_and_holds_what_users_want_only_if_asked(tmp_path: Path) -> None:
    home = Home(tmp_path)
    plain, asked = (prepare_synthetic(name, small(bias), home) for name, bias in (("a", None), ("b", 0.0)))
    assert plain.content_hash == asked.content_hash
    assert plain.best_reachable == asked.best_reachable
    assert plain.most_wanted is None
    assert load_dataset("a", home).truth is None
    assert asked.most_wanted is not None
    assert asked.most_wanted.hit_rate["all"] == pytest.approx(asked.best_reachable.hit_rate["all"], abs=0.05)  # type: ignore[union-attr]


def test_the_more_bias_the_more_of_the_log_is_of_popular_items_and_the_less_of_it_is_wanted(tmp_path: Path) -> None:
    """The share of the 20 most popular items in training; the best lists hit more of what is logged than of what is wanted."""
    home, shares = Home(tmp_path), []
    for bias in (0.0, 0.5, 1.0):
        card = prepare_synthetic("biased", small(bias), home, replace=True)
        counts = load_dataset("biased", home).train_counts
        shares.append(counts[1:21].sum() / counts.sum())
    assert shares[0] + 0.02 < shares[1] < shares[2] - 0.02
    assert card.origin.text.endswith("seed 0, popularity bias 1")
    assert card.best_reachable is not None
    assert card.most_wanted is not None
    assert card.most_wanted.hit_rate["all"] < card.best_reachable.hit_rate["all"] - 0.05


def test_what_users_want_is_read_back_and_damage_is_said(tmp_path: Path) -> None:
    home = Home(tmp_path)
    prepare_synthetic("biased", small(0.5), home)
    dataset = load_dataset("biased", home)
    assert dataset.truth is not None
    wanted = dataset.truth.probabilities(Histories(dataset.item_ids, dataset.offsets[:3], dataset.train_end[:3]))
    assert wanted.shape == (3, dataset.n_items + 1)
    assert wanted.sum(axis=1) == pytest.approx([1, 1, 1])
    (home.datasets / "biased" / "truth.npz").write_bytes(b"PK no archive")
    with pytest.raises(DatasetError, match="truth.npz can't be read.*--replace"):
        load_dataset("biased", home)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"popularity_bias": 1.5}, "0 to 1, .*skew"),
        ({"popularity_bias": -0.1}, "0 to 1"),
        ({"popularity_bias": 0.5, "skew": 1.6}, "0 to 0.25"),
        ({"popularity_bias": 0.5, "n_items": 200_000}, "100,000"),
    ],
)
def test_a_bias_out_of_range_says_what_is_accepted(values: dict[str, float], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        settings_like("demo", **values)  # type: ignore[arg-type]


def test_an_unknown_likeness_names_the_known_ones() -> None:
    with pytest.raises(SettingsError, match="demo, ml-10m, amazon-beauty, retailrocket"):
        likeness_of("netflix")
