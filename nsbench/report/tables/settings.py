"""Tables of the settings that each method's repeats have, and of the commands that run these repeats again."""

import math
import shlex
from collections.abc import Sequence
from statistics import fmean

from nsbench.report.answer.cut_off import marked_label
from nsbench.report.method_parts import DEFAULT_LOSS, YARDSTICK_SAMPLER, loss_settings
from nsbench.report.run_check import number_of
from nsbench.report.selection import CUTOFF, Method
from nsbench.report.summary import DatasetSummary
from nsbench.report.tables.number_text import UNDEFINED, known_count, number
from nsbench.report.tables.table import Column, ReportTable, numbers, table_of, words
from nsbench.report.tuning import tunings_of
from nsbench.terms import ALL, METHOD_JOINT, N_EPOCHS, OBJECTIVE_TAG, RunKind, Tag, metric_name
from nsbench.tracking.stored_run import StoredRun

BEST_EPOCH = "best_epoch"
"""MLflow's name of the epoch whose parameters were kept."""

_USUAL_OBJECTIVE = metric_name("valid", ALL, "hit_rate", CUTOFF)
_PARTS = frozenset({"sampler", "loss", "model"})
"""The settings that a method's name says."""

_EVERY_ITEM = "every item"


def settings_table(summary: DatasetSummary) -> ReportTable | None:
    """What each sampler's repeats were trained with, and for how long; None where no run recorded it."""
    methods = _methods_with_settings(summary)
    if not methods:
        return None
    runs = [method.runs[0] for method in methods]
    by_label = {tuning.label: tuning for tuning in tunings_of(summary)}
    tunings = [by_label[method.label] for method in methods]
    columns = [
        words("Method", [marked_label(method) for method in methods]),
        numbers("Learning rate", [number_of(run.params.get("learning_rate", "")) for run in runs], _three_digits),
        words("Negatives", [negatives_of(run) for run in runs]),
        *_loss_column(runs),
        numbers("Batch size", [run.params.get("batch_size", UNDEFINED) for run in runs]),
        numbers("Best epoch", [_values(method, BEST_EPOCH) for method in methods], _range_text),
        numbers("Epochs trained", [_values(method, N_EPOCHS) for method in methods], _range_text),
        words("Study", [", ".join(tuning.studies) or "none" for tuning in tunings]),
        numbers("Trials", [tuning.n_trials for tuning in tunings], known_count),
    ]
    return table_of(f"Chosen settings on {summary.dataset}", columns)


def _loss_column(runs: Sequence[StoredRun]) -> list[Column]:
    """The settings of losses other than the paper's; none where all methods have that one."""
    texts = [_loss_text(run) for run in runs]
    return [] if set(texts) == {UNDEFINED} else [words("Loss settings", texts)]


def _loss_text(run: StoredRun) -> str:
    if run.tags.get(Tag.LOSS, DEFAULT_LOSS) == DEFAULT_LOSS:
        return UNDEFINED
    return ", ".join(f"{name} {short_setting(value)}" for name, value in loss_settings(run).items()) or UNDEFINED


def short_setting(text: str) -> str:
    """A parameter as a cell shows it: numbers with three digits, words as they are."""
    shown = short_number(text)
    return text if shown == UNDEFINED else shown


def command_table(summary: DatasetSummary) -> ReportTable | None:
    """The command that runs each sampler's repeats again; None where no run recorded its settings."""
    methods = _methods_with_settings(summary)
    if not methods:
        return None
    columns = [
        words("Method", [method.label for method in methods]),
        words("Command", [repeat_command(summary, method) for method in methods]),
    ]
    return table_of(f"Commands that repeat the chosen settings on {summary.dataset}", columns)


def _methods_with_settings(summary: DatasetSummary) -> list[Method]:
    return [row.method for row in summary.samplers if row.method.runs[0].params]


def repeat_command(summary: DatasetSummary, method: Method) -> str:
    """A shell command with every setting written out, so that it gives the same runs even if defaults change later."""
    newest = method.runs[-1]
    study = _study_of_other_objective(summary, newest)
    # Every setting is written out, so a study is needed only for its objective, which is none of them.
    source = ["--defaults"] if study is None else ["--study", study]
    settings = [f"{name}={value}" for name, value in newest.params.items() if name not in _PARTS]
    words = ["nsbench", "repeat", "--sampler", method.sampler, "--dataset", newest.dataset, *source]
    words += ["--repeats", str(len(method.runs)), *(word for text in settings for word in ("--set", text))]
    return shlex.join(words)


def _study_of_other_objective(summary: DatasetSummary, repeat: StoredRun) -> str | None:
    """The repeats' study where its objective was not the default one, since the objective also decides the best epoch."""
    for run in summary.runs:
        if run.kind is RunKind.STUDY and run.study == repeat.study:
            return run.study if run.tags.get(OBJECTIVE_TAG, _USUAL_OBJECTIVE) != _USUAL_OBJECTIVE else None
    return None


def negatives_of(run: StoredRun) -> str:
    """The negatives per positive, and how many of the proposed ones are kept."""
    if run.sampler.partition(METHOD_JOINT)[0] == YARDSTICK_SAMPLER:
        return _EVERY_ITEM
    fields = run.count_fields
    parts = [f"{run.params[name]} {origin}".strip() for name, origin in fields.proposed.items() if name in run.params]
    if not parts:
        return UNDEFINED
    n_kept = run.params.get(fields.kept or "")
    kept = "" if n_kept is None else f", of which the {n_kept} hardest"
    return " + ".join(parts) + kept


def short_number(text: str) -> str:
    """A parameter with three digits; `UNDEFINED` where it is not a finite number."""
    return _three_digits(number_of(text))


def _three_digits(value: float) -> str:
    return number(value, ".3g")


def _values(method: Method, name: str) -> tuple[float, ...]:
    """A metric of all repeats that have it."""
    return tuple(value for run in method.runs if not math.isnan(value := run.metric(name)))


def _range_text(values: Sequence[float]) -> str:
    """The mean of whole numbers and, where they differ, from which to which.

    The best epoch and the number of epochs are whole in every run.
    """
    if not values:
        return UNDEFINED
    low, high = min(values), max(values)
    return f"{low:.0f}" if low == high else f"{fmean(values):.0f} ({low:.0f} to {high:.0f})"
