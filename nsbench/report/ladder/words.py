"""What is said of a ladder before its tables."""

import json

from nsbench.ablation.rung import AS_PRESETS
from nsbench.report.ladder.climb import Ladder
from nsbench.report.summary import DatasetSummary

_WORDS = (
    "The first rung is what the paper's published code does, the last one the defaults of nsbench; each rung keeps what those "
    "before it have changed. A rung that changes nothing of the training has the model of the rung below, ranked again: its best "
    "epoch was chosen under the protocol of the rung that trained it. Ranks are among the methods of the ladder, "
    "by hit rate, where all of them have the rung."
)

_CLAIMS = (
    "Claims are judged at each rung by the rules of the section on the paper's claims, among the methods of the ladder alone. "
    "Runs that were cut off count as they stand: the number of epochs belongs to the protocol."
)


def ladder_kinds(summary: DatasetSummary) -> tuple[str, ...]:
    """The names of the figures of a dataset's ladders, as many as there are."""
    return tuple("ladder" if place == 1 else f"ladder_{place}" for place in range(1, len(summary.ladders) + 1))


def ladder_words(summary: DatasetSummary) -> tuple[str, ...]:
    """How to read the tables; empty without a ladder."""
    if not summary.ladders:
        return ()
    return (_WORDS, _CLAIMS, *(_state(summary, ladder) for ladder in summary.ladders))


def _state(summary: DatasetSummary, ladder: Ladder) -> str:
    """What a ladder's runs are, and what speaks against taking them for the paper's."""
    held = ladder.name if ladder.name == AS_PRESETS else f"with {ladder.name}"
    parts = [f"The ladder {held}: {ladder.budget}, {ladder.n_trained} trainings"]
    if ladder.n_cut_off:
        parts.append(f"{ladder.n_cut_off} of them cut off before they stopped getting better")
    if ladder.n_failed:
        parts.append(f"{ladder.n_failed} runs failed and have not been made since")
    told = f"{', '.join(parts)}."
    replay = _replay(ladder)
    if replay:
        told += f" {replay}"
    if _split_of(ladder) not in (None, "rows"):
        told += (
            f" {summary.dataset} was cut by timestamp and the published code cuts by rows: the first rung begins where the paper "
            "does only on a log that was prepared with --split-by rows."
        )
    return told


def _replay(ladder: Ladder) -> str:
    run = ladder.rungs[0].methods[0].method.runs[0]
    factor, epochs = (run.params.get(name, "") for name in ("replay_factor", "max_epochs"))
    try:
        is_idle = 0 < float(epochs) <= float(factor)
    except ValueError:
        return ""
    return (
        f"Batches are replayed after {float(factor):g} epochs, so that fresh negatives change nothing here."
        if is_idle
        else ""
    )


def _split_of(ladder: Ladder) -> str | None:
    """The rule by which the dataset was cut; None where its card doesn't say."""
    try:
        card = json.loads(ladder.rungs[0].methods[0].method.runs[0].dataset_card)
        return str(card["options"]["split_by"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
