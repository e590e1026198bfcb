"""What methods reach in each group of users: the recorded ranks, summed by group, and tested as those of cohorts are."""

from collections.abc import Sequence
from dataclasses import replace
from typing import final

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from nsbench.data.dataset import Dataset
from nsbench.data.store import load_dataset
from nsbench.errors import NsbenchError, TrackingError
from nsbench.evaluation.cohort import evaluated_cohorts
from nsbench.evaluation.metrics import METRICS
from nsbench.evaluation.rank_table import RankTable
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.files.home import Home
from nsbench.report.selection import CUTOFF, Method, Selection
from nsbench.report.statistics.bootstrap import UserSums
from nsbench.report.statistics.derived_metric import N_COHORTS
from nsbench.report.statistics.inference import statistics_of
from nsbench.report.statistics.user_sums import MAX_CLUSTERS, RankedMethods
from nsbench.report.summary import ACCURACY_METRICS
from nsbench.report.user_groups.user_group import Grouped, UserGrouping, groupings_of
from nsbench.tracking.stored_run import RunReader

_N_RESAMPLES = 2_000
"""Fewer than in the comparison: there are as many numbers again for each grouping, and none of them decides on the answer."""


def served_groups(
    selection: Selection, reader: RunReader, home: Home | None, generator: np.random.Generator
) -> tuple[tuple[UserGrouping, ...], str]:
    """What the compared methods reach by activity and by taste of the users.

    Args:
        selection: The compared methods.
        reader: Where their ranks are.
        home: Where the dataset lies, if it is there; None: nowhere.
        generator: Where resamples come from.

    Returns:
        The groupings, or none; and why there are none, a sentence, or empty.
    """
    if home is None or not selection.methods:
        return (), ""
    dataset = _dataset(selection, home)
    if dataset is None:
        return (), (
            f"Results by groups of users need what users took before the test, which runs don't record: the dataset "
            f"{selection.dataset} with hash {selection.dataset_hash[:12]} is not prepared in this home. Prepare the log here as "
            "it was, and report again."
        )
    sums: list[_GroupSums] = []
    for method in selection.methods:
        for place, run in enumerate(method.runs):
            # One table at a time: those of all runs together may not fit into memory.
            table = _ranks(reader, run.run_id)
            if table is None:
                continue
            if not sums:
                if int(table.users.max()) >= dataset.n_users or int(table.items.max()) > dataset.n_items:
                    return (
                        (),
                        "Results by groups of users are left out: runs ranked users or items that the dataset lacks.",
                    )
                cohorts = evaluated_cohorts(dataset, _settings(selection))
                sums = [_GroupSums(one, table, generator) for one in groupings_of(dataset, cohorts, table.users)]
            for one in sums:
                one.add(method, place, table)
    if not sums:
        return (), "Results by groups of users need the runs' ranks, and the store has none of them."
    return tuple(one.grouping(selection.methods, generator) for one in sums), ""


def _dataset(selection: Selection, home: Home) -> Dataset | None:
    """The dataset that the runs saw, if the home has it."""
    try:
        dataset = load_dataset(selection.dataset, home)
    except NsbenchError:
        return None
    return dataset if dataset.card.content_hash == selection.dataset_hash else None


def _settings(selection: Selection) -> EvaluationSettings:
    """The evaluation of the compared runs; its defaults where a run doesn't say what this version accepts."""
    params = selection.methods[0].runs[0].params
    known = {name: value for name, value in params.items() if name in EvaluationSettings.model_fields}
    try:
        return EvaluationSettings.model_validate(known)
    except ValidationError:
        return EvaluationSettings()


def _ranks(reader: RunReader, run_id: str) -> RankTable | None:
    try:
        return reader.ranks(run_id)
    except TrackingError:
        return None


@final
class _GroupSums:
    """Sums of ranks over a grouping's users.

    Args:
        grouped: The grouping.
        first: The first run's ranks; others count where they are of the same targets.
        generator: Draws clusters of users where there are many.
    """

    def __init__(self, grouped: Grouped, first: RankTable, generator: np.random.Generator) -> None:
        users, index = np.unique(first.users, return_inverse=True)
        self._grouped, self._first, self._n_users = grouped, first, len(users)
        self._n_clusters = min(len(users), MAX_CLUSTERS)
        if self._n_clusters < len(users):
            index = generator.permutation(len(users))[index] % self._n_clusters
        self._places = grouped.numbers[first.users].astype(np.int64) * self._n_clusters + index
        self._found: dict[tuple[str, int], NDArray[np.float32]] = {}

    def add(self, method: Method, place: int, table: RankTable) -> None:
        """Adds a method's run."""
        same = np.array_equal(table.users, self._first.users) and np.array_equal(table.items, self._first.items)
        if same:
            sums = [
                self._summed(METRICS[name].per_target(table.ranks, CUTOFF, table.n_tied)) for name in ACCURACY_METRICS
            ]
            self._found[method.label, place] = np.array(sums, dtype=np.float32)

    def grouping(self, methods: Sequence[Method], generator: np.random.Generator) -> UserGrouping:
        """The grouping with the statistics of the methods all of whose runs were added."""
        keys = {method.label: [(method.label, place) for place in range(len(method.runs))] for method in methods}
        kept = [method for method in methods if all(key in self._found for key in keys[method.label])]
        sums = tuple(
            UserSums(one.label, one.is_baseline, np.stack([self._found[key] for key in keys[one.label]]))
            for one in kept
        )
        missing = [method.label for method in methods if method not in kept]
        notes = (f"{', '.join(missing)}: ranks are missing, or of other targets.",) if missing else ()
        ranked = RankedMethods(sums, self._summed(), self._n_users, ())
        statistics = statistics_of(kept, ranked, generator, _N_RESAMPLES)
        return replace(self._grouped.grouping, statistics=statistics, notes=notes)

    def _summed(self, values: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """[group, cluster]; without values, the number of targets."""
        total = np.bincount(self._places, values, minlength=N_COHORTS * self._n_clusters)
        return total.reshape(N_COHORTS, self._n_clusters).astype(np.float64)
