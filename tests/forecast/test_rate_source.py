"""Rates from a bench of another machine, and from a device's file."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nsbench.bench.cases.ours import REPLICAS
from nsbench.bench.cases.training import flops_per_positive
from nsbench.bench.cases.workload import Workload, dataset_of
from nsbench.config import Settings
from nsbench.errors import SettingsError
from nsbench.forecast.bench_file import BenchFile
from nsbench.forecast.dataset_shape import DatasetShape
from nsbench.forecast.device_file import Device, device_names
from nsbench.forecast.run_work import RunWork, work_of

SETTINGS = Settings.of("random", {"n_negatives": 100})


def shape(n_items: int, mean_length: int) -> DatasetShape:
    dataset = dataset_of(Workload("tiny", n_users=300, n_items=n_items, mean_length=mean_length, max_length=50))
    return DatasetShape("tiny", dataset, 1.0, 3_000, 300, 300, 1_000, "made")


def bench(path: Path, replicas: dict[str, float] | None = None) -> Path:
    """A bench with 1 GFLOP/s of training on dense and 2 on sparse, 5 and 6 of ranking, and what 20 replicas do, if anything."""
    workloads = [
        {
            "name": name,
            "training": [
                {"sampler": "random", "useful_flops": training, "positives_per_s": 1},
                *(
                    {"sampler": REPLICAS, "useful_flops": flops}
                    for own, flops in (replicas or {}).items()
                    if own == name
                ),
            ],
            "evaluation": {"useful_flops": evaluation, "targets_per_s": 1},
            "peak_memory_bytes": 7,
        }
        for name, training, evaluation in (("dense", 1e9, 5e9), ("sparse", 2e9, 6e9))
    ]
    path.write_text(json.dumps({"device": "a card", "workloads": workloads, "limits": {}}))
    return path


@pytest.mark.parametrize(
    ("n_items", "mean_length", "training", "ranking"), [(3_000, 90, 1e9, 5e9), (50_000, 9, 2e9, 6e9)]
)
def test_a_log_takes_the_rates_of_the_workload_most_like_it(tmp_path, n_items, mean_length, training, ranking):
    source, made = BenchFile.read(bench(tmp_path / "bench.json")), shape(n_items, mean_length)
    load = work_of(made, SETTINGS)
    (rates,) = source.rates(made, [load])
    assert rates.positives_per_s == pytest.approx(training / flops_per_positive(SETTINGS.model, load.mean_context, 100))
    assert rates.valid_targets_per_s == pytest.approx(ranking / (2 * 50 * load.n_candidates))
    assert rates.test_targets_per_s == pytest.approx(rates.valid_targets_per_s / 2)
    assert "a card" in source.how


@pytest.mark.parametrize(("n_replicas", "gain"), [(20, 10.0), (39, 13.0), (1, None)])
def test_replicas_gain_what_was_measured_with_twenty(tmp_path, n_replicas, gain):
    """Twenty do ten times the positives of one, so their step takes twice as long as one's: each replica adds 1 / 19 of it.

    Of 39 it takes three times as long, and they do 39 / 3 = 13 times as much.
    """
    source, made = BenchFile.read(bench(tmp_path / "bench.json", {"dense": 1e10})), shape(3_000, 90)
    (rates,) = source.rates(made, [work_of(made, SETTINGS)], n_replicas)
    if gain is None:
        assert rates.together_per_s is None
    else:
        assert rates.together_per_s == pytest.approx(gain * rates.positives_per_s)
        assert rates.memory_bytes == 7 * n_replicas


def test_a_bench_without_replicas_says_nothing_of_them(tmp_path):
    source, made = BenchFile.read(bench(tmp_path / "bench.json")), shape(3_000, 90)
    (rates,) = source.rates(made, [work_of(made, SETTINGS)], 20)
    assert rates.together_per_s is None


def test_a_sampler_that_was_not_benched_is_refused(tmp_path):
    source, made = BenchFile.read(bench(tmp_path / "bench.json")), shape(3_000, 90)
    with pytest.raises(SettingsError, match="didn't measure the sampler 'mixed'"):
        source.rates(made, [work_of(made, Settings.of("mixed"))])


@pytest.mark.parametrize("text", ["", "{}", '{"device": "x", "workloads": []}'])
def test_a_file_that_is_no_bench_is_refused(tmp_path, text):
    path = tmp_path / "bench.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"bench"):
        BenchFile.read(path)


def test_a_step_on_a_device_takes_launches_operations_and_traffic(tmp_path):
    """1,000 positives of width 50, no negatives but one, one block, context 1, 100 items, a figure of 1 each second.

    Operations: 3 (12 * 2,500 + 4 * 50 + 100 * 2) = 91,200 a positive. Traffic: scores 6 * 4 * 2 * 1,000 = 48,000, states
    60 * 200 * 1,000 = 12,000,000, table 7 * 200 * 100 = 140,000, in all 12,188,000 bytes.
    Seconds: 2 + 91.2e6 / 91.2e6 + 12.188e6 / 12.188e6 = 4.
    """
    path = tmp_path / "slow.yaml"
    figures = {
        "step_s": 2,
        "training_flops": 91.2e6,
        "scoring_flops": 10_000,
        "memory_bytes_per_s": 12.188e6,
        "memory_bytes": 8,
        "setup_s": 1,
    }
    lines = [
        "device: slow",
        "is_measured: false",
        *(f"{key}: {{value: {value}, how: given}}" for key, value in figures.items()),
    ]
    path.write_text("\n".join(lines))
    settings = Settings.of("random", {"n_negatives": 1, "n_blocks": 1, "hidden_dim": 50})
    load = RunWork(
        settings,
        n_sequences=1,
        n_steps=1,
        n_positives=1_000,
        mean_context=1,
        n_valid_targets=1,
        n_test_targets=1,
        n_candidates=10,
    )
    device, made = Device.named(str(path)), shape(100, 9)
    (rates,) = device.rates(made, [load])
    assert rates.positives_per_s == pytest.approx(1_000 / 4)
    assert rates.valid_targets_per_s == pytest.approx(10_000 / (2 * 50 * 10))
    assert (device.is_measured, device.memory_limit_bytes, rates.setup_s) == (False, 8, 1)
    # Five replicas share the 2 s of launches: 2 + 5 * 2 = 12.
    (together,) = device.rates(made, [load], 5)
    assert together.together_per_s == pytest.approx(5_000 / 12)


def test_what_a_sampler_remembers_counts_for_each_run(tmp_path):
    """A queue of 10 batches of 128 rows of 8 positives: 10 * 1,024 * 4 bytes, 10 lengths and a count of 8 each: 41,048."""
    made = shape(100, 9)
    works = [
        work_of(made, Settings.of(name, {"batch_size": 128, "max_length": 8})) for name in ("cross-batch", "random")
    ]
    assert [work.sampler_bytes for work in works] == [41_048, 0]
    for n_replicas in (1, 20):
        queue, nothing = Device.named("h100").rates(made, works, n_replicas)
        assert queue.memory_bytes - nothing.memory_bytes == n_replicas * 41_048


def test_what_a_sampler_remembers_comes_on_top_of_what_the_bench_held(tmp_path):
    source, made = BenchFile.read(bench(tmp_path / "bench.json", {"dense": 1e10})), shape(3_000, 90)
    work = replace(work_of(made, SETTINGS), sampler_bytes=100)
    assert [source.rates(made, [work], n)[0].memory_bytes for n in (1, 20)] == [107, 20 * 107]


def test_every_device_that_comes_with_nsbench_says_how_its_figures_came_about():
    assert "h100" in device_names()
    for name in device_names():
        device = Device.named(name)
        assert device.is_measured or "estimate" in device.how


def test_an_unknown_device_is_refused():
    with pytest.raises(SettingsError, match="h100"):
        Device.named("h1000")
