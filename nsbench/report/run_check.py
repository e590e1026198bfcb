"""Finds runs that nsbench can't have recorded as they are stored: foreign or damaged ones, which a report must not count.

A store is shared: other programs write into it, people correct tags by hand, disks and clocks fail. One run that can't be right
is left out and named, and nothing else changes.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from nsbench.report.faulty_run import FaultyRun, faulty_run
from nsbench.report.figures.training_curve import VALID_NDCG
from nsbench.report.formats.plain_text import plain_run, plain_text
from nsbench.report.selection import COMPARED_KINDS, version_of
from nsbench.report.summary import NEGATIVE_METRICS, RECOMMENDED_POPULARITY, TRUTH_METRICS, share_metrics
from nsbench.terms import CUT_OFF, GROUPS, Tag, metric_name
from nsbench.tracking.stored_run import StoredRun

_SHARES = (*share_metrics(), *TRUTH_METRICS, *NEGATIVE_METRICS, VALID_NDCG)
_COUNTS = tuple(metric_name("test", group, "n_targets") for group in GROUPS)
_COSTS = ("train_s", "train_cpu_s", "evaluate_s", "n_epochs", "n_positives", "n_negatives_scored", "peak_memory_bytes")
_MOST_COST = 1e30
# Clocks and time zones of machines differ, but not by more.
_AHEAD = timedelta(days=1)
_ROUNDING = 1e-6
# From here on floats skip whole numbers.
_MOST_COUNT = 2**53
# `float` also takes 1_000, infinity and digits of other scripts, which nsbench never writes.
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_ENOUGH_PARAMS = 3
"""A run has more than twenty; with next to none, equal parameters don't mean equal settings."""

_VERSION = re.compile(r"([0-9]+\.[0-9]+[A-Za-z0-9.+-]{0,60})?", re.ASCII)

_PLAIN_TAG = re.compile(r"[\w.,:;/+=() -]{0,250}", re.ASCII)
"""What the tags that decide whether runs are comparable are made of."""


def check_runs(runs: Sequence[StoredRun], now: datetime) -> tuple[list[StoredRun], list[FaultyRun]]:
    """The runs that a report can rest on, with texts that can be shown, and the others.

    Args:
        runs: All runs of a dataset.
        now: No run can have started much later.
    """
    sound, faulty = [], []
    for run in map(plain_run, runs):
        reason = next(_faults(run, now), None)
        if reason is None:
            sound.append(run)
        else:
            faulty.append(faulty_run(run, reason))
    odd = _odd_ones_out(sound)
    faulty += [faulty_run(run, odd[run.run_id]) for run in sound if run.run_id in odd]
    return [run for run in sound if run.run_id not in odd], faulty


def number_of(text: str) -> float:
    """The number that a parameter holds; NaN where it holds none, or one that is infinite.

    >>> number_of("1e-3"), number_of("1e400"), number_of("0x10"), number_of("None")
    (0.001, nan, nan, nan)
    """
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    return value if math.isfinite(value) else math.nan


def _faults(run: StoredRun, now: datetime) -> Iterator[str]:
    yield from run.faults
    if run.started > now + _AHEAD:
        yield f"it starts on {run.started:%Y-%m-%d}, in the future, so it would pass for the newest run"
    if run.kind in COMPARED_KINDS and run.status == "FINISHED":
        yield from _tag_faults(run)
    yield from _metric_faults(run.metrics)
    yield from _param_faults(run)
    yield from _card_faults(run)


def _odd_ones_out(runs: Sequence[StoredRun]) -> dict[str, str]:
    """Runs whose tags were changed, by id: equal settings on the same data have equal fingerprints and protocols."""
    groups: dict[object, list[StoredRun]] = {}
    for run in runs:
        if len(run.params) >= _ENOUGH_PARAMS and run.status == "FINISHED" and run.kind in COMPARED_KINDS:
            key = (run.sampler, run.dataset_hash, version_of(run), frozenset(run.params.items()))
            groups.setdefault(key, []).append(run)
    odd = {}
    for group in groups.values():
        most = Counter((run.fingerprint, run.protocol) for run in group).most_common(1)[0][0]
        for run in group:
            if (run.fingerprint, run.protocol) != most:
                odd[run.run_id] = (
                    f"its tags {Tag.SETTINGS} and {Tag.PROTOCOL} are not those of the other runs with the same parameters"
                )
    return odd


