"""Two benches side by side."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nsbench.bench.cases.log_reading import PreparationRate
from nsbench.bench.comparison import Change, compare, figures_of, read_record, record_of
from nsbench.bench.run import BenchPlan, BenchResult, run_bench
from nsbench.errors import SettingsError
from tests.bench.bench_builder import rate_of, workload_result

EARLIER = BenchResult(
    nsbench="1",
    torch="2",
    machine="Linux",
    device="cpu",
    n_cores=2,
    load_average=0.1,
    clock="cpu",
    plan=BenchPlan(("dense",), ("random",), n_negatives=100),
    workloads=(workload_result("dense", rate_of("random", step=1.0, to_plain=2.0)),),
    throughput=None,
    overhead=None,
    preparation=(PreparationRate("csv", 10, 500.0),),
    targets=(),
)


def test_every_figure_is_compared_and_what_was_not_alike_is_said(tmp_path: Path) -> None:
    path = tmp_path / "earlier.json"
    path.write_text(record_of(EARLIER))
    rate = replace(rate_of("random", step=1.0, to_plain=3.0), positives_per_s=2 * 105_268.1)
    now = replace(
        EARLIER,
        plan=replace(EARLIER.plan, n_negatives=200),
        workloads=(workload_result("dense", rate, rate_of("batch", step=2.0)),),
    )
    found = compare(now, path)
    ratios = {change.name: change.ratio for change in found.changes}
    assert ratios["dense/random/positives_per_s"] == pytest.approx(2)
    assert ratios["dense/random/to_plain"] == pytest.approx(1.5)
    assert ratios["dense/peak_memory_bytes"] == 1
    assert ratios["dense/limits/gemm_flops"] == 1
    assert ratios["preparation/csv/rows_per_s"] == 1
    assert not any("batch" in name for name in ratios)
    assert found.differences == ("plan/n_negatives: 100, now 200",)


def test_a_bench_from_before_draws_could_be_shared_is_one_of_users_own(tmp_path: Path) -> None:
    record = json.loads(record_of(EARLIER))
    del record["plan"]["negative_sharing"]
    path = tmp_path / "earlier.json"
    path.write_text(json.dumps(record))
    assert compare(EARLIER, path).differences == ()
    now = replace(EARLIER, plan=replace(EARLIER.plan, negative_sharing="group"))
    assert compare(now, path).differences == ("plan/negative_sharing: user, now group",)


def test_a_ratio_to_nothing_is_no_number() -> None:
    assert Change("x", earlier=0.0, now=1.0).ratio != Change("x", earlier=0.0, now=1.0).ratio


def test_words_and_truths_are_no_figures() -> None:
    record = {"overhead": {"cpu": {"share": 0.5}, "note": "x", "done": True}, "targets": [{"name": "y", "value": 1.0}]}
    assert figures_of(record) == {"overhead/cpu/share": 0.5}


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"something": "else"})])
def test_a_file_that_is_no_bench_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bench.json"
    path.write_text(text)
    with pytest.raises(SettingsError, match="give a file that nsbench bench --json wrote"):
        read_record(path)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (BenchPlan(("denser",), ("random",)), "unknown workload 'denser' .did you mean 'dense'..; there are: dense, "),
        (BenchPlan(("dense",), ("randon",)), "unknown sampler 'randon' .did you mean 'random'..; there are: random, "),
    ],
)
def test_what_there_is_not_is_refused_before_anything_is_measured(plan: BenchPlan, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        run_bench(plan, pytest.fail)
