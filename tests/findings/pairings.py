"""The table of `.readme/findings.md` that answers whether it is the sampler or the loss, from kept repeats, in Markdown."""

from collections.abc import Sequence

from nsbench.method import Method
from nsbench.terms import ALL, CUT_OFF, RunKind, balance_name, metric_name
from nsbench.tracking.stored_run import StoredRun
from tests.findings.kept import CUTOFF
from tests.findings.markdown import mean_of, percent, row_of, spread

YARDSTICK = "catalogue"
"""The sampler that leaves nothing out."""

_COLUMNS = {
    **{group: metric_name("test", group, "hit_rate", CUTOFF) for group in (ALL, "head", "mid", "tail")},
    "balance": balance_name("test", "hit_rate", CUTOFF),
    "NDCG": metric_name("test", ALL, "ndcg", CUTOFF),
    "coverage": metric_name("test", ALL, "coverage", CUTOFF),
}
"""In percent each."""

_OF_LOSS = "log_q"
"""A setting that a method's name may fix and that is the loss's; all others are the sampler's."""

_SECONDS = "cost/train_cpu_s"


def pairing_lines(runs: Sequence[StoredRun], dataset: str, title: str) -> list[str]:
    """One row per method: means over its seeds, in percent, those of the total and the balance with their deviation.

    The best total is in bold; the yardstick, exact cross-entropy, comes last. A method with a run that was cut off is marked.
    """
    found = _by_method([run for run in runs if run.dataset == dataset and run.kind is RunKind.REPEAT])
    best = max(mean_of(own, _COLUMNS[ALL]) for own in found.values())
    lines = [row_of([title, "loss", "total", *list(_COLUMNS)[1:], "CPU s"]), "|" + "---|" * (len(_COLUMNS) + 3)]
    for method, own in found.items():
        total = spread(own, _COLUMNS[ALL])
        if mean_of(own, _COLUMNS[ALL]) == best:
            total = f"**{total}**"
        cells = [
            spread(own, metric) if name == "balance" else percent(mean_of(own, metric))
            for name, metric in list(_COLUMNS.items())[1:]
        ]
        mark = " †" if any(run.metrics.get(CUT_OFF) for run in own) else ""
        lines.append(
            row_of([f"{_negatives(method)}{mark}", _loss(method), total, *cells, f"{mean_of(own, _SECONDS):.0f}"])
        )
    return lines


def _by_method(runs: Sequence[StoredRun]) -> dict[Method, list[StoredRun]]:
    """The runs of each method, samplers in the order in which they came and the yardstick at the end."""
    groups: dict[Method, list[StoredRun]] = {}
    for run in runs:
        groups.setdefault(Method.of(run.sampler), []).append(run)
    samplers = list(dict.fromkeys(method.sampler for method in groups))
    order = sorted(
        groups, key=lambda each: (each.sampler == YARDSTICK, samplers.index(each.sampler), _loss(each), each.fixed)
    )
    return {method: groups[method] for method in order}


def _negatives(method: Method) -> str:
    """Such as `popularity, gamma 0.5`."""
    return ", ".join([method.sampler, *(f"{name} {value}" for name, value in method.fixed if name != _OF_LOSS)])


def _loss(method: Method) -> str:
    """Such as `softmax, corrected`."""
    return ", ".join([method.loss, *(str(value) for name, value in method.fixed if name == _OF_LOSS)])
