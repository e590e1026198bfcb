"""Repeats of older settings that did better than those that a sampler is judged by."""

import math
from statistics import fmean

from nsbench.report.method_parts import noun_of
from nsbench.report.selection import CUTOFF
from nsbench.report.summary import DatasetSummary, MethodSummary
from nsbench.report.tables.number_text import listed, percent, runs_text
from nsbench.terms import ALL, RunKind, metric_name
from nsbench.tracking.stored_run import StoredRun

_HIT_RATE = metric_name("test", ALL, "hit_rate", CUTOFF)


def older_settings_warning(summary: DatasetSummary) -> list[str]:
    """Which samplers would look better with the settings that were repeated before; empty where none would.

    A sampler is judged by the settings that were repeated last, which need not be those that a study found.
    """
    better = [text for row in summary.samplers if (text := _text(summary, row))]
    if not better:
        return []
    return [
        f"{noun_of(summary).capitalize()}s are judged by the settings that were repeated last, though older ones reached more: "
        f"{listed(better)}. If the older ones are meant, repeat them again with one more seed."
    ]


def _text(summary: DatasetSummary, row: MethodSummary) -> str:
    """The best of a sampler's older settings beside the judged ones; empty where none reached more."""
    newest, mean = row.method.runs[-1], row.accuracy("hit_rate").mean
    groups: dict[str, list[StoredRun]] = {}
    for run in summary.runs:
        is_older = (
            run.kind is RunKind.REPEAT
            and run.status == "FINISHED"
            and (run.sampler, run.dataset_hash, run.protocol) == (newest.sampler, newest.dataset_hash, newest.protocol)
            and run.fingerprint != newest.fingerprint
        )
        if is_older and not math.isnan(run.metric(_HIT_RATE)):
            groups.setdefault(run.fingerprint, []).append(run)
    means = {fingerprint: fmean(run.metric(_HIT_RATE) for run in runs) for fingerprint, runs in groups.items()}
    best = max(means, key=means.__getitem__, default=None)
    if best is None or not means[best] > mean:
        return ""
    return f"{row.method.label} ({percent(means[best])} % in {runs_text(len(groups[best]))}, against {percent(mean)} %)"
