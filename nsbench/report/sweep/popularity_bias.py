"""Generated logs that differ in their popularity bias alone: who finds what users want, the more the log hides it."""

from collections.abc import Sequence
from dataclasses import dataclass

from nsbench.data.origin import Origin, SyntheticOrigin
from nsbench.report.summary import TRUTH_METRICS, DatasetSummary


@dataclass(frozen=True)
class BiasPoint:
    """A log of a family.

    Attributes:
        bias: Its popularity bias; 0: what is logged is what users want.
        summary: What was run on it.
    """

    bias: float
    summary: DatasetSummary


@dataclass(frozen=True)
class BiasFamily:
    """Logs of the same generator.

    Attributes:
        points: By bias, each once.
    """

    points: tuple[BiasPoint, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """Every method of them, once."""
        rows = [row for point in self.points for row in point.summary.methods]
        return tuple(dict.fromkeys(row.method.label for row in rows))


def bias_families(summaries: Sequence[DatasetSummary]) -> tuple[BiasFamily, ...]:
    """Logs whose generator's settings are alike but for the popularity bias, as far as there are at least two; the largest first.

    Args:
        summaries: One per dataset; those without a run that was compared with what users want are left out.
    """
    families: dict[Origin, dict[float, BiasPoint]] = {}
    for summary in summaries:
        origin = summary.card.origin if summary.card else None
        if not isinstance(origin, SyntheticOrigin) or origin.popularity_bias is None:
            continue
        if any(row.estimates[metric].n for row in summary.methods for metric in TRUTH_METRICS):
            alike = origin.model_copy(update={"popularity_bias": None})
            families.setdefault(alike, {}).setdefault(
                origin.popularity_bias, BiasPoint(origin.popularity_bias, summary)
            )
    found = [BiasFamily(tuple(points[bias] for bias in sorted(points))) for points in families.values()]
    return tuple(sorted((one for one in found if len(one.points) > 1), key=lambda one: len(one.points), reverse=True))
