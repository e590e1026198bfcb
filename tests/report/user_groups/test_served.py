"""Results by groups of users, from recorded ranks and the prepared dataset of the home."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from nsbench.data.dataset import Dataset
from nsbench.data.log.prepare import prepare_frame
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.origin import LogOrigin
from nsbench.data.store import load_dataset
from nsbench.evaluation.rank_table import RankTable
from nsbench.evaluation.targets.target import targets_of
from nsbench.files.home import Home
from nsbench.report.analysis import read_summaries
from nsbench.report.figures.user_group import user_group_figure
from nsbench.report.summary import DatasetSummary
from nsbench.report.user_groups.group_table import group_tables
from nsbench.report.user_groups.group_text import all_group_sentences
from nsbench.report.user_groups.user_group import thirds_of
from nsbench.tracking.stored_run import StoredRun
from tests.report.made_reader import rank_table, ranked, reader_of

N_SEEDS = 4


def prepared(home: Home, n_users: int = 400) -> Dataset:
    """Users with 2 to 9 interactions in a first stretch of time, and one or two in a second one, which is the test."""
    generator = np.random.default_rng(0)
    rows = []
    for user in range(n_users):
        times = [*generator.integers(0, 900, generator.integers(2, 10)), *generator.integers(1000, 1100, user % 2 + 1)]
        rows += [
            (f"u{user}", f"i{item}", int(time))
            for item, time in zip(generator.integers(0, 30, 99), times, strict=False)
        ]
    frame = pl.DataFrame(rows, schema=["user", "item", "time"], orient="row").lazy()
    share = sum(time >= 1000 for *_, time in rows) / len(rows)
    options = PrepareOptions(seen_items="keep", valid_share=0.05, test_share=share)
    prepare_frame(frame, options, LogOrigin(file="made.csv"), "demo", home, replace=True)
    return load_dataset("demo", home)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def dataset(home: Home) -> Dataset:
    return prepared(home)


def n_before(dataset: Dataset) -> np.ndarray:
    """Each user's interactions before the test."""
    return np.asarray(dataset.valid_end) - np.asarray(dataset.offsets[:-1])


def made(dataset: Dataset, sampler: str, seed: int, share: dict[bool, float]) -> tuple[StoredRun, RankTable]:
    """A run that hits the targets of heavy users, and of the others, with these shares."""
    targets = targets_of(dataset, "test", "rolling")
    users, n = targets.users, n_before(dataset)
    _, border = thirds_of(n[np.unique(users)].astype(float))
    generator = np.random.default_rng([seed, len(sampler)])
    chance = np.where(n[users] > border, share[True], share[False])
    ranks = rank_table(list(generator.random(len(users)) < chance), users=list(users))
    ranks = RankTable(ranks.users, targets.items, ranks.cohorts, ranks.ranks, ranks.n_tied)
    return ranked(sampler, seed, ranks, minute=seed, dataset_hash=dataset.card.content_hash)


def summary(dataset: Dataset, home: Home | None) -> DatasetSummary:
    """`fair` hits half everywhere, `biased` nearly all of the heavy users' targets and few others."""
    runs = [
        made(dataset, sampler, seed, share)
        for sampler, share in (("fair", {True: 0.5, False: 0.5}), ("biased", {True: 0.95, False: 0.1}))
        for seed in range(N_SEEDS)
    ]
    return read_summaries(reader_of(*runs), ["demo"], home)[0]


def test_each_group_has_the_method_that_serves_it_best(dataset: Dataset, home: Home) -> None:
    found = summary(dataset, home)
    activity = found.user_groups[0]
    light, middle, heavy = (
        {label: activity.statistics.estimate(label, "hit_rate", slot).value for label in ("fair", "biased")}  # type: ignore[union-attr]
        for slot in ("head", "mid", "tail")
    )
    assert light["fair"] == pytest.approx(0.5, abs=0.1)
    assert light["biased"] == pytest.approx(0.1, abs=0.1)
    assert middle["biased"] == pytest.approx(0.1, abs=0.1)
    assert heavy["biased"] == pytest.approx(0.95, abs=0.1)
    sentences = all_group_sentences(found)
    assert any("Light users" in one and "fair is ahead" in one and "significantly worse" in one for one in sentences)
    assert any("Heavy users" in one and "biased is ahead" in one for one in sentences)
    titles = [table.title for table in group_tables(found)]
    assert titles[0] == "Hit rate at 10 by users' activity on demo, %"
    assert len(titles) == 4
    assert user_group_figure(found) is not None


def test_groups_add_up_to_all_targets(dataset: Dataset, home: Home) -> None:
    found = summary(dataset, home)
    n_targets = len(targets_of(dataset, "test", "rolling"))
    activity = found.user_groups[0]
    assert sum(group.n_targets for group in activity.groups) == n_targets
    for label in ("fair", "biased"):
        parts = [activity.statistics.estimate(label, "hit_rate", slot) for slot in ("head", "mid", "tail")]
        hits = sum(one.value * group.n_targets for one, group in zip(parts, activity.groups, strict=True))  # type: ignore[union-attr]
        whole = found.statistics.estimate(label, "hit_rate", "all")
        assert whole is not None
        assert hits / n_targets == pytest.approx(whole.value)


def test_one_repeat_each_is_too_few_to_tell(dataset: Dataset, home: Home) -> None:
    runs = [made(dataset, sampler, 0, {True: 0.5, False: share}) for sampler, share in (("fair", 0.5), ("other", 0.52))]
    (found,) = read_summaries(reader_of(*runs), ["demo"], home)
    assert any("too few repeats to tell it from" in sentence for sentence in all_group_sentences(found))


def test_a_home_without_the_dataset_gets_a_sentence(dataset: Dataset, home: Home, tmp_path: Path) -> None:
    for place in (Home(tmp_path), Home(tmp_path / "other")):
        if place.root.name == "other":
            prepared(place, n_users=90)
        found = summary(dataset, place)
        assert found.user_groups == ()
        assert "is not prepared in this home" in found.user_groups_note


def test_the_comparison_is_the_same_with_and_without_groups(dataset: Dataset, home: Home) -> None:
    without, beside = summary(dataset, None), summary(dataset, home)
    assert (without.user_groups, without.user_groups_note) == ((), "")
    assert repr(without.statistics) == repr(beside.statistics)


def test_ranks_of_users_that_the_dataset_lacks_are_no_groups(dataset: Dataset, home: Home) -> None:
    run, ranks = made(dataset, "fair", 0, {True: 0.5, False: 0.5})
    foreign = RankTable(ranks.users + dataset.n_users, ranks.items, ranks.cohorts, ranks.ranks, ranks.n_tied)
    (found,) = read_summaries(reader_of((run, foreign)), ["demo"], home)
    assert found.user_groups == ()
    assert "users or items that the dataset lacks" in found.user_groups_note
