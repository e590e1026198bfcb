"""From rank artifacts to sums over users, the form that resampling needs: kept for all runs at once, they are small."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsbench.errors import TrackingError
from nsbench.evaluation.metric import discounted_gains, hits
from nsbench.evaluation.rank_table import RankTable
from nsbench.report.quantity import N_COHORTS
from nsbench.report.selection import CUTOFF, Method
from nsbench.report.two_level import UserSums
from nsbench.tracking.stored_run import RunReader

MAX_CLUSTERS = 20_000
"""Users beyond so many share a cluster with others drawn by chance, which bounds memory and time and keeps intervals right.

With 7 methods of 20 repeats that is 90 MB of sums.
"""


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
    """Whose targets the ranks are, and where each one is summed to."""

    users: NDArray[np.int64]
    items: NDArray[np.int32]
    places: NDArray[np.int64]
    n_clusters: int
    n_users: int

    def fit(self, ranks: RankTable) -> bool:
        return np.array_equal(self.users, ranks.users) and np.array_equal(self.items, ranks.items)

    def sum(self, values: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """[cohort, cluster]; without values, the number of targets."""
        total = np.bincount(self.places, values, minlength=N_COHORTS * self.n_clusters)
        return total.reshape(N_COHORTS, self.n_clusters).astype(np.float64)


def read_rank_sums(reader: RunReader, methods: Sequence[Method], generator: np.random.Generator) -> RankedMethods:
    """Reads the ranks of all runs; a method that lacks any of them is left out with a note.

    Args:
        reader: Where the artifacts are.
        methods: Whose runs saw the same log under the same protocol.
        generator: Draws the clusters of users where there are many.
    """
    found: list[UserSums] = []
    missing: dict[str, list[str]] = {}
    targets: _Targets | None = None
    for method in methods:
        sums = []
        for run in method.runs:
            try:
                ranks = reader.ranks(run.run_id)
            except TrackingError:
                missing.setdefault(_NO_RANKS, []).append(method.label)
                break
            targets = targets or _targets_of(ranks, generator)
            if not targets.fit(ranks):
                missing.setdefault(_OTHER_TARGETS, []).append(method.label)
                break
            by_metric = (metric(ranks.ranks, CUTOFF, ranks.n_tied) for metric in (hits, discounted_gains))
            sums.append(np.stack([targets.sum(values) for values in by_metric]).astype(np.float32))
        else:
            found.append(UserSums(method.label, method.is_baseline, np.stack(sums)))
    notes = tuple(f"{', '.join(labels)}: {reason}." for reason, labels in missing.items())
    if targets is None:
        return RankedMethods((), np.zeros((N_COHORTS, 0)), 0, notes)
    return RankedMethods(tuple(found), targets.sum(), targets.n_users, notes)


def _targets_of(ranks: RankTable, generator: np.random.Generator) -> _Targets:
    users, index = np.unique(ranks.users, return_inverse=True)
    n_clusters = min(len(users), MAX_CLUSTERS)
    if n_clusters < len(users):
        index = generator.permutation(len(users))[index] % n_clusters
    places = ranks.cohorts.astype(np.int64) * n_clusters + index
    return _Targets(ranks.users, ranks.items, places, n_clusters, len(users))
