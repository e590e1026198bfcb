"""Tables of a bench, at most 80 columns wide."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nsbench.bench.cases.losses import LOSS_ROWS
from nsbench.bench.cases.overhead import TRIAL_S, VALIDATIONS_OF_TRIAL, Overhead
from nsbench.bench.cases.throughput import Throughput
from nsbench.bench.comparison import Comparison
from nsbench.bench.measuring.machine import Limits
from nsbench.bench.rate import TrainingRate
from nsbench.bench.rounds import WorkloadResult
from nsbench.bench.run import BenchResult
from nsbench.bench.target import Target
from nsbench.cli.output.bench_format import number, ratio, table_of, text_of

_DETAILS = ("limit_shares/", "quartiles", "limit_total", "wall_", "useful_flops", "/run_s", "/n_")
"""Parts of figures' names that a comparison leaves to --json."""

_LIMITS = (
    "large product, FLOP/s",
    "encoder's product, FLOP/s",
    "scoring product, FLOP/s",
    "ranking product, FLOP/s",
    "copy, bytes/s",
    "gather, bytes/s",
)

_SHARERS = {"user": "a user's positions", "group": "groups of users"}


def result_view(result: BenchResult) -> RenderableType:
    """The whole bench."""
    parts: list[RenderableType] = [_header(result), _limits_table(result)]
    for workload in result.workloads:
        parts += [_speed_table(workload), *_losses_table(workload), _shares_table(workload)]
        parts += [_evaluation_text(workload), _recommendation_text(workload)]
    if result.throughput is not None:
        parts.append(_throughput_text(result.throughput))
    if result.overhead is not None:
        parts.append(_overhead_text(result.overhead))
    if result.preparation:
        parts.append(_preparation_text(result))
    parts.append(_targets_table(result))
    return Group(*parts)


def comparison_view(comparison: Comparison) -> RenderableType:
    """The figures that both benches have; details are left to --json."""
    table = table_of("Since the earlier bench", "", "earlier", "now", "ratio")
    for change in comparison.changes:
        if not any(detail in change.name for detail in _DETAILS):
            table.add_row(change.name, number(change.earlier), number(change.now), f"{change.ratio:.2f}")
    parts: list[RenderableType] = [table]
    if comparison.differences:
        parts.append(text_of("Not measured alike: " + "; ".join(comparison.differences), "yellow"))
    return Group(*parts)


def _header(result: BenchResult) -> RenderableType:
    plan = result.plan
    clock = (
        "Rates go by the process's CPU time (time.process_time), which other programs can't take; the column `wall` by "
        "the wall's clock."
        if result.clock == "cpu"
        else "Rates go by the wall's clock."
    )
    lines = [
        f"nsbench {result.nsbench}, torch {result.torch}, {result.device}, {result.n_cores} cores, {plan.n_threads} thread"
        f"{'s' if plan.n_threads > 1 else ''} per process, {plan.n_negatives} negatives that {_SHARERS[plan.negative_sharing]} "
        "share.",
        f"{clock} Medians of {plan.n_rounds} slices of {plan.seconds:g} s that take turns.",
    ]
    text = text_of(" ".join(lines))
    return text.append_text(text_of(*_quietness(result)))


def _quietness(result: BenchResult) -> tuple[str, str]:
    """How much of the machine the bench had, and the style to say it in."""
    parts = []
    if result.core_share is not None:
        parts.append(f"At least {result.core_share:.0%} of the time a process had a core")
    if result.load_average is not None:
        parts.append(f"in the minute before, {result.load_average:.1f} programs wanted the {result.n_cores} cores")
    words = "; ".join(parts)
    if not result.was_busy:
        return words + "." * bool(words), ""
    return (
        f"{words}. The machine was busy: ratios by CPU time hold, what goes by the wall's clock says little.",
        "yellow",
    )


def _limits_table(result: BenchResult) -> Table:
    columns = [(workload.name, workload.limits) for workload in result.workloads]
    if result.throughput is not None:
        columns.append((f"{result.throughput.n_workers} workers", result.throughput.limits_together))
    table = table_of("What this machine can do", "", *(name for name, _ in columns))
    rows = [_limits_cells(limits) for _, limits in columns]
    for label, *cells in zip(_LIMITS, *rows, strict=True):
        table.add_row(label, *cells)
    return table


def _limits_cells(limits: Limits) -> list[str]:
    flops = (limits.gemm_flops, limits.encoder_flops, limits.scoring_flops, limits.ranking_flops)
    return [number(limit) for limit in (*flops, limits.copy_bytes, limits.gather_bytes)]


def _speed_table(workload: WorkloadResult) -> Table:
    table = table_of(
        f"{workload.name}: training",
        "",
        "positives\nper second",
        "\nwall",
        "to\nplain",
        "step to\nrandom",
        "negatives\nper second",
        "\ndrawn",
        "drawing\ntakes",
    )
    for rate in _narrow_rows(workload):
        table.add_row(
            rate.sampler,
            number(rate.positives_per_s),
            number(rate.wall_positives_per_s),
            ratio(rate.to_plain),
            ratio(rate.step_to_random),
            number(rate.negatives_per_s),
            number(rate.negatives_drawn_per_s),
            f"{rate.draw_share:.1%}" if rate.draw_share else "-",
        )
    return table


