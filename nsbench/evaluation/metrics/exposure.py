"""Metrics of recommended lists: what they hold, whatever the targets are."""

import numpy as np
from numpy.typing import NDArray

from nsbench.evaluation.metrics.balance import gini
from nsbench.terms import ALL, metric_name


def coverage(exposure: NDArray[np.int64]) -> float:
    """Share of the candidates that at least one list holds.

    Args:
        exposure: Lists that hold the item, one entry for each candidate.

    >>> coverage(np.array([5, 0, 1, 0]))
    0.5
    """
    return float(np.mean(exposure > 0)) if len(exposure) else float("nan")


def recommended_popularity(exposure: NDArray[np.int64], train_counts: NDArray[np.int64]) -> float:
    """Training interactions of a recommended item, on average over all places in all lists.

    Args:
        exposure: Lists that hold the item; not a number when there are no lists.
        train_counts: Training interactions of the same items.

    Source: "average recommendation popularity", Yin et al., "Challenging the long tail recommendation", VLDB 2012; our
    mean is over places instead of over users, which is the same where all lists are equally long.

    >>> recommended_popularity(np.array([3, 1]), np.array([100, 20]))
    80.0
    """
    total = int(exposure.sum())
    return float(np.dot(exposure, train_counts) / total) if total else float("nan")


def exposure_metrics_of(
    exposure: NDArray[np.int64], train_counts: NDArray[np.int64], split: str, k: int
) -> dict[str, float]:
    """Coverage, average recommendation popularity and Gini of lists of length k.

    Args:
        exposure: Lists that hold each candidate (`nsbench.evaluation.lists.exposure.exposure_of`), padding left out.
        train_counts: Training interactions of the same items.
        split: "valid" or "test", the first part of the names.
        k: Length of the lists.
    """
    return {
        metric_name(split, ALL, "coverage", k): coverage(exposure),
        metric_name(split, ALL, "recommended_popularity", k): recommended_popularity(exposure, train_counts),
        metric_name(split, ALL, "exposure_gini", k): gini(exposure),
    }


def exposure_names(split: str, k: int) -> tuple[str, ...]:
    """The names of what `exposure_metrics_of` gives."""
    return tuple(metric_name(split, ALL, name, k) for name in ("coverage", "recommended_popularity", "exposure_gini"))
