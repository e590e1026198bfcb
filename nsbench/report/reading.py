"""Reads all that the report of a dataset rests on: its runs, and of the compared ones their ranks."""

import numpy as np

from nsbench.report.inference import statistics_of
from nsbench.report.rank_sums import read_rank_sums
from nsbench.report.summary import DatasetSummary, summarise
from nsbench.seeding import derive_seed
from nsbench.tracking.stored_run import RunReader


def read_summary(reader: RunReader, dataset: str) -> DatasetSummary:
    """Everything that the report says about a dataset, statistics, claims and costs included.

    The same runs give the same numbers: resamples come from a seed that the dataset's name decides.

    Raises:
        TrackingError: The store has no such dataset, or can't be read.
    """
    from dataclasses import replace

    summary = summarise(dataset, reader.runs(dataset))
    methods = summary.selection.methods
    generator = np.random.default_rng(derive_seed(0, "resamples", dataset))
    statistics = statistics_of(methods, read_rank_sums(reader, methods, generator), generator)
    return replace(summary, statistics=statistics)
