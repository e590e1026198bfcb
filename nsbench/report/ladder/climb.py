"""The runs of a dataset's ladders, rung by rung: what each sampler reaches there, and what becomes of the paper's claims.

A rung is judged as a comparison of its own, by the same statistics and rules as the repeats. Only one thing is otherwise: runs
that were cut off at their last epoch count as they stand, since a number of epochs belongs to the protocol of a rung.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from nsbench.ablation.rung import AS_PRESETS, PROBES, RUNGS, Probe, Rung
from nsbench.report.paper.claim import Claim
from nsbench.report.paper.claims import judge_claims
from nsbench.report.selection import CUTOFF, Method, Selection, version_of
from nsbench.report.statistics.derived_metric import N_COHORTS
from nsbench.report.statistics.inference import statistics_of
from nsbench.report.statistics.user_sums import RankCache, RankedMethods
from nsbench.report.summary import DatasetSummary, Estimate, MethodSummary, method_summary
from nsbench.seeding import derive_seed
from nsbench.terms import ALL, CUT_OFF, RunKind, Tag, metric_name
from nsbench.tracking.stored_run import RunReader, StoredRun


@dataclass(frozen=True)
class RungSummary:
    """What the samplers reach at one rung.

    Attributes:
        rung: The rung, or a probe beside the ladder.
        summary: Its methods, with their statistics and the paper's claims; of a probe, without.
        ranked_again: Labels of the methods whose model was trained at a rung below.
        n_cut_off: Runs whose training ended at its last epoch while it might still have improved.
        is_whole: Whether every method of the ladder has runs here.
    """

    rung: Rung | Probe
    summary: DatasetSummary
    ranked_again: frozenset[str]
    n_cut_off: int
    is_whole: bool = True

    @property
    def methods(self) -> tuple[MethodSummary, ...]:
        """In the order of the ladder's labels."""
        return self.summary.methods

    def method(self, sampler: str) -> MethodSummary | None:
        """A method by its name; None where it has no run here."""
        return next((row for row in self.methods if row.method.sampler == sampler), None)

    @cached_property
    def places(self) -> Mapping[str, Estimate]:
        """Each method's rank among the methods by hit rate, 1 being the best, seed by seed; ties share their mean rank.

        Of seeds that not all methods have there is none, nor where a method of the ladder has yet to be run: a place among some
        of them would be another one among all.
        """
        rates = {
            row.method.label: {
                run.seed: hit_rate_of(run) for run in row.method.runs if not math.isnan(hit_rate_of(run))
            }
            for row in self.methods
        }
        has_all = self.is_whole and rates
        shared = sorted(set.intersection(*(set(own) for own in rates.values())), key=str) if has_all else []
        found = {
            label: tuple(_place(own[seed], [other[seed] for other in rates.values()]) for seed in shared)
            for label, own in rates.items()
        }
        return {label: Estimate(values, len(values)) for label, values in found.items()}


@dataclass(frozen=True)
class Ladder:
    """The ladders of some methods that are alike in what they hold at every rung.

    Attributes:
        name: What that is.
        rungs: Those that have runs, in the order of the ladder.
        probes: For each method that was probed, by its name, the probes that have runs.
        n_failed: Runs that failed and have not been made since.
    """

    name: str
    rungs: tuple[RungSummary, ...]
    probes: Mapping[str, tuple[RungSummary, ...]]
    n_failed: int = 0

    @property
    def labels(self) -> tuple[str, ...]:
        """Those of the methods, in the order in which they were first run."""
        return tuple(dict.fromkeys(row.method.label for rung in self.rungs for row in rung.methods))

    @property
    def budget(self) -> str:
        """What a run may take, in words."""
        fewest, most = (_epochs(self.rungs[place]) for place in (0, -1))
        return f"{fewest} epochs" if fewest == most else f"{fewest} epochs, from early stopping on {most} at most"

    @property
    def title(self) -> str:
        """What tells it from others, for titles; empty where it holds nothing."""
        return "" if self.name == AS_PRESETS else f", {self.name}"

    @property
    def n_cut_off(self) -> int:
        """Trainings that were cut off."""
        return sum(rung.n_cut_off for rung in self.rungs)

    @property
    def n_trained(self) -> int:
        """Runs that trained a model."""
        return sum(
            len(row.method.runs)
            for rung in self.rungs
            for row in rung.methods
            if row.method.label not in rung.ranked_again
        )


def read_ladders(dataset: str, runs: Sequence[StoredRun], reader: RunReader | None) -> tuple[Ladder, ...]:
    """The ladders of a dataset, the one with most runs first.

    Args:
        dataset: Its name.
        runs: All its runs that can be right.
        reader: Where ranks are; None: intervals and tests rest on runs alone.
    """
    climbed = [run for run in runs if run.kind is RunKind.ABLATION and {Tag.LADDER, Tag.RUNG} <= set(run.tags)]
    finished = [run for run in climbed if run.status == "FINISHED" and not math.isnan(hit_rate_of(run))]
    if not finished:
        return ()
    newest = max(finished, key=lambda run: run.started)
    named: dict[str, list[StoredRun]] = defaultdict(list)
    for run in sorted(finished, key=lambda run: run.started):
        if run.dataset_hash == newest.dataset_hash:
            named[run.tags[Tag.LADDER]].append(run)
    made = {_task_of(run) for run in finished}
    failed = [run for run in climbed if run.status == "FAILED" and run.dataset_hash == newest.dataset_hash]
    missing = Counter(name for name, *_ in {_task_of(run) for run in failed} - made)
    order = sorted(named.items(), key=lambda each: -len(each[1]))
    found = [_ladder(dataset, name, members, reader) for name, members in order]
    return tuple(replace(ladder, n_failed=missing[ladder.name]) for ladder in found if ladder.rungs)


