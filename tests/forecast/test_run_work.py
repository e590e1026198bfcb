"""The work in a run, counted by hand."""

from dataclasses import replace

import pytest
import torch

from nsbench.bench.cases.workload import Workload, dataset_of
from nsbench.config import Settings
from nsbench.data.public.public_log import PUBLIC_LOGS
from nsbench.errors import DatasetError
from nsbench.files.home import Home
from nsbench.forecast.dataset_shape import PUBLISHED_SIZES, STAND_IN_USERS, DatasetShape, shape_of
from nsbench.forecast.run_work import ITEM_LABEL_BYTES, model_bytes, typical_settings, work_of
from nsbench.models.model import initial_model
from nsbench.study.search.space import RangeChange, StudyFile, space_of
from nsbench.training.checkpoint.model_file import save_model


def shape(share: float = 1.0) -> DatasetShape:
    """200 users, of whom each has at least two training interactions."""
    dataset = dataset_of(Workload("tiny", n_users=200, n_items=300, mean_length=12, max_length=10))
    return DatasetShape("tiny", dataset, share, 2_400, 120, 130, 1_000, "made")


def test_an_epoch_has_a_step_for_every_batch_of_users():
    """200 users in batches of 64: four steps. Positives: each user's training interactions but the first, 10 at most."""
    made = shape()
    load = work_of(made, Settings.of("random", {"batch_size": 64, "max_length": 10}))
    trained = made.dataset.train_end - made.dataset.offsets[:-1]
    assert load.n_steps == 4
    assert load.n_positives == sum(min(int(n) - 1, 10) for n in trained)
    assert (load.n_valid_targets, load.n_test_targets) == (120, 130)


def test_an_epoch_of_draws_has_whole_batches_only_and_may_count_all_users():
    """200 users, 50 of whom lose their training: 150 / 64 are 2 batches, 200 / 64 are 3, with a third more positives."""
    made = shape()
    train_end = made.dataset.train_end.copy()
    train_end[:50] = made.dataset.offsets[:50]
    made = replace(made, dataset=replace(made.dataset, train_end=train_end))
    trained, every = (
        work_of(
            made,
            Settings.of("random", {"batch_size": 64, "user_order": "with_replacement", "epoch_users": epoch_users}),
        )
        for epoch_users in ("trained", "all")
    )
    assert (trained.n_steps, every.n_steps) == (2, 3)
    assert every.n_positives == pytest.approx(trained.n_positives * 4 / 3, abs=1)


def test_a_stand_in_stands_for_all_users():
    """A quarter of 800 users: 800 / 64 = 12.5, 13 steps, and four times the positives."""
    settings = Settings.of("random", {"batch_size": 64, "max_length": 10})
    whole, quarter = work_of(shape(), settings), work_of(shape(0.25), settings)
    assert quarter.n_steps == 13
    assert quarter.n_positives == 4 * whole.n_positives


def test_only_the_users_that_are_looked_at_count():
    """50 of 200 users: a quarter of 120 validation interactions."""
    assert work_of(shape(), Settings.of("random", {"validation_users": 50})).n_valid_targets == 30


def test_negatives_of_all_parts_count():
    settings = Settings.of("mixed", {"n_in_batch": 20, "n_uniform": 30})
    assert work_of(shape(), settings).n_negatives == 50


def test_a_searched_number_stands_at_its_mean():
    """Evenly from 10 to 30: 20. By factors from 5 to 500: 495 / ln 100 = 107.5. Of three choices the middle one."""
    file = StudyFile(
        search={
            "n_in_batch": RangeChange(low=10, high=30, log=False),
            "batch_size": RangeChange(choices=(256, 64, 128)),
        }
    )
    settings = typical_settings(space_of("mixed", file, {})).flat()
    assert settings["n_in_batch"] == 20
    assert settings["n_uniform"] == 107
    assert settings["batch_size"] == 128


def test_a_fixed_number_stays():
    file = StudyFile(fixed={"n_negatives": 7})
    assert typical_settings(space_of("random", file, {"max_epochs": 3})).flat()["n_negatives"] == 7


def test_a_public_log_that_is_not_prepared_gets_a_stand_in(tmp_path):
    """MovieLens-10M: 69,878 users, of whom the stand-in has 5,000; a twentieth of the ratings is the test's."""
    made = shape_of("ml-10m", Home(tmp_path))
    assert made.dataset.n_users == STAND_IN_USERS
    assert made.users_share == pytest.approx(5_000 / 69_878)
    assert made.n_test == 500_000
    assert "not prepared" in made.how


def test_every_log_that_can_be_fetched_has_a_stand_in():
    assert set(PUBLIC_LOGS) <= set(PUBLISHED_SIZES)


def test_an_unknown_log_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="no dataset 'mine'"):
        shape_of("mine", Home(tmp_path))


def test_a_model_takes_what_its_file_and_its_items_labels_take(tmp_path):
    """1,000 items; the file of parameters has a header of less than a kilobyte."""
    settings = Settings.of("random", {"hidden_dim": 16, "n_blocks": 1})
    file = tmp_path / "model.safetensors"
    save_model(initial_model(settings.model, 1_000, [torch.Generator().manual_seed(0)]), file)
    assert 0 <= file.stat().st_size - (model_bytes(settings, 1_000) - 1_000 * ITEM_LABEL_BYTES) < 1_024
