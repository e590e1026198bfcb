"""The report's numbers for other programs: CSV of means, CSV of single runs, and JSON of everything. Shares, not percent."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd

from nsbench.report.answer.answer import answer, front_labels
from nsbench.report.answer.cut_off import cut_off_share
from nsbench.report.formats.plain_text import plain_text
from nsbench.report.selection import Method
from nsbench.report.summary import RANK_METRICS, DatasetSummary, MethodSummary, summary_metrics
from nsbench.report.tables.result import balance_of_means
from nsbench.report.tables.table import ReportTable
from nsbench.report.user_groups.user_group import SLOTS, UserGrouping
from nsbench.terms import CUT_OFF
from nsbench.tracking.stored_run import StoredRun

_IDENTITY = ("dataset", "sampler", "label", "kind")


def methods_csv(summaries: Sequence[DatasetSummary]) -> str:
    """`methods_frame` as CSV; what is undefined is empty."""
    return _csv(methods_frame(summaries))


def methods_frame(summaries: Sequence[DatasetSummary]) -> pd.DataFrame:
    """One row per dataset and method: share of runs cut off; mean, sd and number of runs of every metric."""
    rows = [
        {
            **_identity(summary, row.method),
            "n_runs": len(row.method.runs),
            "cut_off_share": cut_off_share(row.method),
            **{name: value for metric in summary_metrics() for name, value in _statistics(row, metric).items()},
        }
        for summary in summaries
        for row in summary.methods
    ]
    parts = [f"{metric} {part}" for metric in summary_metrics() for part in ("mean", "sd", "n")]
    return pd.DataFrame(rows, columns=[*_IDENTITY, "n_runs", "cut_off_share", *parts])


def runs_csv(summaries: Sequence[DatasetSummary]) -> str:
    """`runs_frame` as CSV; flags are 0 and 1."""
    return _csv(runs_frame(summaries).astype({"cut_off": "Int64"}))


def runs_frame(summaries: Sequence[DatasetSummary]) -> pd.DataFrame:
    """One row for every run that a table averages, with its seed, its id in the store and its metrics."""
    rows = [
        {
            **_identity(summary, row.method),
            "seed": run.seed,
            "run_id": plain_text(run.run_id),
            "cut_off": _is_cut_off(row.method, run),
            **{name: run.metric(name) for name in summary_metrics()},
        }
        for summary in summaries
        for row in summary.methods
        for run in row.method.runs
    ]
    frame = pd.DataFrame(rows, columns=[*_IDENTITY, "seed", "run_id", "cut_off", *summary_metrics()])
    # Whole numbers stay whole beside missing ones.
    return frame.astype({"seed": "Int64", "cut_off": "boolean"})


def table_csv(table: ReportTable) -> str:
    """A table as it is shown, in percent and with deviations, for a spreadsheet."""
    return _csv(table.texts)


def report_json(summaries: Sequence[DatasetSummary], tables: Sequence[ReportTable] = ()) -> str:
    """Everything that the report says, with undefined numbers as null.

    Args:
        summaries: The numbers, one per dataset; shares, not percent.
        tables: The tables as they are shown.
    """
    shown = [
        {
            "title": table.title,
            "columns": list(table.columns),
            "rows": table.texts.to_numpy().tolist(),
            "note": table.note,
        }
        for table in tables
    ]
    # `json` would write NaN as a word that other readers reject.
    content = {"datasets": [_dataset(summary) for summary in summaries], "tables": shown}
    return json.dumps(_without_nan(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _dataset(summary: DatasetSummary) -> dict[str, object]:
    selection = summary.selection
    reachable = summary.card.best_reachable if summary.card else None
    return {
        "dataset": summary.dataset,
        "dataset_hash": selection.dataset_hash,
        "protocol": selection.protocol,
        "answer": answer(summary),
        "pareto_front": front_labels(summary),
        "best_reachable": reachable.model_dump() if reachable else None,
        "methods": [_method(row) for row in summary.methods],
        "runs": [asdict(count) for count in summary.counts],
        "left_out": [asdict(part) for part in selection.left_out],
        "faulty": [asdict(run) for run in selection.faulty],
        "user_groups": [_grouping(one) for one in summary.user_groups],
        "statistics": asdict(summary.statistics),
        "claims": [asdict(claim) for claim in summary.claims],
        "costs": [asdict(cost) for cost in summary.costs],
        "published": [asdict(cell) for cell in summary.published],
    }


def _grouping(grouping: UserGrouping) -> dict[str, object]:
    """A grouping's groups, each with every method's accuracy in it."""
    estimates = grouping.statistics.estimates
    groups = [
        {
            **asdict(group),
            "methods": [
                {"label": one.label, "metric": one.metric, "value": one.value, "interval": asdict(one.interval)}
                for one in estimates
                if one.group == slot
            ],
        }
        for group, slot in zip(grouping.groups, SLOTS, strict=True)
    ]
    return {"by": grouping.name, "groups": groups, "n_others": grouping.n_others, "notes": list(grouping.notes)}


def _method(row: MethodSummary) -> dict[str, object]:
    metrics = {}
    for name, estimate in row.estimates.items():
        mean, sd = (None if math.isnan(value) else value for value in (estimate.mean, estimate.sd))
        metrics[name] = {"mean": mean, "sd": sd, "n": estimate.n, "values": list(estimate.values)}
    of_means = {metric: balance_of_means(row, metric) for metric in RANK_METRICS}
    return {
        "sampler": row.method.sampler,
        "label": row.method.label,
        "kind": _kind(row.method),
        "n_runs": len(row.method.runs),
        "cut_off_share": cut_off_share(row.method),
        "cut_off": [_is_cut_off(row.method, run) for run in row.method.runs],
        "seeds": [run.seed for run in row.method.runs],
        "run_ids": [plain_text(run.run_id) for run in row.method.runs],
        "settings": dict(row.method.runs[0].params),
        "metrics": metrics,
        "balance_of_means": {metric: None if math.isnan(value) else value for metric, value in of_means.items()},
    }


def _identity(summary: DatasetSummary, method: Method) -> dict[str, str]:
    return dict(zip(_IDENTITY, (summary.dataset, method.sampler, method.label, _kind(method)), strict=True))


def _is_cut_off(method: Method, run: StoredRun) -> bool | None:
    """Whether a run was cut off; None for a baseline, and where that was not recorded."""
    value = math.nan if method.is_baseline else run.metric(CUT_OFF)
    return None if math.isnan(value) else value == 1


def _kind(method: Method) -> str:
    return "baseline" if method.is_baseline else "sampler"


def _statistics(row: MethodSummary, metric: str) -> dict[str, float]:
    estimate = row.estimates[metric]
    return {f"{metric} mean": estimate.mean, f"{metric} sd": estimate.sd, f"{metric} n": estimate.n}


def _without_nan(value: object) -> object:
    """The same with None for every NaN and infinite number: JSON has neither."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _without_nan(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(part) for part in value]
    return value


def _csv(frame: pd.DataFrame) -> str:
    """A table whose undefined numbers are empty cells."""
    return frame.map(_inert).rename(columns=_inert).to_csv(index=False, lineterminator="\n")


def _inert(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula: a text that begins like one gets an apostrophe in front.

    >>> [_inert(cell) for cell in ("=1+1", "+0.31", "-mine", "a=b")]
    ["'=1+1", '+0.31', "'-mine", 'a=b']
    """
    if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@")) and not _SIGNED.fullmatch(cell):
        return f"'{cell}"
    return cell


_SIGNED = re.compile(r"[+-][0-9.,]+")
