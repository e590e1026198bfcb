"""From rank artifacts to sums over users, the form that resampling needs and small enough to be kept for all runs."""

import copy
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from nsbench.errors import DamagedRanks, TrackingError, UnreachableRanks
from nsbench.evaluation.metrics import METRICS
from nsbench.evaluation.rank_table import RankTable
from nsbench.report.formats.plain_text import plain_text
from nsbench.report.rank_check import contradiction
from nsbench.report.selection import CUTOFF, Method
from nsbench.report.statistics.bootstrap import UserSums
from nsbench.report.statistics.derived_metric import N_COHORTS
from nsbench.report.summary import ACCURACY_METRICS
from nsbench.tracking.stored_run import RunReader, StoredRun

MAX_CLUSTERS = 20_000
"""Where there are more users, they share clusters at random, which bounds memory and time and keeps intervals right.

With 7 methods of 20 repeats that is 90 MB of sums.
"""

_MOST_OF_A_REASON = 300

_NO_RANKS = (
    "the store lacks the ranks of a run, so intervals and tests rest on the spread of repeats alone and don't allow for "
    "other test users"
)
_OTHER_TARGETS = "a run ranked other test targets than the first one, so it can't be paired by user"


@dataclass(frozen=True)
class RankedMethods:
    """The methods whose ranks could be read.

    Attributes:
        methods: With their sums.
        counts: float64[cohort, cluster], the clusters' targets.
        n_users: Users with a target.
        notes: Which methods are missing and why, in sentences.
    """

    methods: tuple[UserSums, ...]
    counts: NDArray[np.float64]
    n_users: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Targets:
    """Whose targets the ranks are, and where each one is summed to.

    Attributes:
        ranking: A hash of users and items.
        key: A hash of users, items and cohorts.
        places: int64[target], the place of (cohort, cluster).
        n_clusters: Clusters of users.
        n_users: Users.
        state: The generator's, once the clusters are drawn.
    """

    ranking: bytes
    key: bytes
    places: NDArray[np.int64]
    n_clusters: int
    n_users: int
    state: Mapping[str, Any]

    def sum(self, values: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """[cohort, cluster]; without values, the number of targets."""
        total = np.bincount(self.places, values, minlength=N_COHORTS * self.n_clusters)
        return total.reshape(N_COHORTS, self.n_clusters).astype(np.float64)


@dataclass(frozen=True)
class _RunSums:
    """A run's metrics, float32[metric, cohort, cluster], and the targets that they were summed over."""

    targets: _Targets
    sums: NDArray[np.float32]


@final
class RankCache:
    """The ranks of a dataset's compared runs; each run is read once, even when the selection changes.

    Args:
        reader: Where the artifacts are.
        generator: Draws the clusters of users where there are many; faulty runs don't change what it draws afterwards.
    """

    def __init__(self, reader: RunReader, generator: np.random.Generator) -> None:
        self._reader = reader
        self._generator = generator
        self._untouched = copy.deepcopy(generator)
        self._targets: dict[bytes, _Targets] = {}
        self._found: dict[str, _RunSums] = {}
        self._damaged: dict[str, str] = {}
        self._missing: dict[str, str] = {}
        self._unreachable: dict[str, str] = {}

    def faults(self, methods: Sequence[Method]) -> dict[str, str]:
        """Why some of the runs can't be right, by run id.

        A run without ranks is not at fault where its whole method has none, or none can be read at all.

        Args:
            methods: Their runs saw the same dataset under the same protocol.
        """
        runs = [run for method in methods for run in method.runs]
        for run in runs:
            self._read(run)
        faults = {run.run_id: self._damaged[run.run_id] for run in runs if run.run_id in self._damaged}
        found = [self._found[run.run_id] for run in runs if run.run_id in self._found]
        if not found:
            return faults
        faults |= {run.run_id: self._unreachable[run.run_id] for run in runs if run.run_id in self._unreachable}
        ranking, n_runs = Counter(sums.targets.ranking for sums in found).most_common(1)[0]
        chosen = self._chosen(methods)
        for method in methods:
            own = {run.run_id: self._found.get(run.run_id) for run in method.runs if run.run_id not in faults}
            fits = any(
                sums is not None and chosen is not None and sums.targets.key == chosen.key for sums in own.values()
            )
            for run_id, sums in own.items():
                if sums is None:
                    is_fault, reason = fits, self._missing[run_id]
                else:
                    # Only a majority decides which targets are right: of two halves neither is at fault.
                    is_other = 2 * n_runs > len(found) and sums.targets.ranking != ranking
                    is_fault = is_other or (fits and chosen is not None and sums.targets.key != chosen.key)
                    reason = "it ranked other test targets, or has them in other cohorts, than the other runs"
                if is_fault:
                    faults[run_id] = reason
        return faults

    def ranked(self, methods: Sequence[Method]) -> RankedMethods:
        """The methods whose ranks were read; one that lacks any of them is left out with a note.

        Args:
            methods: As in the last call of `faults`, which reads them.
        """
        chosen = self._chosen(methods)
        found: list[UserSums] = []
        missing: dict[str, list[str]] = {}
        for method in methods:
            own = [self._found.get(run.run_id) for run in method.runs]
            # `is`, since `_targets_of` keeps one object for equal targets.
            sums = [part.sums for part in own if part is not None and part.targets is chosen]
            if len(sums) == len(own):
                found.append(UserSums(method.label, method.is_baseline, np.stack(sums)))
            else:
                missing.setdefault(self._note(method), []).append(method.label)
        notes = tuple(f"{', '.join(labels)}: {reason}." for reason, labels in missing.items())
        if chosen is None:
            return RankedMethods((), np.zeros((N_COHORTS, 0)), 0, notes)
        self._generator.bit_generator.state = chosen.state
        return RankedMethods(tuple(found), chosen.sum(), chosen.n_users, notes)

    def _chosen(self, methods: Sequence[Method]) -> _Targets | None:
        """The targets that most runs ranked; where two are as frequent, those of the run that comes first."""
        targets = [
            self._found[run.run_id].targets for method in methods for run in method.runs if run.run_id in self._found
        ]
        counts = Counter(part.key for part in targets)
        return self._targets[counts.most_common(1)[0][0]] if counts else None

    def _note(self, method: Method) -> str:
        own = [run.run_id for run in method.runs]
        if all(run_id in self._found for run_id in own):
            return _OTHER_TARGETS
        why = next((f" ({self._unreachable[run_id]})" for run_id in own if run_id in self._unreachable), "")
        return f"{_NO_RANKS}{why}"

    def _read(self, run: StoredRun) -> None:
        if any(run.run_id in known for known in (self._found, self._damaged, self._missing, self._unreachable)):
            return
        try:
            ranks = self._reader.ranks(run.run_id)
        except DamagedRanks as error:
            self._damaged[run.run_id] = str(error)
            return
        except UnreachableRanks as error:
            self._unreachable[run.run_id] = plain_text(str(error), _MOST_OF_A_REASON)
            return
        # The base class of both errors above, so it comes last.
        except TrackingError:
            self._missing[run.run_id] = "the store lacks its ranks, and has those of the method's other runs"
            return
        reason = contradiction(run, ranks)
        if reason is not None:
            self._damaged[run.run_id] = reason
            return
        targets = self._targets_of(ranks)
        by_metric = (METRICS[name].per_target(ranks.ranks, CUTOFF, ranks.n_tied) for name in ACCURACY_METRICS)
        sums = np.stack([targets.sum(values) for values in by_metric]).astype(np.float32)
        self._found[run.run_id] = _RunSums(targets, sums)

    def _targets_of(self, ranks: RankTable) -> _Targets:
        # Every run writes its targets in the same order, so equal bytes mean equal targets.
        ranking = hashlib.blake2b(ranks.users.tobytes() + ranks.items.tobytes(), digest_size=16).digest()
        key = ranking + hashlib.blake2b(ranks.cohorts.tobytes(), digest_size=16).digest()
        if key not in self._targets:
            # All targets draw their clusters from the same state, so that those of faulty runs change nothing.
            generator = copy.deepcopy(self._untouched)
            users, index = np.unique(ranks.users, return_inverse=True)
            n_clusters = min(len(users), MAX_CLUSTERS)
            if n_clusters < len(users):
                index = generator.permutation(len(users))[index] % n_clusters
            places = ranks.cohorts.astype(np.int64) * n_clusters + index
            state = generator.bit_generator.state
            self._targets[key] = _Targets(ranking, key, places, n_clusters, len(users), state)
        return self._targets[key]
