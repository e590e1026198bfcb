"""Which validation metric decides: the best epoch, when to stop, what is pruned, and what a study maximises."""

from collections.abc import Sequence

from nsbench.errors import SettingsError
from nsbench.evaluation.metrics import METRICS
from nsbench.evaluation.metrics.hit_rate import HIT_RATE
from nsbench.suggestion import did_you_mean
from nsbench.terms import ALL, BALANCED_COHORTS, balance_name, metric_name

_USUAL_CUTOFF = 10


def default_objective(cutoffs: Sequence[int]) -> str:
    """What decides unless something else is asked for: the hit rate in total at the cut-off that is nearest to 10.

    Of two that are as near it is the larger one.

    >>> default_objective([1, 5, 10, 20])
    'valid/all/hit_rate_at_10'
    >>> default_objective([1, 5])
    'valid/all/hit_rate_at_5'
    """
    return metric_name("valid", ALL, HIT_RATE.name, min(cutoffs, key=lambda k: (abs(k - _USUAL_CUTOFF), -k)))


def checked_objective(objective: str | None, cutoffs: Sequence[int]) -> str:
    """An objective that was asked for, or the default one.

    Raises:
        SettingsError: There is no such metric at these cut-offs.
    """
    objective = objective or default_objective(cutoffs)
    check_objective(objective, cutoffs)
    return objective


def check_objective(objective: str, cutoffs: Sequence[int]) -> None:
    """Refuses an objective that no validation gives.

    Raises:
        SettingsError: There is no such metric at these cut-offs.
    """
    groups = (ALL, *(cohort.label for cohort in BALANCED_COHORTS))
    in_full = [name for name, metric in METRICS.items() if metric.in_full is not None]
    known = [metric_name("valid", group, metric) for group in groups for metric in in_full]
    known += [metric_name("valid", group, metric, k) for group in groups for metric in METRICS for k in cutoffs]
    known += [balance_name("valid", metric, k) for metric in METRICS for k in cutoffs]
    if objective not in known:
        raise SettingsError(
            f"unknown objective {objective!r}{did_you_mean(objective, known)}; "
            f"there are with cutoffs={','.join(map(str, cutoffs))}: {', '.join(known)}"
        )
