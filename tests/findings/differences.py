"""The table of `.readme/findings.md` that says what samplers add to random negatives, by cohort, with intervals; in Markdown."""

from collections.abc import Sequence

from nsbench.report.ladder.climb import Ladder, RungSummary
from nsbench.report.statistics.t_test import mean_interval
from nsbench.report.tables.evidence import interval_text
from nsbench.terms import ALL, BALANCED_COHORTS, metric_name
from nsbench.tracking.stored_run import StoredRun
from tests.findings.kept import CUTOFF
from tests.findings.markdown import row_of

BASE = "random"
"""What the others are held against."""

_GROUPS = (ALL, *(cohort.label for cohort in BALANCED_COHORTS))


def difference_lines(ladder: Ladder, title: str) -> list[str]:
    """Two rows per method, at the first and at the last rung: hit rate minus that of random negatives, in percent points.

    With 95 % intervals of t over seeds that both have; each for itself, without a correction for their number.
    """
    header = [f"{title}, minus {BASE}", "at", "total", *_GROUPS[1:]]
    lines = [row_of(header), "|" + "---|" * len(header)]
    for row in ladder.rungs[0].methods:
        if row.method.sampler == BASE:
            continue
        for rung in (ladder.rungs[0], ladder.rungs[-1]):
            cells = [_difference(rung, row.method.sampler, group) for group in _GROUPS]
            name = rung.rung.title if rung is ladder.rungs[0] else "the defaults"
            lines.append(row_of([row.method.sampler, str(name), *cells]))
    return lines


def _difference(rung: RungSummary, sampler: str, group: str) -> str:
    own, base = _by_seed(rung, sampler, group), _by_seed(rung, BASE, group)
    values = [own[seed] - base[seed] for seed in sorted(own.keys() & base.keys())]
    if not values:
        return "–"
    mean = sum(values) / len(values)
    return f"{100 * mean:+.2f} {interval_text(mean_interval(values, is_constant=False))}"


def _by_seed(rung: RungSummary, sampler: str, group: str) -> dict[int, float]:
    row = rung.method(sampler)
    runs: Sequence[StoredRun] = () if row is None else row.method.runs
    return {
        run.seed: run.metric(metric_name("test", group, "hit_rate", CUTOFF)) for run in runs if run.seed is not None
    }
