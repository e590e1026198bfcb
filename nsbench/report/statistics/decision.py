"""Whether a difference between two methods is decided, and if not, why not: what every table, figure and sentence goes by."""

import math
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache

from nsbench.report.statistics.correction import holm
from nsbench.report.statistics.estimate import LEVEL, PairedDifference
from nsbench.report.statistics.t_test import critical_value, two_sided_p
from nsbench.report.statistics.variance_components import degrees_of_freedom_of

MOST_REPEATS = 100
"""No larger number is advised."""


class Decision(Enum):
    """What is known about a difference."""

    SIGNIFICANT = "significant"
    NOT_SIGNIFICANT = "not significant"
    TOO_FEW = "too few repeats"
    """It can't be tested, or the test fails because of its few degrees of freedom and not of the difference's size."""
    CUT_OFF = "not trained out"
    """Trainings of one of the methods were cut off: the difference may still change, whatever the test finds."""


def decision_of(pair: PairedDifference) -> Decision:
    """What is known about a difference.

    With two repeats a test needs a difference of many deviations, so that it proves nothing when it fails: a difference is
    called not significant only where even a test with infinite degrees of freedom fails, and other test users might reverse it.
    """
    if pair.is_cut_off:
        return Decision.CUT_OFF
    if pair.p_holm < LEVEL:
        return Decision.SIGNIFICANT
    is_shown_by_users = pair.by_users.is_defined and not pair.by_users.holds(0.0)
    if math.isnan(pair.p_holm) or is_shown_by_users or _exceeds_its_error(pair):
        return Decision.TOO_FEW
    return Decision.NOT_SIGNIFICANT


def repeats_needed(pairs: Sequence[PairedDifference], wanted: PairedDifference) -> int | None:
    """The fewest repeats of each method with which a difference would be significant, all else staying as it is.

    Every method is given as many repeats (those with more keep theirs); differences and deviations of single runs stay as
    observed, and Holm's correction is applied anew to all pairs.

    Args:
        pairs: All pairs of the dataset, metric and group.
        wanted: One of them, either way round.

    Returns:
        None where that is unknown, as with a single run, or where MOST_REPEATS are not enough.
    """
    place = next((i for i, pair in enumerate(pairs) if {pair.a, pair.b} == {wanted.a, wanted.b}), None)
    if place is None or math.isnan(_p_with(pairs[place], MOST_REPEATS)):
        return None

    family = tuple(pairs)

    def is_enough(n_repeats: int) -> bool:
        return _corrected(family, n_repeats)[place] < LEVEL

    components = pairs[place].components
    too_few = max(1, min(components.n_runs, default=1)) if components is not None else 1
    enough = MOST_REPEATS
    if too_few >= enough or not is_enough(enough):
        return None
    # More repeats never raise a p-value, so the fewest can be found by halving.
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        too_few, enough = (too_few, middle) if is_enough(middle) else (middle, enough)
    return enough


@lru_cache(maxsize=512)
def _corrected(pairs: tuple[PairedDifference, ...], n_repeats: int) -> list[float]:
    """The corrected p-values with that many repeats of every method."""
    p_values = [_p_with(pair, n_repeats) for pair in pairs]
    # A p-value that can't be predicted still counts in the correction.
    known = [
        1.0 if math.isnan(p) and not math.isnan(pair.difference) else p for p, pair in zip(p_values, pairs, strict=True)
    ]
    return holm(known)


def _exceeds_its_error(pair: PairedDifference) -> bool:
    """Whether a test with infinite degrees of freedom, for this pair alone, would find the difference."""
    parts = _variances(pair, 0)
    if parts is None:
        return False
    error = math.sqrt(parts[0] + sum(variance for variance, _ in parts[1]))
    return abs(pair.difference) > critical_value(math.inf) * error


def _p_with(pair: PairedDifference, n_repeats: int) -> float:
    """The p-value with that many repeats of both methods; NaN where deviations are unknown."""
    parts = _variances(pair, n_repeats)
    if parts is None or math.isnan(pair.difference):
        return math.nan
    by_users, by_repeats = parts
    error = math.sqrt(by_users + sum(variance for variance, _ in by_repeats))
    if error == 0:
        return float(pair.difference == 0)
    return two_sided_p(pair.difference / error, degrees_of_freedom_of(by_users, by_repeats))


def _variances(pair: PairedDifference, n_repeats: int) -> tuple[float, list[tuple[float, float]]] | None:
    """The users' part, and the repeats' parts with their degrees of freedom; None where unknown."""
    parts = pair.components
    if parts is None or any(map(math.isnan, parts.run_variances)):
        return None
    n_runs = [max(n, n_repeats) for n in parts.n_runs]
    return parts.user_variance, [
        (variance / n, n - 1.0) for variance, n in zip(parts.run_variances, n_runs, strict=True)
    ]
