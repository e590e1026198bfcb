"""How the evidence for a claim is worded."""

from collections.abc import Sequence

from nsbench.report.statistics.estimate import IntervalEstimate, PairedDifference
from nsbench.report.tables.number_text import percent
from nsbench.terms import ALL


def estimate_text(estimate: IntervalEstimate | None) -> str:
    """Percent with the interval, where it is defined."""
    if estimate is None:
        return "undefined"
    interval = f" [{percent(estimate.interval.low)}, {percent(estimate.interval.high)}]"
    return f"{percent(estimate.value)} %{interval if estimate.interval.is_defined else ''}"


def difference_text(pair: PairedDifference) -> str:
    """A group's difference in points, with interval and p."""
    group = "total" if pair.group == ALL else pair.group
    interval = f" [{100 * pair.interval.low:+.2f}, {100 * pair.interval.high:+.2f}]" if pair.interval.is_defined else ""
    p_value = f", p = {pair.p_holm:.2g}" if pair.p_holm == pair.p_holm else ", too few runs for a test"
    return f"{group} {100 * pair.difference:+.2f}{interval}{p_value}"


def examples(pairs: Sequence[str]) -> str:
    """The first pair in brackets; empty where there is none."""
    return f" (such as {pairs[0]})" if pairs else ""
