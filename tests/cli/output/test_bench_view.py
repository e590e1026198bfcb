"""The bench's tables are readable in a narrow terminal."""

import io
from dataclasses import replace

import pytest
from rich.console import Console, RenderableType

from nsbench.bench.cases.log_reading import PreparationRate
from nsbench.bench.cases.losses import LOSS_ROWS
from nsbench.bench.cases.overhead import Overhead, OverheadCost
from nsbench.bench.cases.throughput import Throughput
from nsbench.bench.comparison import Change, Comparison
from nsbench.bench.run import BenchPlan, BenchResult
from nsbench.bench.target import targets_of
from nsbench.cli.output.bench_view import comparison_view, result_view
from nsbench.samplers import SAMPLERS
from tests.bench.bench_builder import rate_of, workload_result

RATES = [rate_of("plain", step=2.0, to_plain=1.0, draw_share=0.0)]
RATES += [rate_of(name, step=1.25, to_plain=1.6, draw_share=0.123) for name in SAMPLERS]
RATES += [rate_of(name, step=12.34, to_plain=1.6) for name in LOSS_ROWS]
RATES += [rate_of(name, step=1.25, to_plain=1.6) for name in ("random, padded", "random, 2k items", "random, 1M items")]
WORKLOADS = tuple(workload_result(name, *RATES) for name in ("dense", "sparse", "large"))
THROUGHPUT = Throughput("dense", 16, 1e5, 1.5e6, 0.94, 0.97, 0.99, WORKLOADS[0].limits, WORKLOADS[0].limits)
COST = OverheadCost(share=0.01, per_run_s=0.11, per_look_s=0.019, per_step_s=1e-4, share_of_trial=0.094)
OVERHEAD = Overhead(run_s=5.0, n_looks=20, n_steps=320, cpu=COST, wall=COST)
RESULT = BenchResult(
    nsbench="0.1.0",
    torch="2.13.0+cpu",
    machine="Linux x86_64",
    device="cpu (x86_64)",
    n_cores=16,
    load_average=9.0,
    clock="cpu",
    plan=BenchPlan(("dense", "sparse", "large"), tuple(SAMPLERS)),
    workloads=WORKLOADS,
    throughput=THROUGHPUT,
    overhead=OVERHEAD,
    preparation=(PreparationRate("parquet", 5_000_000, 2_345_678.9), PreparationRate("csv", 5_000_000, 987_654.3)),
    targets=targets_of(WORKLOADS, THROUGHPUT, OVERHEAD),
)


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_is_cut(width: int) -> None:
    text = _printed(result_view(RESULT), width)
    assert "…" not in text
    assert "inverse-popularity" in text
    assert "105k" in text
    assert "12.3%" in text
    assert "2.35M rows per second from parquet" in " ".join(text.split())


def test_losses_have_a_table_of_their_own_with_their_ratio_to_binary_cross_entropy() -> None:
    text = _printed(result_view(RESULT), 80)
    assert "dense: other losses" in text
    assert text.count("random+softmax+log_q=corrected") == len(WORKLOADS)
    assert _line(text, "catalogue+softmax").split()[-2:] == ["105k", "12.34"]


def test_a_comparison_is_not_cut() -> None:
    name = "sparse/inverse-popularity/negatives_drawn_per_s"
    text = _printed(comparison_view(Comparison((Change(name, 50_000, 100_000),), ("clock: wall, now cpu",))), 80)
    assert "…" not in text
    assert "50k 100k  2.00" in text
    assert "Not measured alike: clock: wall, now cpu" in text


def test_a_busy_machine_is_said_and_not_judged_by_the_wall() -> None:
    """A process that trained alone had its core for 60 % of the time."""
    busy = _printed(result_view(replace(RESULT, throughput=replace(THROUGHPUT, core_share=0.6))), 120)
    assert "At least 60% of the time a process had a core" in " ".join(busy.split())
    assert "The machine was busy" in " ".join(busy.split())
    assert _line(busy, "16 workers over as many times one, wall").endswith("busy ")
    quiet = _printed(result_view(RESULT), 120)
    assert "busy" not in quiet
    assert _line(quiet, "16 workers over as many times one, wall").endswith("met ")


def test_where_the_wall_counts_the_load_before_says_whether_it_was_busy() -> None:
    """9 programs on 16 cores are more than a quarter of them, 4 are not."""
    by_wall = replace(RESULT, clock="wall")
    assert by_wall.was_busy
    assert not replace(by_wall, load_average=4.0).was_busy
    assert not replace(by_wall, load_average=None).was_busy


def _line(text: str, part: str) -> str:
    return next(line for line in text.splitlines() if part in line)


def _printed(view: RenderableType, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(view)
    return console.file.getvalue()  # type: ignore[attr-defined]
