"""`nsbench bench`: how fast nsbench is here."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from nsbench.errors import SettingsError

if TYPE_CHECKING:
    from nsbench.bench.run import BenchResult, WorkloadResult

Rates = dict[tuple[str, str], float]
"""Positives a second by workload and sampler; evaluation as the sampler "evaluation"."""


def bench(
    workload: Annotated[list[str] | None, typer.Option(help="dense, sparse or large; may be given often.")] = None,
    sampler: Annotated[list[str] | None, typer.Option(help="Samplers to measure; all by default.")] = None,
    negatives: Annotated[int, typer.Option(help="Negatives proposed for each positive.", min=1)] = 200,
    seconds: Annotated[float, typer.Option(help="Time for each figure.", min=0.1)] = 3.0,
    threads: Annotated[int, typer.Option(help="torch threads; nsbench uses one a process.", min=1)] = 1,
    compare: Annotated[Path | None, typer.Option(help="An earlier --json file: prints ratios to it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Measure training and evaluation rates beside this machine's limits."""
    earlier = _earlier(compare) if compare else {}
    import torch

    from nsbench.bench.run import run_bench

    torch.set_num_threads(threads)
    progress = Console(stderr=True)
    result = run_bench(workload or ["dense", "sparse"], sampler or [], negatives, seconds, progress.print)
    if as_json:
        print(json.dumps(asdict(result), indent=2))
        return
    console = Console()
    limits = result.limits
    console.print(
        f"nsbench {result.nsbench}, torch {result.torch}, {result.device}, {threads} thread(s): large products "
        f"{limits.gemm_flops / 1e9:,.1f} GFLOP/s, scoring product {limits.scoring_flops / 1e9:,.1f} GFLOP/s, copy "
        f"{limits.copy_bytes / 1e9:,.1f} GB/s, gather {limits.gather_bytes / 1e9:,.1f} GB/s"
    )
    for part in result.workloads:
        console.print(_table(part, result, earlier))


def _table(part: "WorkloadResult", result: "BenchResult", earlier: Rates) -> Table:
    columns = ["sampler", "positives/s", "to plain", "negatives/s", "drawing", "of large products"]
    table = Table(*columns, *(["to earlier"] if earlier else []), title=f"{part.name}, {result.n_negatives} negatives")
    plain = next((rate.positives_per_s for rate in part.training if rate.sampler == "plain"), float("nan"))
    for rate in part.training:
        cells = [
            rate.sampler,
            f"{rate.positives_per_s:,.0f}",
            f"{rate.positives_per_s / plain:.2f}",
            f"{rate.negatives_per_s:,.0f}",
            f"{rate.draw_share:.0%}",
            f"{rate.useful_flops / result.limits.gemm_flops:.0%}",
        ]
        table.add_row(*cells, *_ratio(earlier, part.name, rate.sampler, rate.positives_per_s))
    targets = part.evaluation.targets_per_s
    share = f"{part.evaluation.useful_flops / result.limits.gemm_flops:.0%}"
    cells = ["evaluation", f"{targets:,.0f} targets/s", "", "", "", share]
    table.add_row(*cells, *_ratio(earlier, part.name, "evaluation", targets))
    table.caption = f"peak memory {part.peak_memory_bytes / 2**20:,.0f} MiB"
    return table


def _ratio(earlier: Rates, workload: str, sampler: str, rate: float) -> list[str]:
    if not earlier:
        return []
    before = earlier.get((workload, sampler))
    return ["-" if before is None else f"{rate / before:.2f}"]


def _earlier(path: Path) -> Rates:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return {
            (part["name"], name): rate
            for part in stored["workloads"]
            for name, rate in (
                *((rate["sampler"], rate["positives_per_s"]) for rate in part["training"]),
                ("evaluation", part["evaluation"]["targets_per_s"]),
            )
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            f"can't compare with {path}: {error!r}; give a file that nsbench bench --json wrote"
        ) from error