def hit_rate_of(run: StoredRun) -> float:
    """What samplers are ranked by; NaN where undefined."""
    return run.metric(_HIT_RATE)


_HIT_RATE = metric_name("test", ALL, "hit_rate", CUTOFF)


def _task_of(run: StoredRun) -> tuple[str, ...]:
    """What makes two runs of ladders the same, if one of them failed; the ladder's name first."""
    tags = run.tags
    return (tags[Tag.LADDER], tags[Tag.RUNG], tags.get(Tag.PROBED, ""), run.sampler, str(run.seed))


def _ladder(dataset: str, name: str, runs: Sequence[StoredRun], reader: RunReader | None) -> Ladder:
    by_place: dict[tuple[str, str], list[StoredRun]] = defaultdict(list)
    for run in runs:
        by_place[run.tags[Tag.RUNG], run.tags.get(Tag.PROBED, "")].append(run)
    climbed = [_rung(dataset, rung, by_place[rung.name, ""], reader) for rung in RUNGS if by_place.get((rung.name, ""))]
    samplers = {row.method.sampler for rung in climbed for row in rung.methods}
    climbed = [replace(rung, is_whole=len(rung.methods) == len(samplers)) for rung in climbed]
    probed = sorted({method for _, method in by_place if method})
    probes = {
        method: tuple(
            _rung(dataset, probe, by_place[probe.name, method], None)
            for probe in PROBES
            if (probe.name, method) in by_place
        )
        for method in probed
    }
    return Ladder(name, tuple(climbed), probes)


def _rung(dataset: str, rung: Rung | Probe, runs: Sequence[StoredRun], reader: RunReader | None) -> RungSummary:
    methods = _methods(runs)
    kept = [run for method in methods for run in method.runs]
    trained = [run for run in kept if Tag.EVALUATED not in run.tags]
    n_cut_off = sum(run.metric(CUT_OFF) == 1 for run in trained)
    again = frozenset(method.label for method in methods if all(Tag.EVALUATED in run.tags for run in method.runs))
    # As they stand: see above.
    methods = [
        replace(method, runs=tuple(replace(run, metrics={**run.metrics, CUT_OFF: 0.0}) for run in method.runs))
        for method in methods
    ]
    selection = Selection(dataset, kept[-1].dataset_hash, kept[-1].protocol, tuple(methods), ())
    summary = DatasetSummary(selection, tuple(map(method_summary, methods)), (), None)
    if isinstance(rung, Rung):
        summary = _judged(summary, rung, reader)
    return RungSummary(rung, summary, again, n_cut_off)


def _judged(summary: DatasetSummary, rung: Rung, reader: RunReader | None) -> DatasetSummary:
    generator = np.random.default_rng(derive_seed(0, "resamples", f"{summary.dataset}/{rung.name}"))
    methods = summary.selection.methods
    ranked = RankedMethods((), np.zeros((N_COHORTS, 0)), 0, ())
    if reader is not None:
        cache = RankCache(reader, generator)
        cache.faults(methods)  # Reads the ranks; of a method with a faulty run none count.
        ranked = cache.ranked(methods)
    summary = replace(summary, statistics=statistics_of(methods, ranked, generator))
    return replace(summary, claims=_claims(summary))


def _claims(summary: DatasetSummary) -> tuple[Claim, ...]:
    """Those that are about samplers: a ladder has no runs with other numbers of negatives."""
    return tuple(claim for claim in judge_claims(summary, ()) if claim.judged)


def _methods(runs: Iterable[StoredRun]) -> list[Method]:
    """The methods of a rung with one run per seed: the latest, of the newest settings and version."""
    found: dict[str, list[StoredRun]] = defaultdict(list)
    for run in runs:
        found[run.sampler].append(run)
    methods = []
    for sampler, own in found.items():
        newest = own[-1]
        same = [run for run in own if (run.fingerprint, version_of(run)) == (newest.fingerprint, version_of(newest))]
        latest = {run.seed: run for run in same}
        by_seed = sorted(latest.values(), key=lambda run: run.seed if run.seed is not None else -1)
        methods.append(Method(sampler, newest.label, is_baseline=False, runs=tuple(by_seed)))
    return methods


def _place(own: float, all_of_them: Sequence[float]) -> float:
    """The rank of one of some values, the highest having rank 1.

    >>> _place(0.2, [0.3, 0.2, 0.1]), _place(0.2, [0.2, 0.2, 0.1])
    (2.0, 1.5)
    """
    higher, equal = sum(value > own for value in all_of_them), sum(value == own for value in all_of_them)
    return higher + (equal + 1) / 2


def _epochs(rung: RungSummary) -> str:
    values = {run.params.get("max_epochs", "?") for row in rung.methods for run in row.method.runs}
    return " or ".join(sorted(values))
