"""Which runs of a dataset may stand beside each other in a table, and which are left out and why.

Runs on another preparation of the dataset or under another protocol answer another question, and runs of other settings
are another method: none of them is ever averaged in. What is left out is listed, never dropped silently.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from nsbench.report.faulty_run import FaultyRun
from nsbench.terms import ALL, CUT_OFF, RunKind, Tag, metric_name
from nsbench.tracking.stored_run import StoredRun

COMPARED_KINDS = (RunKind.REPEAT, RunKind.BASELINE)
"""The kinds of run that tables average; trials and single runs were not meant to be compared."""

CUTOFF = 10
"""The k of hit rate and NDCG at k in tables and figures. Source: paper, table 3."""

OTHER_PREPARATION = "another preparation of the dataset"
"""Why runs are left out that saw other interactions under the dataset's name."""


@dataclass(frozen=True)
class Method:
    """A sampler or baseline with the runs that its row averages.

    Attributes:
        sampler: Its name.
        label: What tables and figures call it.
        is_baseline: Whether it was not trained.
        runs: Finished runs of one dataset, protocol, settings and version of nsbench, one per seed, by seed.
    """

    sampler: str
    label: str
    is_baseline: bool
    runs: tuple[StoredRun, ...]

    @property
    def n_cut_off(self) -> int:
        """Runs that ended at their last epoch while they might still have improved; 0 for a baseline."""
        return 0 if self.is_baseline else sum(run.metric(CUT_OFF) == 1 for run in self.runs)

    @property
    def n_unknown_end(self) -> int:
        """Runs that did not record whether they were cut off, as those of older versions; 0 for a baseline."""
        return 0 if self.is_baseline else sum(math.isnan(run.metric(CUT_OFF)) for run in self.runs)


@dataclass(frozen=True)
class LeftOut:
    """Finished runs of a method that no row averages, and why."""

    label: str
    n_runs: int
    reason: str


@dataclass(frozen=True)
class Selection:
    """What of a dataset is compared.

    Attributes:
        dataset: Its name.
        dataset_hash: The content hash that all compared runs saw; empty where there are none.
        protocol: How all of them were evaluated.
        methods: Baselines first, then samplers, in the order in which they were first run.
        left_out: The other finished runs.
        faulty: Runs, finished or not, that were not considered, since what the store holds of them can't be right.
    """

    dataset: str
    dataset_hash: str
    protocol: str
    methods: tuple[Method, ...]
    left_out: tuple[LeftOut, ...]
    faulty: tuple[FaultyRun, ...] = ()


def select(dataset: str, runs: Sequence[StoredRun]) -> Selection:
    """Chooses the runs to compare.

    The newest finished run decides on the dataset's preparation and on the protocol, and a method's newest run on its
    settings: the last thing that was run is what its user wants to see. A seed that ran twice counts once, the newest.

    Args:
        dataset: The dataset's name.
        runs: All its runs, in any order.
    """
    finished = sorted(
        (run for run in runs if run.kind in COMPARED_KINDS and run.status == "FINISHED"), key=lambda run: run.started
    )
    left_out: list[LeftOut] = []
    finished = _keep(finished, _has_result, "finished without test metrics", left_out)
    if not finished:
        return Selection(dataset, "", "", (), tuple(left_out))
    newest = finished[-1]
    same_data = _keep(finished, lambda run: run.dataset_hash == newest.dataset_hash, OTHER_PREPARATION, left_out)
    comparable = _keep(
        same_data, lambda run: run.protocol == newest.protocol, f"another protocol than {newest.protocol}", left_out
    )
    methods = [_method(group, left_out) for group in _by_method(_one_sampler_per_label(comparable, left_out))]
    # The sort is stable: within both groups the order of the first runs stays.
    methods.sort(key=lambda method: not method.is_baseline)
    return Selection(dataset, newest.dataset_hash, newest.protocol, tuple(methods), tuple(left_out))


def version_of(run: StoredRun) -> str:
    """The version of nsbench that made a run; empty where it recorded none."""
    return run.tags.get(Tag.VERSION, "")


def _method(runs: Sequence[StoredRun], left_out: list[LeftOut]) -> Method:
    # A run without recorded settings or version can't decide on those of others.
    newest = next((run for run in reversed(runs) if run.fingerprint and version_of(run)), runs[-1])
    same = _keep(runs, lambda run: run.fingerprint == newest.fingerprint, "older settings", left_out)
    version = version_of(newest)
    same = _keep(same, lambda run: version_of(run) == version, f"another nsbench than {version}", left_out)
    # Runs come by their start, so the last one of a seed overwrites the others.
    last_of_seed = {run.seed: run.run_id for run in same}
    kept = _keep(same, lambda run: last_of_seed[run.seed] == run.run_id, "a seed that ran again later", left_out)
    by_seed = tuple(sorted(kept, key=lambda run: -1 if run.seed is None else run.seed))
    return Method(newest.sampler, newest.label, newest.kind is RunKind.BASELINE, by_seed)


def _has_result(run: StoredRun) -> bool:
    return not math.isnan(run.metric(metric_name("test", ALL, "hit_rate", CUTOFF)))


def _one_sampler_per_label(runs: Sequence[StoredRun], left_out: list[LeftOut]) -> list[StoredRun]:
    """Tables and statistics know a method by its label: of several under one label, the one with the most runs has it."""
    counts = Counter((run.label, run.sampler, run.kind) for run in runs)
    owners: dict[str, tuple[str, RunKind]] = {}
    for (label, sampler, kind), _ in counts.most_common():
        owners.setdefault(label, (sampler, kind))
    reason = "most runs under this label are of another sampler or kind"
    return _keep(runs, lambda run: owners[run.label] == (run.sampler, run.kind), reason, left_out)


def _by_method(runs: Sequence[StoredRun]) -> Iterable[list[StoredRun]]:
    groups: dict[tuple[str, str], list[StoredRun]] = {}
    for run in runs:
        groups.setdefault((run.sampler, run.label), []).append(run)
    return groups.values()


def _keep(
    runs: Sequence[StoredRun], wanted: Callable[[StoredRun], bool], reason: str, left_out: list[LeftOut]
) -> list[StoredRun]:
    """The wanted runs; the others are added to `left_out`, counted by label."""
    others = Counter(run.label for run in runs if not wanted(run))
    left_out += [LeftOut(label, n_runs, reason) for label, n_runs in others.items()]
    return [run for run in runs if wanted(run)]
