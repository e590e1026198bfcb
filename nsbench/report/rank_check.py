"""Whether a run's file of ranks and its metrics describe the same ranking: the one is computed from the other."""

import json
import math

import numpy as np

from nsbench.evaluation.metrics.of_ranks import metrics_of
from nsbench.evaluation.rank_table import RankTable
from nsbench.report.selection import CUTOFF
from nsbench.report.summary import OTHER_METRICS, RANK_METRICS
from nsbench.terms import GROUPS, balance_name, metric_name
from nsbench.tracking.stored_run import StoredRun

_ROUNDING = 1e-6
_BALANCE_ROUNDING = 1e-3
"""The published code adds 1e-7 to each cohort's value, which shows where all are small."""

_BALANCES = tuple(balance_name("test", metric, CUTOFF) for metric in RANK_METRICS)
"""Undefined where nothing is hit, but for the published code."""

_MAY_BE_MISSING = frozenset(
    {
        *(metric_name("test", group, "n_targets") for group in GROUPS),
        *(metric_name("test", group, metric, CUTOFF) for group in GROUPS for metric in OTHER_METRICS),
        *(balance_name("test", metric, CUTOFF) for metric in OTHER_METRICS),
    }
)
"""What older versions did not record."""


def contradiction(run: StoredRun, ranks: RankTable) -> str | None:
    """The first of a run's metrics that its ranks contradict, in a sentence; None where they agree.

    Files of older versions don't know which items tied: they hold mean ranks, and hits were counted from mean ranks.

    Args:
        run: With its metrics.
        ranks: Its test ranks.
    """
    given = metrics_of(ranks, "test", [CUTOFF])
    slacks = {metric_name("test", group, "n_targets"): _ROUNDING for group in GROUPS}
    slacks |= {metric_name("test", group, metric, CUTOFF): _ROUNDING for group in GROUPS for metric in RANK_METRICS}
    slacks |= {balance_name("test", metric, CUTOFF): _BALANCE_ROUNDING for metric in RANK_METRICS}
    for name, slack in slacks.items():
        recorded, computed = run.metric(name), given.get(name, math.nan)
        if math.isnan(recorded):
            if not math.isnan(computed) and name not in _MAY_BE_MISSING:
                return f"it lacks its metric {name}, which its ranks give as {computed:.6g}"
            continue
        # The published code records a number even where nothing defines it.
        is_undefined = math.isnan(computed) and (recorded == 0 or name in _BALANCES)
        # Not `>`, which would let NaN pass.
        if not is_undefined and not abs(recorded - computed) <= slack:
            return f"its metric {name} is {recorded:.6g}, but its ranks give {computed:.6g}"
    most = _n_items(run)
    highest = float(np.max(ranks.ranks, where=np.isfinite(ranks.ranks), initial=0))
    if most is not None and highest > most:
        return f"its ranks go up to {highest:g}, but its dataset has {most:,} items"
    return None


def _n_items(run: StoredRun) -> int | None:
    """The catalogue's size by the run's dataset card; None where the card lacks it."""
    try:
        card = json.loads(run.dataset_card)
    except (ValueError, RecursionError):
        return None
    n_items = card.get("n_items") if isinstance(card, dict) else None
    return n_items if isinstance(n_items, int) and n_items > 0 else None
