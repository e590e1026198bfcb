"""Everything that the report says about a dataset, from its runs and from the ranks and validations of the compared ones."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from nsbench.files.home import Home
from nsbench.report.equal_budget import with_equal_budgets
from nsbench.report.equal_cost import Histories, HistoryCache, cost_rows
from nsbench.report.faulty_run import FaultyRun, faulty_run
from nsbench.report.formats.plain_text import MOST_OF_A_LABEL, plain_run, plain_text
from nsbench.report.ladder.climb import read_ladders
from nsbench.report.paper.claims import judge_claims
from nsbench.report.paper.comparison import compare_with_paper
from nsbench.report.run_check import check_runs
from nsbench.report.statistics.derived_metric import N_COHORTS
from nsbench.report.statistics.inference import statistics_of
from nsbench.report.statistics.user_sums import RankCache, RankedMethods
from nsbench.report.summary import DatasetSummary, summarise
from nsbench.report.user_groups.served import served_groups
from nsbench.seeding import derive_seed
from nsbench.tracking.stored_run import RunReader, StoredRun


def read_summaries(reader: RunReader, datasets: Sequence[str], home: Home | None = None) -> tuple[DatasetSummary, ...]:
    """Everything that the report says about some datasets, statistics, claims and costs included.

    The same runs give the same numbers: resamples are seeded by the dataset's name.

    Args:
        reader: Where the runs are.
        datasets: Their names.
        home: Where the datasets lie; results by groups of users need them. None: those are left out.

    Raises:
        TrackingError: The store lacks one of the datasets, or can't be read.
    """
    return tuple(_read_summary(reader, dataset, runs, home) for dataset, runs in reader.all_runs(datasets).items())


def summary_of_runs(dataset: str, runs: Sequence[StoredRun]) -> DatasetSummary:
    """Everything that runs alone say, where no store holds their ranks and validations."""
    sound, faulty = check_runs(runs, datetime.now(UTC))
    no_ranks = RankedMethods((), np.zeros((N_COHORTS, 0)), 0, ())
    summary = _completed(_summary(dataset, runs, sound, faulty), no_ranks, {}, _generator(dataset))
    return replace(summary, ladders=read_ladders(summary.dataset, sound, None))


def _read_summary(reader: RunReader, dataset: str, runs: Sequence[StoredRun], home: Home | None) -> DatasetSummary:
    sound, faulty = check_runs(runs, datetime.now(UTC))
    generator = _generator(dataset)
    ranks, histories = RankCache(reader, generator), HistoryCache(reader)
    while True:
        summary = _summary(dataset, runs, sound, faulty)
        # Once a run is dropped another may take its place, such as an older one of the same seed, which may be faulty too.
        faults = {**histories.faults(summary.methods), **ranks.faults(summary.selection.methods)}
        if not faults:
            break
        faulty += [faulty_run(run, faults[run.run_id]) for run in sound if run.run_id in faults]
        sound = [run for run in sound if run.run_id not in faults]
    ranked = ranks.ranked(summary.selection.methods)
    completed = _completed(summary, ranked, histories.found, generator)
    groups, note = served_groups(summary.selection, reader, home, _generator(dataset))
    ladders = read_ladders(completed.dataset, sound, reader)
    return replace(completed, ladders=ladders, user_groups=groups, user_groups_note=note)


def _summary(
    dataset: str, runs: Sequence[StoredRun], sound: Sequence[StoredRun], faulty: Sequence[FaultyRun]
) -> DatasetSummary:
    ids = {run.run_id for run in sound}
    others = [plain_run(run) for run in runs if run.run_id not in ids]
    return summarise(plain_text(dataset, MOST_OF_A_LABEL), sound, faulty, others)


def _completed(
    summary: DatasetSummary, ranked: RankedMethods, histories: Histories, generator: np.random.Generator
) -> DatasetSummary:
    statistics = statistics_of(summary.selection.methods, ranked, generator)
    summary = replace(
        summary,
        statistics=statistics,
        costs=cost_rows(summary.methods, histories),
        published=compare_with_paper(summary),
    )
    summary = with_equal_budgets(summary, histories)
    return replace(summary, claims=judge_claims(summary, summary.runs))


def _generator(dataset: str) -> np.random.Generator:
    return np.random.default_rng(derive_seed(0, "resamples", dataset))
