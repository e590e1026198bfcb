"""Puts together all that the report says about a dataset: from its runs, and, of the compared ones, ranks and validations."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nsbench.report.claim_judge import judge_claims
from nsbench.report.costing import Histories, cost_rows, read_histories
from nsbench.report.inference import statistics_of
from nsbench.report.paper_comparison import compare_with_paper
from nsbench.report.quantity import N_COHORTS
from nsbench.report.rank_sums import RankedMethods, read_rank_sums
from nsbench.report.summary import DatasetSummary, summarise
from nsbench.seeding import derive_seed
from nsbench.tracking.stored_run import RunReader, StoredRun


def read_summaries(reader: RunReader, datasets: Sequence[str]) -> tuple[DatasetSummary, ...]:
    """Everything that the report says about some datasets, statistics, claims and costs included.

    The same runs give the same numbers: resamples come from a seed that the dataset's name decides.

    Raises:
        TrackingError: The store lacks one of the datasets, or can't be read.
    """
    return tuple(_read_summary(reader, dataset, runs) for dataset, runs in reader.all_runs(datasets).items())


def summary_of_runs(dataset: str, runs: Sequence[StoredRun]) -> DatasetSummary:
    """The same from runs alone, where no store holds their ranks and validations."""
    no_ranks = RankedMethods((), np.zeros((N_COHORTS, 0)), 0, ())
    return _completed(summarise(dataset, runs), runs, no_ranks, {}, _generator(dataset))


def _read_summary(reader: RunReader, dataset: str, runs: Sequence[StoredRun]) -> DatasetSummary:
    summary = summarise(dataset, runs)
    generator = _generator(dataset)
    ranked = read_rank_sums(reader, summary.selection.methods, generator)
    return _completed(summary, runs, ranked, read_histories(reader, summary.methods), generator)


def _completed(
    summary: DatasetSummary,
    runs: Sequence[StoredRun],
    ranked: RankedMethods,
    histories: Histories,
    generator: np.random.Generator,
) -> DatasetSummary:
    statistics = statistics_of(summary.selection.methods, ranked, generator)
    summary = replace(
        summary,
        statistics=statistics,
        costs=cost_rows(summary.methods, histories),
        published=compare_with_paper(summary),
    )
    return replace(summary, claims=judge_claims(summary, runs))


def _generator(dataset: str) -> np.random.Generator:
    return np.random.default_rng(derive_seed(0, "resamples", dataset))
