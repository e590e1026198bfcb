"""An adaptive sampler beside its whole pool: is what it gains hardness, or the lower weight of its negatives?

In the published code the negatives that are not selected stay in the mean as a constant without gradient, so that those that are
weigh K/N. Four trainings tell the two apart: the K hardest or all N, with a weight of K/N or of 1.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from nsbench.ablation.rung import PROBES
from nsbench.report.ladder.climb import Ladder, RungSummary, hit_rate_of
from nsbench.report.statistics.estimate import Interval
from nsbench.report.statistics.t_test import mean_interval
from nsbench.report.summary import Estimate, MethodSummary

_ADAPTIVE_LIGHT, _ADAPTIVE = "padding", "selected"
_POOL, _LIGHT_POOL = (probe.name for probe in PROBES)


@dataclass(frozen=True)
class ProbedCell:
    """One of the four trainings.

    Attributes:
        what: Which negatives it trains on.
        weight: Of what weight they are: "1" or "K/N".
        row: What it reaches.
    """

    what: str
    weight: str
    row: MethodSummary


@dataclass(frozen=True)
class Contrast:
    """The hit rate of one cell minus that of another, seed by seed.

    Attributes:
        what: What that is the effect of.
        difference: Mean over the seeds that both have; NaN without one.
        interval: 95 %, over seeds; undefined below two.
    """

    what: str
    difference: float
    interval: Interval


@dataclass(frozen=True)
class Probed:
    """A method beside its pool.

    Attributes:
        label: The method's.
        cells: Those that have runs.
        contrasts: What weight and hardness do by themselves, and both.
    """

    label: str
    cells: tuple[ProbedCell, ...]
    contrasts: tuple[Contrast, ...]


def probed_methods(ladder: Ladder) -> list[Probed]:
    """Every method that was probed, with what the four trainings show."""
    found = []
    for method, probes in ladder.probes.items():
        climbed = {rung.rung.name: rung.method(method) for rung in ladder.rungs}
        pools = {rung.rung.name: _only(rung) for rung in probes}
        rows = {"all": pools.get(_POOL), "all light": pools.get(_LIGHT_POOL)}
        rows |= {"hardest": climbed.get(_ADAPTIVE), "hardest light": climbed.get(_ADAPTIVE_LIGHT)}
        cells = [
            ProbedCell(
                "the K hardest" if name.startswith("hardest") else "all N", "K/N" if "light" in name else "1", row
            )
            for name, row in rows.items()
            if row is not None
        ]
        label = next((row.method.label for row in climbed.values() if row is not None), method)
        found.append(Probed(label, tuple(cells), tuple(_contrasts(rows))))
    return found


def _contrasts(rows: Mapping[str, MethodSummary | None]) -> list[Contrast]:
    wanted = {
        "lower weight alone": ("all light", "all"),
        "hardness alone": ("hardest", "all"),
        "both, as published": ("hardest light", "all"),
    }
    found = []
    for what, (changed, plain) in wanted.items():
        a, b = rows[changed], rows[plain]
        if a is not None and b is not None:
            found.append(_contrast(what, a, b))
    return found


def _contrast(what: str, a: MethodSummary, b: MethodSummary) -> Contrast:
    rates = [{run.seed: hit_rate_of(run) for run in row.method.runs} for row in (a, b)]
    differences = Estimate(tuple(rates[0][seed] - rates[1][seed] for seed in rates[0] if seed in rates[1]), 0)
    mean = differences.mean if differences.n else math.nan
    return Contrast(what, mean, mean_interval(differences.values, is_constant=False))


def _only(rung: RungSummary) -> MethodSummary | None:
    return rung.methods[0] if rung.methods else None
