"""The bench measures what it says; how fast it is is not a test's business."""

import json
from pathlib import Path

import pytest

from nsbench.bench.training import flops_per_positive, settings_with, training_rate
from nsbench.bench.workload import Workload, dataset_of
from nsbench.cli.bench import _earlier
from nsbench.errors import SettingsError
from nsbench.model import ModelSettings
from nsbench.samplers import SAMPLERS

TINY = Workload("tiny", n_users=200, n_items=300, mean_length=12, max_length=10)


def test_useful_flops_by_hand() -> None:
    """Width 10, one block, context 5, 3 negatives: 3 (6 * 200 + 4 * 5 * 10 + 20 * 4) = 3 * 1,480."""
    model = ModelSettings(hidden_dim=10, n_blocks=1)
    assert flops_per_positive(model, mean_context=5, n_negatives=3) == 4_440


def test_a_workload_has_the_shape_that_it_says() -> None:
    dataset = dataset_of(TINY)
    assert dataset.n_users == 200
    assert dataset.n_items == 300
    assert 8 < dataset.card.n_interactions / 200 < 16
    assert (dataset.train_counts[1:-1] >= dataset.train_counts[2:]).all()
    assert dataset.train_counts.sum() == dataset.card.n_train


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_proposes_the_same_number(sampler: str) -> None:
    settings = settings_with(sampler, 40, ModelSettings()).flat()
    counts = [settings[name] for name in ("n_negatives", "n_in_batch", "n_uniform") if name in settings]
    assert sum(int(str(count)) for count in counts) == 40


def test_a_rate_counts_real_positives() -> None:
    rate = training_rate("random", dataset_of(TINY), TINY, n_negatives=10, seconds=0.1)
    assert rate.negatives_per_s == pytest.approx(10 * rate.positives_per_s)
    assert 0 < rate.draw_share < 1


def test_a_file_that_is_no_bench_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    path.write_text(json.dumps({"something": "else"}))
    with pytest.raises(SettingsError, match="give a file that nsbench bench --json wrote"):
        _earlier(path)
