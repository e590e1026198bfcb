"""The metrics of one run as people read them in a terminal: a row per group of test interactions, then what users turned down."""

import math

from rich.table import Table

from nsbench.evaluation.metrics import METRICS
from nsbench.evaluation.metrics.hit_rate import HIT_RATE
from nsbench.terms import EXPLICIT_NEGATIVES, GROUPS, PREFERRED_SHARE, metric_name
from nsbench.tracking.record import RunRecord
from nsbench.view.console import Console

_USUAL_CUTOFF = 10


def show_metrics(record: RunRecord, title: str, console: Console) -> None:
    """Prints the table of a run that was judged, and below it how high explicit negatives of the test rank, if there are any."""
    console.print(metrics_table(record, title))
    turned_down = turned_down_text(record)
    if turned_down is not None:
        console.print(turned_down, soft_wrap=True, highlight=False)


def metrics_table(record: RunRecord, title: str) -> Table:
    """Each metric at 10, or at the first cut-off of a run that hasn't that one.

    Args:
        record: A run that was judged.
        title: Of the table.
    """
    k = _shown_cutoff(record)
    titles = (f"{metric.in_sentence} at {k}" for metric in METRICS.values())
    table = Table("test", *titles, "targets", title=title)
    for group in GROUPS:
        values = [record.metrics.get(metric_name("test", group, metric, k), math.nan) for metric in METRICS]
        n_targets = record.metrics.get(metric_name("test", group, "n_targets"), 0)
        table.add_row(group, *(f"{value:.4f}" for value in values), f"{n_targets:,.0f}")
    return table


def turned_down_text(record: RunRecord) -> str | None:
    """How high the explicit negatives of the time of the test rank, in a sentence; None for a log without any."""
    metrics, k = record.metrics, _shown_cutoff(record)
    n_ranked = metrics.get(metric_name("test", EXPLICIT_NEGATIVES, "n_targets"), 0)
    if not n_ranked:
        return None
    hit_rate = metrics.get(metric_name("test", EXPLICIT_NEGATIVES, HIT_RATE.name, k), math.nan)
    preferred = metrics.get(metric_name("test", EXPLICIT_NEGATIVES, PREFERRED_SHARE), math.nan)
    pairs = (
        "" if math.isnan(preferred) else f"; what users took ranks above it in {preferred:.1%} of pairs (by chance 50%)"
    )
    return f"what users turned down: {hit_rate:.4f} of {n_ranked:,.0f} among the {k} highest (the lower, the better){pairs}"


def _shown_cutoff(record: RunRecord) -> int:
    cutoffs = [int(k) for k in str(record.plan.params["cutoffs"]).split(",")]
    return _USUAL_CUTOFF if _USUAL_CUTOFF in cutoffs else cutoffs[0]