def _narrow_rows(workload: WorkloadResult) -> list[TrainingRate]:
    """The rows of the wide tables; those of losses, whose names are long, have a table of their own."""
    return [rate for rate in workload.training if rate.sampler not in LOSS_ROWS]


def _losses_table(workload: WorkloadResult) -> list[Table]:
    """How long a positive takes with each loss, beside binary cross-entropy with as many random negatives.

    The last is exact cross-entropy, whose negatives are all items. None where they weren't measured.
    """
    rates = [rate for rate in workload.training if rate.sampler in LOSS_ROWS]
    if not rates:
        return []
    table = table_of(
        f"{workload.name}: other losses",
        "",
        "positives\nper second",
        "step to\nrandom's with BCE",
    )
    for rate in rates:
        table.add_row(rate.sampler, number(rate.positives_per_s), ratio(rate.step_to_random))
    return [table]


def _shares_table(workload: WorkloadResult) -> Table:
    """How near training comes to the machine's limits; the limit that binds most stands out."""
    table = table_of(
        f"{workload.name}: share of the machine's limits that useful work reaches",
        "",
        "useful\nFLOP/s",
        "large\nproduct",
        "encoder's\nproduct",
        "scoring\nproduct",
        "\ngather",
        "\ncopy",
        "last four\ntogether",
    )
    for rate in _narrow_rows(workload):
        table.add_row(
            rate.sampler,
            number(rate.useful_flops),
            f"{rate.gemm_share:.0%}",
            *_share_cells(rate),
            f"{rate.limit_total:.0%}",
        )
    return table


def _share_cells(rate: TrainingRate) -> list[Text]:
    shares = rate.limit_shares
    cells = {"encoder": shares.encoder, "scoring": shares.scoring, "gather": shares.gather, "copy": shares.copy}
    return [Text(f"{share:.0%}", "bold" if name == rate.binding_limit else "") for name, share in cells.items()]


def _evaluation_text(workload: WorkloadResult) -> Text:
    rate = workload.evaluation
    return text_of(
        f"{workload.name}: evaluation ranks {number(rate.targets_per_s)} targets per second (wall "
        f"{number(rate.wall_targets_per_s)}); its scores reach {rate.gemm_share:.0%} of the large product's rate, "
        f"{rate.ranking_share:.0%} of the ranking product's. Peak memory {workload.peak_memory_bytes / 2**20:,.0f} MiB."
    )


def _recommendation_text(workload: WorkloadResult) -> Text:
    rate = workload.recommendation
    return text_of(
        f"{workload.name}: lists of ten for {number(rate.histories_per_s)} histories per second (wall "
        f"{number(rate.wall_histories_per_s)}), encoded, without the items of the history; the scores reach "
        f"{rate.gemm_share:.0%} of the large product's rate, {rate.ranking_share:.0%} of the ranking product's."
    )


def _throughput_text(result: Throughput) -> Text:
    by_cpu = "" if result.cpu_efficiency is None else f"; by CPU time {result.cpu_efficiency:.2f}"
    return text_of(
        f"Study of {result.n_workers} workers on {result.workload}, wall: one alone {number(result.alone_positives_per_s)} "
        f"positives per second, all at once {number(result.together_positives_per_s)}: {result.efficiency:.2f} of "
        f"{result.n_workers} times one{by_cpu}. One alone had its core for {result.core_share:.0%} of the time."
    )


def _overhead_text(result: Overhead) -> Text:
    cpu, wall = result.cpu, result.wall
    return text_of(
        f"Tracking (MLflow, sqlite), pruning and progress take {cpu.per_run_s * 1e3:.0f} ms per run, "
        f"{cpu.per_look_s * 1e3:.1f} ms per validation and {cpu.per_step_s * 1e6:.0f} us per step of CPU time; by the wall "
        f"{wall.per_run_s * 1e3:.0f} ms, {wall.per_look_s * 1e3:.1f} ms, {wall.per_step_s * 1e6:.0f} us. Of a trial of "
        f"{TRIAL_S:.0f} s with {VALIDATIONS_OF_TRIAL} validations that is {cpu.share_of_trial:.1%} (wall "
        f"{wall.share_of_trial:.1%})."
    )


def _preparation_text(result: BenchResult) -> Text:
    rates = (f"{number(rate.rows_per_s)} rows per second from {rate.form}" for rate in result.preparation)
    return text_of(
        f"Preparation, wall, {result.n_cores} cores, logs of {number(result.preparation[0].n_rows)} rows: {', '.join(rates)}."
    )


def _targets_table(result: BenchResult) -> Table:
    table = table_of("What is aimed at", "", "is", "aim", "")
    for target in result.targets:
        bound = f"{'>=' if target.is_least else '<='} {target.bound:.2f}"
        table.add_row(target.name, f"{target.value:.2f}", bound, _verdict(target, busy=result.was_busy))
    return table


def _verdict(target: Target, *, busy: bool) -> Text:
    if target.by_wall and busy:
        return Text("busy", "yellow")
    return Text("met", "green") if target.is_met else Text("open", "red")
