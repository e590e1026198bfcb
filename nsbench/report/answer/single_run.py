"""Single trainings that reach more than the repeats: no table averages them, but a reader who chooses should know of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from nsbench.report.selection import CUTOFF
from nsbench.report.summary import DatasetSummary, MethodSummary
from nsbench.report.tables.number_text import known_count, percent, runs_text
from nsbench.report.tables.table import ReportTable, numbers, table_of, words
from nsbench.terms import ALL, RunKind, metric_name
from nsbench.tracking.stored_run import StoredRun

_HIT_RATE = metric_name("test", ALL, "hit_rate", CUTOFF)
_MOST_SHOWN = 20
_MOST_CHANGES = 8


@dataclass(frozen=True)
class HighSingleRun:
    """A single run that reaches more than every repeat.

    Attributes:
        run: The run.
        hit_rate: Of its test.
        of: Whose repeats it is compared with: its own method's, or those of the leading sampler where it has none.
        highest: The highest hit rate among these repeats.
        changes: Where its settings differ from theirs, as `name=value`.
    """

    run: StoredRun
    hit_rate: float
    of: str
    highest: float
    changes: tuple[str, ...]


def high_single_runs(summary: DatasetSummary) -> list[HighSingleRun]:
    """The single runs on the compared dataset and protocol that reach more than every repeat, the highest first."""
    samplers = [row for row in summary.samplers if row.accuracy("hit_rate").n]
    if not samplers:
        return []
    best = max(samplers, key=lambda row: row.accuracy("hit_rate").mean)
    own = {row.method.label: row for row in samplers}
    found = [
        _beside(run, own.get(run.label, best))
        for run in summary.runs
        if run.kind is RunKind.SINGLE
        and run.status == "FINISHED"
        and (run.dataset_hash, run.protocol) == (summary.selection.dataset_hash, summary.selection.protocol)
    ]
    return sorted((one for one in found if one.hit_rate > one.highest), key=lambda one: -one.hit_rate)


def single_run_note(summary: DatasetSummary) -> list[str]:
    """The highest of these runs, in a sentence; empty where there is none."""
    found = high_single_runs(summary)
    if not found:
        return []
    first = found[0]
    changes = f", with {', '.join(first.changes)}" if first.changes else ""
    more = f" {runs_text(len(found) - 1)} more in the table of single runs." if len(found) > 1 else ""
    return [
        f"A single `train` run of {first.run.label} (run {first.run.run_id}, seed {first.run.seed}{changes}) reaches "
        f"{percent(first.hit_rate)} %, more than every repeat of {first.of} ({percent(first.highest)} %): one run may be "
        f"luck, so it is in no average; repeat its settings to know.{more}"
    ]


def single_run_table(summary: DatasetSummary) -> ReportTable | None:
    """These runs and how their settings differ; None without any."""
    found = high_single_runs(summary)[:_MOST_SHOWN]
    if not found:
        return None
    columns = [
        words("Method", [one.run.label for one in found]),
        words("Run", [one.run.run_id for one in found]),
        numbers("Seed", [one.run.seed for one in found], known_count),
        numbers("Hit rate, %", [one.hit_rate for one in found], percent),
        numbers("Highest repeat, %", [f"{one.of}: {percent(one.highest)}" for one in found]),
        words("Settings", [", ".join(one.changes) or "the same" for one in found]),
    ]
    return table_of(f"Single runs that reach more than every repeat on {summary.dataset}", columns)


def _beside(run: StoredRun, row: MethodSummary) -> HighSingleRun:
    hit_rate = run.metric(_HIT_RATE)
    highest = max(row.accuracy("hit_rate").values)
    changes = _changes(run, row.method.runs[0]) if run.sampler == row.method.sampler else ()
    # NaN can't be sorted; a run without a hit rate is never above its repeats.
    return HighSingleRun(run, -math.inf if math.isnan(hit_rate) else hit_rate, row.method.label, highest, changes)


def _changes(run: StoredRun, repeat: StoredRun) -> tuple[str, ...]:
    changed = [f"{name}={value}" for name, value in run.params.items() if repeat.params.get(name) != value]
    return (*changed[:_MOST_CHANGES], *_rest(changed))


def _rest(changed: Sequence[str]) -> tuple[str, ...]:
    return (f"{len(changed) - _MOST_CHANGES} more",) if len(changed) > _MOST_CHANGES else ()
