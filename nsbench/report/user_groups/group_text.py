"""What is known in each group of users about the leading method, in words that claim no more than that."""

import math
from collections.abc import Sequence
from dataclasses import replace

from nsbench.report.answer.comparison_text import comparison_text, lead_text, rivals_of
from nsbench.report.answer.context import FEW_COHORT_TARGETS
from nsbench.report.summary import DatasetSummary, MethodSummary
from nsbench.report.tables.number_text import percent
from nsbench.report.user_groups.user_group import SLOTS, UserGroup, UserGrouping

_METRIC = "hit_rate"

GROUP_WORDS = (
    "Users who have a test target, by activity (interactions before the test) and by taste (share of those with a head item): a "
    "third of them in each group, as far as users with equal values allow. Niche, mixed and blockbuster taste as Abdollahpouri "
    "et al. (RMSE 2019), who cut at 20 and 80 % of the users.",
)
"""What stands above the tables."""


def group_sentences(summary: DatasetSummary, grouping: UserGrouping) -> list[str]:
    """A sentence about each group: who leads, and against whom that is decided."""
    return [
        _sentence(replace(summary, statistics=grouping.statistics), group, slot)
        for group, slot in zip(grouping.groups, SLOTS, strict=True)
        if group.n_targets
    ] + list(grouping.notes)


def group_text(group: UserGroup) -> str:
    """A group with its size, as "Light users (at most 3 interactions before the test; 812 users, 2,345 targets)"."""
    return f"{group.name.capitalize()} ({group.border}; {_counted(group.n_users, 'user')}, {_counted(group.n_targets, 'target')})"


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _sentence(summary: DatasetSummary, group: UserGroup, slot: str) -> str:
    values = {row.method.label: _value(summary, row, slot) for row in summary.samplers}
    defined = [row for row in summary.samplers if not math.isnan(values[row.method.label])]
    if not defined:
        return f"{group_text(group)}: no method's ranks could be read."
    best = max(defined, key=lambda row: values[row.method.label])
    few = " Few targets: these values are unsure." if group.n_targets < FEW_COHORT_TARGETS else ""
    about = f"hit rate at 10 of {percent(values[best.method.label])} %"
    rivals = rivals_of(summary, best, defined, slot)
    if not rivals:
        return f"{group_text(group)}: {best.method.label} has a {about}.{few}"
    return (
        f"{group_text(group)}: {best.method.label} is {lead_text(rivals)}, with a {about}"
        f"{comparison_text(summary, rivals, 'worse')}.{few}"
    )


def _value(summary: DatasetSummary, row: MethodSummary, slot: str) -> float:
    estimate = summary.statistics.estimate(row.method.label, _METRIC, slot)
    return math.nan if estimate is None else estimate.value


def all_group_sentences(summary: DatasetSummary) -> Sequence[str]:
    """Those of all groupings."""
    return [sentence for grouping in summary.user_groups for sentence in group_sentences(summary, grouping)]
