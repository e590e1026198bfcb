"""The table of `.readme/findings.md` that says whether rungs of a ladder rank the methods alike, in Markdown."""

from collections.abc import Mapping, Sequence

import numpy as np

from nsbench.report.ladder.climb import Ladder, RungSummary
from nsbench.report.protocols.agreement import Agreement, agreement_of
from nsbench.report.protocols.scores import ProtocolScores
from nsbench.report.summary import ACCURACY_METRICS
from nsbench.seeding import derive_seed
from nsbench.terms import ALL, metric_name
from tests.findings.kept import CUTOFF
from tests.findings.markdown import row_of

PAIRS = (("seen", "rolling"), ("seen", "choice"), ("published", "ties"))
"""Names of rungs: frozen and rolling targets of the same models, rolling ones with an epoch of their own, and both ends."""


def agreement_lines(ladders: Mapping[str, Ladder], pairs: Sequence[tuple[str, str]] = PAIRS) -> list[str]:
    """A row per log, a column per pair of rungs: Kendall's tau by hit rate with its interval, and pairs in opposite order."""
    rungs_of_one = next(iter(ladders.values())).rungs
    titles = {rung.rung.name: rung.rung.title for rung in rungs_of_one} | {rungs_of_one[-1].rung.name: "the defaults"}
    header = ["ladder on", *(f"{titles[a]} and {titles[b]}" for a, b in pairs)]
    lines = [row_of(header), "|" + "---|" * len(header)]
    for title, ladder in ladders.items():
        rungs = {rung.rung.name: rung for rung in ladder.rungs}
        lines.append(row_of([title, *(_text(_agreement(rungs[a], rungs[b])) for a, b in pairs)]))
    return lines


def _agreement(a: RungSummary, b: RungSummary) -> Agreement:
    generator = np.random.default_rng(derive_seed(0, "findings", str(a.rung.name), str(b.rung.name)))
    return agreement_of(_scores(a), _scores(b), ACCURACY_METRICS.index("hit_rate"), generator)


def _scores(rung: RungSummary) -> ProtocolScores:
    """Runs of one seed count as one model: a rung that ranks again has the models of the one below, and others have its seeds."""
    names = [metric_name("test", ALL, metric, CUTOFF) for metric in ACCURACY_METRICS]
    scores = {
        row.method.label: {str(run.seed): tuple(run.metric(name) for name in names) for run in row.method.runs}
        for row in rung.methods
    }
    return ProtocolScores(rung.summary.dataset, (str(rung.rung.name),), scores, float("nan"))


def _text(found: Agreement) -> str:
    interval = f" [{found.interval.low:.2f}, {found.interval.high:.2f}]" if found.interval.is_defined else ""
    return (
        f"{found.tau:.2f}{interval}, {found.n_opposite} of {found.n_pairs} opposite, {found.n_decided} of them decided"
    )
