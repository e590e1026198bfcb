"""`nsbench evaluate --all`: every run that a dataset's report compares, under another protocol."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from nsbench.cli.program import program
from nsbench.errors import SettingsError
from nsbench.files.home import current_home
from nsbench.view.console import Console

if TYPE_CHECKING:
    from nsbench.command.evaluate_all import RunAnswer
    from nsbench.config import Value

_SOURCES = {
    "ranks": "among ranks",
    "model": "ranked anew",
    "recorded": "recorded before",
    "missing": "not answered",
}


def evaluate_all(values: "Mapping[str, Value]", dataset: str) -> object:
    """Answers, shows what came of it, and gives the document.

    Raises:
        SettingsError: Not one run could be answered.
    """
    from nsbench.command.evaluate_all import evaluate_runs

    n_runs, coming = evaluate_runs(values, dataset, current_home())
    answers = []
    with Console(stderr=True).status("") as status:
        for answer in coming:
            answers.append(answer)
            status.update(f"{len(answers):,} of {n_runs:,} runs under {answer.protocol}")
    reasons = list(dict.fromkeys(answer.reason for answer in answers if answer.reason))
    if all(answer.source == "missing" for answer in answers):
        raise SettingsError(f"no run of {dataset} can be evaluated so: {'; '.join(reasons)}")
    console = Console()
    console.print(_table(dataset, answers))
    for reason in reasons:
        n_missing = sum(answer.reason == reason for answer in answers)
        console.print(f"{n_missing} of {n_runs} runs not answered: {reason}", soft_wrap=True, highlight=False)
    console.print(f"next: {program()} report --dataset {dataset}", soft_wrap=True, highlight=False)
    return {"dataset": dataset, "protocol": answers[0].protocol, "runs": [_entry(answer) for answer in answers]}


def _table(dataset: str, answers: "Sequence[RunAnswer]") -> Table:
    """A line per method: means over those of its runs that have an answer."""
    from nsbench.terms import ALL, metric_name

    protocol = answers[0].protocol
    table = Table("method", title=f"{dataset}: mean hit rate at 10 under {protocol}", title_justify="left")
    for column in ("runs", "before", "now", "targets"):
        table.add_column(column, justify="right")
    table.add_column("found")
    hit_rate, count = metric_name("test", ALL, "hit_rate", 10), metric_name("test", ALL, "n_targets")
    for label in dict.fromkeys(answer.run.label for answer in answers):
        own = [answer for answer in answers if answer.run.label == label]
        found = [answer for answer in own if answer.metrics is not None]
        sources = [
            f"{words} ({n})" for source, words in _SOURCES.items() if (n := sum(one.source == source for one in own))
        ]
        targets = {(answer.metrics or {}).get(count) for answer in found} - {None}
        table.add_row(
            label,
            f"{len(found)} of {len(own)}",
            _mean([answer.run.metric(hit_rate) for answer in found]),
            _mean([(answer.metrics or {}).get(hit_rate, float("nan")) for answer in found]),
            ", ".join(f"{n:,.0f}" for n in sorted(filter(None, targets))),
            ", ".join(sources),
        )
    return table


def _mean(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.4f}" if values else ""


def _entry(answer: "RunAnswer") -> dict[str, object]:
    return {
        "method": answer.run.sampler,
        "seed": answer.run.seed,
        "model_run_id": answer.run.run_id,
        "run_id": answer.run_id,
        "answered_from": answer.source,
        "reason": answer.reason or None,
        "metrics": answer.metrics,
    }
