"""The tables of `.readme/findings.md` that rest on kept runs, in Markdown."""

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from nsbench.ablation.rung import RUNGS
from nsbench.report.ladder.climb import Ladder, RungSummary, hit_rate_of, read_ladders
from nsbench.report.ladder.table import ladder_claim_table, probe_table
from nsbench.report.tables.table import ReportTable
from nsbench.terms import RunKind, balance_name, metric_name
from nsbench.tracking.stored_run import StoredRun
from tests.findings.kept import CUTOFF, datasets
from tests.findings.markdown import percent, row_of, spread

_COHORTS = ("head", "mid", "tail")


def ladder_of(runs: Sequence[StoredRun], dataset: str) -> Ladder:
    """The ladder of a log, judged by the rules of the report, by runs alone: ranks are not kept."""
    own = [run for run in runs if run.dataset == dataset and run.kind is RunKind.ABLATION]
    (ladder,) = read_ladders(dataset, own, None)
    return ladder


def ladder_lines(ladder: Ladder, title: str) -> list[str]:
    """One row per rung that changes a number, one column per method: mean test hit rate in percent, the best in bold."""
    samplers = [row.method.sampler for row in ladder.rungs[0].methods]
    lines = [row_of([title, *samplers]), "|" + "---|" * (1 + len(samplers))]
    for rung in _telling(ladder):
        means = {row.method.sampler: row.accuracy("hit_rate").mean for row in rung.methods}
        best = max(means.values())
        cells = [f"**{percent(means[name])}**" if means[name] == best else percent(means[name]) for name in samplers]
        lines.append(row_of([_title(ladder, rung), *cells]))
    return lines


def pooled_sd(ladder: Ladder) -> float:
    """How far two runs of one rung and method differ by their seed: the standard deviation, pooled over all of them."""
    variances = [row.accuracy("hit_rate").sd ** 2 for rung in ladder.rungs for row in rung.methods]
    known = [one for one in variances if not math.isnan(one)]
    return math.sqrt(fmean(known)) if known else math.nan


def cohort_lines(rung: RungSummary) -> list[str]:
    """One row per method at a rung: total, cohorts and balance with their deviations over seeds, in percent."""
    names = ["method", "total", *_COHORTS, "balance"]
    lines = [row_of(names), row_of(["---"] * len(names))]
    for row in rung.methods:
        metrics = [metric_name("test", group, "hit_rate", CUTOFF) for group in ("all", *_COHORTS)]
        cells = [spread(row.method.runs, name) for name in (*metrics, balance_name("test", "hit_rate", CUTOFF))]
        lines.append(row_of([row.method.sampler, *cells]))
    return lines


def ladder_page(runs: Sequence[StoredRun]) -> Iterator[str]:
    """All that the page says in numbers of the ladders."""
    for dataset in datasets(runs):
        ladder = ladder_of(runs, dataset)
        counts = {len(row.method.runs) for rung in ladder.rungs for row in rung.methods}
        yield f"## {dataset}: {min(counts)} to {max(counts)} seeds; pooled standard deviation {percent(pooled_sd(ladder))}\n"
        yield from ladder_lines(ladder, dataset)
        for place in (0, -1):
            yield f"\nat the rung {ladder.rungs[place].rung.title}:\n"
            yield from cohort_lines(ladder.rungs[place])
        for table in (ladder_claim_table(dataset, ladder), probe_table(dataset, ladder)):
            if table is not None:
                yield from ("", *_table_lines(table))
        yield ""


def _telling(ladder: Ladder) -> list[RungSummary]:
    """The rungs at which any method's hit rate is otherwise than at the one before; those that miss a method are left out."""
    told: list[RungSummary] = []
    for rung in (one for one in ladder.rungs if one.is_whole):
        if not told or _rates(told[-1]) != _rates(rung):
            told.append(rung)
    return told


def _rates(rung: RungSummary) -> Mapping[tuple[str, int | None], float]:
    return {(row.method.sampler, run.seed): hit_rate_of(run) for row in rung.methods for run in row.method.runs}


def _title(ladder: Ladder, rung: RungSummary) -> str:
    """The rung's title; that of the last one that is level with it says that these are the defaults."""
    is_last = _rates(ladder.rungs[-1]) == _rates(rung) and rung.rung.name != RUNGS[0].name
    return f"{rung.rung.title}: the defaults" if is_last else str(rung.rung.title)


def _table_lines(table: ReportTable) -> list[str]:
    frame = table.texts
    lines = [f"{table.title}\n", row_of(list(frame.columns)), row_of(["---"] * len(frame.columns))]
    lines += [row_of([str(cell) for cell in cells]) for cells in frame.itertuples(index=False)]
    return [*lines, "", table.note] if table.note else lines