def _tag_faults(run: StoredRun) -> Iterator[str]:
    """Faults of the tags that decide which row a run counts in, and whether it is comparable with the others."""
    needed = {
        Tag.SAMPLER: run.sampler,
        Tag.DATASET_HASH: run.dataset_hash,
        Tag.PROTOCOL: run.protocol,
    }
    yield from (f"it has no tag {tag}" for tag, value in needed.items() if not value.strip())
    if run.seed is None:
        yield f"it has no tag {Tag.SEED}"
    forms = {Tag.DATASET_HASH: _PLAIN_TAG, Tag.PROTOCOL: _PLAIN_TAG, Tag.SETTINGS: _PLAIN_TAG, Tag.VERSION: _VERSION}
    values = {**needed, Tag.SETTINGS: run.fingerprint, Tag.VERSION: version_of(run)}
    for tag, form in forms.items():
        if not form.fullmatch(values[tag]):
            yield f"its tag {tag} is {plain_text(values[tag], 40)!r}, which nsbench doesn't write"


def _metric_faults(metrics: Mapping[str, float]) -> Iterator[str]:
    """Faults of the metrics that the report reads; an undefined one is no fault."""
    yield from _outside(
        metrics, _SHARES, lambda value: -_ROUNDING <= value <= 1 + _ROUNDING, "not a share between 0 and 1"
    )
    yield from _outside(
        metrics,
        _COUNTS,
        lambda value: 0 <= value <= _MOST_COUNT and value == int(value),
        "not a whole number of at least 0",
    )
    names = [RECOMMENDED_POPULARITY, *(f"cost/{name}" for name in _COSTS)]
    yield from _outside(metrics, names, lambda value: 0 <= value < _MOST_COST, "not a finite number of at least 0")
    yield from _outside(metrics, [CUT_OFF], lambda value: value in {0, 1}, "neither 0 nor 1")


def _outside(
    metrics: Mapping[str, float], names: Iterable[str], is_possible: Callable[[float], bool], reason: str
) -> Iterator[str]:
    for name in names:
        value = metrics.get(name, math.nan)
        if not math.isnan(value) and not (math.isfinite(value) and is_possible(value)):
            yield f"its metric {name} is {value:g}, which is {reason}"


def _param_faults(run: StoredRun) -> Iterator[str]:
    for name, is_possible, reason in (*_PARAM_RULES, *((name, *_COUNT_RULE) for name in run.count_fields.names)):
        if name in run.params and not is_possible(number_of(run.params[name])):
            yield f"its parameter {name} is {plain_text(run.params[name], 40)!r}, which is {reason}"


def _card_faults(run: StoredRun) -> Iterator[str]:
    """A card and a tag that name different data: one of them was changed afterwards."""
    try:
        card = json.loads(run.dataset_card)
    except (ValueError, RecursionError):  # The numbers stand without it.
        return
    held = card.get("content_hash") if isinstance(card, dict) else None
    if isinstance(held, str) and held and run.dataset_hash and held != run.dataset_hash:
        yield (
            f"its tag {Tag.DATASET_HASH} is {plain_text(run.dataset_hash, 40)!r}, but its dataset card says "
            f"{plain_text(held, 40)!r}"
        )


_COUNT_RULE: tuple[Callable[[float], bool], str] = (
    lambda value: 0 <= value <= _MOST_COUNT and value == int(value),
    "not a whole number of at least 0",
)
_PARAM_RULES: tuple[tuple[str, Callable[[float], bool], str], ...] = (
    ("learning_rate", lambda value: 0 < value < 1, "not a number between 0 and 1"),
    ("replay_factor", lambda value: value >= 0, "not a number of at least 0"),
)
