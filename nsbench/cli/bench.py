"""`nsbench bench`: how fast nsbench is here."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nsbench.cli.completion import complete_sampler
from nsbench.cli.output.json_output import JsonOption
from nsbench.view.console import Console

if TYPE_CHECKING:
    from nsbench.bench.comparison import Comparison
    from nsbench.bench.run import BenchResult

SharedByUsers = Literal["user", "group"]
"""As in `nsbench.samplers.drawing.sharing`, which imports torch."""

SLICE_S = 0.3
"""Seconds of a slice: what takes turns."""

SECONDS = 2.1
LOOKS = 20
ROWS = 5_000_000
QUICK_SAMPLERS = ("random", "batch", "adaptive-mixed")
QUICK_WORKLOADS = ("dense", "sparse")
QUICK_SECONDS = 0.9
QUICK_LOOKS = 8
QUICK_ROWS = 1_000_000


def bench(  # noqa: PLR0913, PLR0917 - a command's parameters are its options
    workload: Annotated[
        list[str] | None,
        typer.Option(help="dense, sparse, large, or huge (16 GB); may be given often. Default: the first three."),
    ] = None,
    sampler: Annotated[
        list[str] | None,
        typer.Option(help="A sampler to measure; may be given often. Default: all.", autocompletion=complete_sampler),
    ] = None,
    negatives: Annotated[int, typer.Option(help="Negatives proposed for each positive.", min=1)] = 200,
    negative_sharing: Annotated[
        SharedByUsers,
        typer.Option(
            help="Who shares a draw: a user's positions, or a group of users, which is quicker on sparse logs."
        ),
    ] = "user",
    seconds: Annotated[float | None, typer.Option(help="Time for each figure. Default: 2.1.", min=0.01)] = None,
    threads: Annotated[int, typer.Option(help="torch threads; nsbench uses one per process.", min=1)] = 1,
    workers: Annotated[
        int | None,
        typer.Option(help="Processes of a study. Default: the cores, or 1 on a GPU; 1 leaves it out.", min=1),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="About a minute: fewer samplers and shorter.")] = False,
    compare: Annotated[Path | None, typer.Option(help="An earlier --json file: prints ratios to it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure nsbench beside a plain PyTorch step and this machine's limits.

    Everything takes turns in slices of 0.3 s, and figures are medians over the rounds: look at the ratios, which a busy
    machine changes little. On a CPU rates go by the process's CPU time.

    Useful operations of a positive: 3 (blocks (12 d² + 4 c d) + 2 d (1 + n)), with width d, mean context c and n negatives;
    of a target that is ranked: 2 d for each item. They are those of the model's definition, however a step gets by.
    """
    from nsbench.bench.cases.workload import DEFAULT_WORKLOADS
    from nsbench.bench.comparison import compare as compared
    from nsbench.bench.comparison import read_record, record_of
    from nsbench.bench.run import BenchPlan, default_workers, run_bench

    if compare is not None:
        read_record(compare)  # An unreadable file is said now, not after minutes.
    total = seconds or (QUICK_SECONDS if quick else SECONDS)
    plan = BenchPlan(
        workloads=tuple(workload or (QUICK_WORKLOADS if quick else DEFAULT_WORKLOADS)),
        samplers=tuple(sampler or (QUICK_SAMPLERS if quick else _drawing())),
        n_negatives=negatives,
        n_threads=threads,
        negative_sharing=negative_sharing,
        n_workers=workers or default_workers(),
        seconds=min(SLICE_S, total),
        n_rounds=max(1, round(total / SLICE_S)),
        n_looks=QUICK_LOOKS if quick else LOOKS,
        n_rows=QUICK_ROWS if quick else ROWS,
    )
    result = run_bench(plan, Console(stderr=True, highlight=False).print)
    comparison = None if compare is None else compared(result, compare)
    if as_json:
        print(_as_json(record_of(result), comparison))
        return
    _show(result, comparison)


def _as_json(record: str, comparison: "Comparison | None") -> str:
    if comparison is None:
        return record
    # JSON knows no not-a-number.
    ratios = {change.name: None if math.isnan(change.ratio) else change.ratio for change in comparison.changes}
    compared = {"ratios": ratios, "differences": comparison.differences}
    return json.dumps({**json.loads(record), "compared": compared}, indent=2)


def _show(result: "BenchResult", comparison: "Comparison | None") -> None:
    from nsbench.cli.output.bench_view import comparison_view, result_view

    console = Console()
    console.print(result_view(result))
    if comparison is not None:
        console.print(comparison_view(comparison))


def _drawing() -> list[str]:
    """The samplers that draw: the whole catalogue costs as much as it has items, and is measured when it is named."""
    from nsbench.bench.run import MEASURED
    from nsbench.samplers import SAMPLERS

    return [name for name in MEASURED if not SAMPLERS[name].proposes_positive]
