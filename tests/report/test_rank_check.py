"""A run's metrics are held to its ranks, and what older versions did not record may be missing."""

from dataclasses import replace

from nsbench.report.rank_check import contradiction
from tests.report.made_reader import rank_table, ranked

RUN, RANKS = ranked("random", 0, rank_table([True, False, True], [0, 1, 2]))


def without(*words):
    return replace(
        RUN, metrics={name: value for name, value in RUN.metrics.items() if not any(w in name for w in words)}
    )


def test_a_run_of_an_older_version_has_no_reciprocal_ranks():
    assert contradiction(RUN, RANKS) is None
    assert contradiction(without("mrr", "n_targets"), RANKS) is None


def test_what_every_version_recorded_may_not_be_missing():
    """Two of three targets are hit."""
    assert contradiction(without("all/hit_rate"), RANKS) == (
        "it lacks its metric test/all/hit_rate_at_10, which its ranks give as 0.666667"
    )


def test_reciprocal_ranks_that_are_there_must_be_those_of_the_ranks():
    """Ranks of 1, 100 and 1, of which the second is beyond 10: (1 + 0 + 1) / 3."""
    changed = replace(RUN, metrics={**RUN.metrics, "test/all/mrr_at_10": 0.5})
    assert contradiction(changed, RANKS) == "its metric test/all/mrr_at_10 is 0.5, but its ranks give 0.666667"
