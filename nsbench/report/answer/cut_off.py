"""Sentences on trainings that were cut off: they ended at their last epoch, and might still have improved.

This is how they are named, marked and counted; `decision` says whether such methods can be told apart.
"""

import math
from collections.abc import Sequence

from nsbench.report.run_check import number_of
from nsbench.report.selection import Method
from nsbench.report.tables.number_text import UNDEFINED, listed, runs_text
from nsbench.terms import CUT_OFF, N_EPOCHS, more_epochs
from nsbench.tracking.stored_run import StoredRun

MARK = "†"
"""Stands behind the name of a method some of whose runs were cut off."""

COLUMN = "Cut off"
"""The column with the share of such runs."""


_PATIENCE = 5
"""Advised where runs had none, since runs without patience can't be resumed."""


def marked_label(method: Method) -> str:
    """The label as rows show it."""
    return f"{method.label} {MARK}" if method.n_cut_off else method.label


def has_cut_off(methods: Sequence[Method]) -> bool:
    """Whether runs of one of the methods were cut off."""
    return any(method.n_cut_off for method in methods)


def is_uncertain(methods: Sequence[Method]) -> bool:
    """Whether runs of one of the methods were cut off, or may have been."""
    return any(method.n_cut_off or method.n_unknown_end for method in methods)


def cut_off_text(method: Method) -> str:
    """How many of a method's runs were cut off, as a cell."""
    if method.is_baseline:
        return UNDEFINED
    n_known = len(method.runs) - method.n_unknown_end
    if n_known == 0:
        return "unknown"
    more = f", {method.n_unknown_end} unknown" if method.n_unknown_end else ""
    return f"{method.n_cut_off} of {n_known}{more}"


def cut_off_share(method: Method) -> float:
    """The share of a method's runs that were cut off, in [0, 1]; NaN for a baseline and where no run recorded it."""
    n_known = 0 if method.is_baseline else len(method.runs) - method.n_unknown_end
    return method.n_cut_off / n_known if n_known else float("nan")


def cut_off_warning(methods: Sequence[Method]) -> list[str]:
    """The sentence that must come before any other: which runs were cut off, and how to resume them; empty without any."""
    cut_off = [method for method in methods if method.n_cut_off]
    if not cut_off:
        return []
    runs = [run for method in cut_off for run in method.runs if run.metric(CUT_OFF) == 1]
    counts = [f"{method.n_cut_off} of {runs_text(len(method.runs))} of {method.label}" for method in cut_off]
    were = "was" if len(runs) == 1 else "were"
    epochs = sorted({int(run.metric(N_EPOCHS)) for run in runs if run.metric(N_EPOCHS) > 0})
    where = (
        ""
        if not epochs
        else f" at epoch {epochs[0]}"
        if len(epochs) == 1
        else f" at epochs {epochs[0]} to {epochs[-1]}"
    )
    more = f"--epochs {max(map(_needed, runs))}" if epochs else "more --epochs"
    # Runs that never stop early count as complete, so more epochs alone don't resume them.
    if any(run.params.get("patience") == "0" for run in runs):
        advice = f"`nsbench repeat` with `--set patience={_PATIENCE} {more}` trains until they stop by themselves"
    else:
        advice = (
            f"the same `nsbench repeat` with `{more}` (in a profile: `epochs` in its part `repeat`) resumes "
            f"{'it' if len(runs) == 1 else 'them'}"
        )
    return [
        f"Not trained out: {listed(counts)} {were} cut off{where}, while {'it' if len(runs) == 1 else 'they'} might still have "
        f"got better; {advice}. What follows may change."
    ]


def _needed(run: StoredRun) -> int:
    every = number_of(run.params.get("validate_every", ""))
    return more_epochs(int(run.metric(N_EPOCHS)), 0 if math.isnan(every) else int(every))


def unknown_end_note(methods: Sequence[Method]) -> list[str]:
    """Which methods' runs did not record whether they were trained out; empty where all did."""
    unknown = [
        f"{method.label} ({method.n_unknown_end} of {len(method.runs)})" for method in methods if method.n_unknown_end
    ]
    if not unknown:
        return []
    return [
        f"Whether these runs were trained out was not recorded, as by older versions of nsbench: {listed(unknown)}."
    ]
