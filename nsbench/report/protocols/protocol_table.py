"""The tables of the rank correlation between protocols, and of the methods' ranks under each."""

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from nsbench.evaluation.metrics import METRICS
from nsbench.report.protocols.agreement import FEWEST_METHODS, Agreement, agreement_of
from nsbench.report.protocols.scores import ProtocolScores, families
from nsbench.report.selection import CUTOFF
from nsbench.report.summary import ACCURACY_METRICS, DatasetSummary
from nsbench.report.tables.number_text import UNDEFINED, number, percent, runs_text
from nsbench.report.tables.table import ReportTable, numbers, table_of, words
from nsbench.seeding import derive_seed

PROTOCOL_WORDS = (
    "Whether methods stand in the same order under two ways of evaluation. Kendall's tau is 1 where every pair of methods does, "
    "0 where half of the pairs do, and -1 where none does. Baselines are left out: they would be easy pairs.",
)
"""What stands above the tables."""

_NOTE = (
    "In brackets the middle 95 % of tau over means that the repeats allow for (Student's t; runs of the same models under both "
    "protocols move together): it holds for these methods and these test users. By repeats alone: tau on average between one of "
    "the two protocols and itself with other seeds, the lower of the two; a tau that is no lower says nothing against the "
    "protocols. Decided: opposite pairs whose order the repeats decide under both protocols, each by itself at 5 %."
)


def protocol_tables(summaries: Sequence[DatasetSummary]) -> tuple[ReportTable, ...]:
    """Of each log with runs under several protocols or preparations, by each metric: the correlations, and the methods' ranks."""
    return tuple(
        table
        for family in families(summaries)
        for metric in range(len(ACCURACY_METRICS))
        for table in (_correlations(family, metric), _ranks(family, metric))
    )


def _correlations(family: Sequence[ProtocolScores], metric: int) -> ReportTable:
    names = protocol_names(family)
    pairs = list(combinations(range(len(family)), 2))
    generator = np.random.default_rng(derive_seed(0, "protocols", ACCURACY_METRICS[metric], *names))
    found = [agreement_of(family[a], family[b], metric, generator) for a, b in pairs]
    columns = [
        words("Protocol", [names[a] for a, _ in pairs]),
        words("Other protocol", [names[b] for _, b in pairs]),
        numbers("Methods", [len(one.methods) for one in found]),
        numbers("Tau", found, _tau_text),
        numbers("By repeats alone", [one.by_repeats for one in found], lambda tau: number(tau, ".2f")),
        numbers("Opposite pairs", found, _opposite_text),
    ]
    note = _NOTE
    if any(len(one.methods) < FEWEST_METHODS for one in found):
        note += (
            f" Fewer than {FEWEST_METHODS} methods have too few pairs for a correlation: repeat more of them, or rank kept "
            "models again with `nsbench evaluate --all`."
        )
    if any(math.isfinite(one.tau) and not one.interval.is_defined for one in found):
        note += " No interval where a method has a single run under one of the protocols."
    return table_of(f"Kendall's tau between protocols by {_title(metric)} on {_place(family)}", columns, note)


def _ranks(family: Sequence[ProtocolScores], metric: int) -> ReportTable:
    names, labels = protocol_names(family), list(dict.fromkeys(label for one in family for label in one.scores))
    about = "; ".join(f"{name}: {_size(one)}" for name, one in zip(names, family, strict=True))
    means = [
        {label: float(np.mean([values[metric] for values in runs.values()])) for label, runs in one.scores.items()}
        for one in family
    ]
    order = sorted(labels, key=lambda label: [-own.get(label, -1.0) for own in means])
    columns = [words("Method", order)]
    for name, own in zip(names, means, strict=True):
        columns.append(numbers(name, [_rank_text(label, own) for label in order]))
    title = f"Ranks by {_title(metric)} under each protocol on {_place(family)}, in brackets percent"
    return table_of(title, columns, f"{about}.")


def _title(metric: int) -> str:
    return f"{METRICS[ACCURACY_METRICS[metric]].in_sentence} at {CUTOFF}"


def protocol_names(family: Sequence[ProtocolScores]) -> list[str]:
    """What is different between protocols, as short as it can be: the targets, and what else not all have in common.

    >>> one, other = (ProtocolScores("shop", (targets, "keep"), {}, 0) for targets in ("rolling", "last"))
    >>> protocol_names([one, other]), protocol_names([one, ProtocolScores("early", ("rolling", "keep"), {}, 0)])
    (['rolling', 'last'], ['shop, rolling', 'early, rolling'])
    """
    parts = [((one.dataset,), *((part,) for part in one.protocol)) for one in family]
    shown = [
        place
        for place in range(max(map(len, parts)))
        # The targets stand in each name, so that it is never empty.
        if place == 1 or len({own[place : place + 1] for own in parts}) > 1
    ]
    return [", ".join(own[place][0] for place in shown if place < len(own)) for own in parts]


def _place(family: Sequence[ProtocolScores]) -> str:
    return ", ".join(dict.fromkeys(one.dataset for one in family))


def _size(one: ProtocolScores) -> str:
    low, high = one.n_runs
    runs = runs_text(low) if low == high else f"{low} to {high} runs"
    return f"{number(one.n_targets, ',.0f')} targets, {runs} per method"


def _tau_text(one: Agreement) -> str:
    text = number(one.tau, ".2f")
    return f"{text} [{one.interval.low:.2f}, {one.interval.high:.2f}]" if one.interval.is_defined else text


def _opposite_text(one: Agreement) -> str:
    if not math.isfinite(one.tau):
        return UNDEFINED
    decided = f", {one.n_decided} decided" if one.interval.is_defined else ""
    return f"{one.n_opposite} of {one.n_pairs}{decided}"


def _rank_text(label: str, means: dict[str, float]) -> str:
    if label not in means:
        return UNDEFINED
    rank = 1 + sum(mean > means[label] for mean in means.values())
    return f"{rank} ({percent(means[label])})"
