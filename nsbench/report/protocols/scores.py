"""What the compared methods reach under other protocols: by runs of their own, or by models that were ranked again."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from nsbench.report.selection import CUTOFF, select
from nsbench.report.summary import ACCURACY_METRICS, DatasetSummary
from nsbench.terms import ALL, RunKind, Tag, metric_name
from nsbench.tracking.stored_run import StoredRun

_RANKING_PARTS = 5
"""Parts of a protocol's name that decide on ranks: targets, seen, cold and unseen items, ties. The others are of cohorts."""

_NAMES = tuple(metric_name("test", ALL, metric, CUTOFF) for metric in ACCURACY_METRICS)
_COUNT = metric_name("test", ALL, "n_targets")


@dataclass(frozen=True)
class ProtocolScores:
    """What trained methods reach under a protocol.

    Attributes:
        dataset: The dataset's name.
        protocol: The parts of the protocol's name that decide on ranks.
        scores: By the method's label and the id of the run that trained the model: its accuracy metrics on all targets. So two
            protocols share the ids of models that were ranked under both.
        n_targets: Targets of a run; NaN where unknown.
    """

    dataset: str
    protocol: tuple[str, ...]
    scores: Mapping[str, Mapping[str, tuple[float, ...]]]
    n_targets: float

    @property
    def n_runs(self) -> tuple[int, int]:
        """The smallest and the largest number of runs of a method."""
        numbers = [len(runs) for runs in self.scores.values()]
        return min(numbers), max(numbers)


def families(summaries: Sequence[DatasetSummary]) -> list[list[ProtocolScores]]:
    """What can be held against each other: all protocols on the preparations of one log; only where there are two or more.

    Args:
        summaries: Of the report's datasets. Those prepared from the same log belong together, however it was filtered or split.
    """
    by_log: dict[str, list[ProtocolScores]] = {}
    for summary in summaries:
        card = summary.card
        log = f"of {summary.dataset}" if card is None else f"{card.origin.kind}: {card.source}"
        by_log.setdefault(log, []).extend(scores_of(summary))
    return [family for family in by_log.values() if len(family) > 1]


def scores_of(summary: DatasetSummary) -> list[ProtocolScores]:
    """Those under the protocol of the comparison first, then under each other one, by its name."""
    methods = [row.method for row in summary.samplers]
    if not methods:
        return []
    selection = summary.selection
    own = {method.label: {run.run_id: run for run in method.runs} for method in methods}
    found = [_scores(summary.dataset, _ranking(selection.protocol), own)]
    known = {_ranking(selection.protocol)}
    others = [
        run
        for run in summary.runs
        if run.dataset_hash == selection.dataset_hash and _ranking(run.protocol) not in known
    ]
    others.sort(key=lambda run: (_ranking(run.protocol), run.started))
    for protocol, group in groupby(others, key=lambda run: _ranking(run.protocol)):
        runs = list(group)
        # Models that were ranked again are those of the comparison, so that their noise is shared; so they go first.
        labels = {**_own_runs(summary.dataset, runs), **_ranked_again(runs, own)}
        if labels:
            found.append(_scores(summary.dataset, protocol, {label: labels[label] for label in own if label in labels}))
    return [one for one in found if one.scores]


def _ranking(protocol: str) -> tuple[str, ...]:
    return tuple(protocol.split("/")[:_RANKING_PARTS])


def _own_runs(dataset: str, runs: Sequence[StoredRun]) -> dict[str, dict[str, StoredRun]]:
    """Repeats under a protocol, chosen as if it were the report's."""
    repeats = [run for run in runs if run.kind is RunKind.REPEAT]
    methods = select(dataset, repeats).methods
    return {method.label: {run.run_id: run for run in method.runs} for method in methods}


def _ranked_again(
    runs: Sequence[StoredRun], own: Mapping[str, Mapping[str, StoredRun]]
) -> dict[str, dict[str, StoredRun]]:
    """Finished evaluations of the compared models by method and model; of several of a model the newest."""
    labels = {run_id: label for label, models in own.items() for run_id in models}
    found: dict[str, dict[str, StoredRun]] = {}
    for run in runs:
        model = run.tags.get(Tag.EVALUATED, "")
        is_answer = run.kind is RunKind.EVALUATION and run.status == "FINISHED" and model in labels
        if is_answer and not math.isnan(run.metric(_NAMES[0])):
            found.setdefault(labels[model], {})[model] = run
    return found


def _scores(dataset: str, protocol: tuple[str, ...], labels: Mapping[str, Mapping[str, StoredRun]]) -> ProtocolScores:
    scores = {
        label: {model: tuple(run.metric(name) for name in _NAMES) for model, run in runs.items()}
        for label, runs in labels.items()
    }
    counts = [run.metric(_COUNT) for runs in labels.values() for run in runs.values()]
    return ProtocolScores(dataset, protocol, scores, max(counts, default=math.nan))
