"""The views of a dataset's runs that nsbench puts into MLflow's menu: methods, repeats, trials, studies."""

from collections.abc import Sequence

from nsbench.evaluation.metrics import METRICS
from nsbench.evaluation.metrics.hit_rate import HIT_RATE
from nsbench.terms import (
    ALL,
    BALANCED_COHORTS,
    CUT_OFF,
    N_EPOCHS,
    Cohort,
    RunKind,
    Tag,
    balance_name,
    deviation_name,
    metric_name,
)
from nsbench.tracking.method_summary import N_REPEATS
from nsbench.tracking.writing.saved_view import SavedView, metric_column, param_column, tag_column

USUAL_OBJECTIVE = metric_name("valid", ALL, HIT_RATE.name, 10)
"""What the trials are sorted by while no study of the dataset says what it maximises."""

_KIND = f"tags.`{Tag.KIND}`"
_GROUPS = ("all", "", *(cohort.label for cohort in Cohort))
_TEST = tuple(f"test/{group}".rstrip("/") for group in _GROUPS)
_VALID = tuple(f"valid/{group}".rstrip("/") for group in _GROUPS)


_NOT_COMPARED = (RunKind.EVALUATION, RunKind.FINAL, RunKind.ABLATION)


def page_views(objectives: Sequence[str] = (), searched: Sequence[str] = ()) -> tuple[SavedView, ...]:
    """The views of a dataset, the one to open first in front.

    Args:
        objectives: What the dataset's studies maximise, the latest first.
        searched: The settings that they search.
    """
    objectives = tuple(dict.fromkeys(objectives)) or (USUAL_OBJECTIVE,)
    k = _cutoff_of(objectives[0])
    return (_methods(k, objectives[0]), _repeats(k, objectives[0]), _trials(objectives, searched), _studies(searched))


def _methods(k: int, objective: str) -> SavedView:
    totals, by_cohort = _totals(k), _by_cohort(k)
    first, *others = map(deviation_name, totals)
    shown = [*totals, objective, first, N_REPEATS, *by_cohort, *others, "cost/train_s"]
    return SavedView(
        key="nsbench-methods",
        name="Methods: means over repeats, and baselines",
        condition=_none_of(RunKind.TRIAL, RunKind.REPEAT, RunKind.STUDY, RunKind.SINGLE, *_NOT_COMPARED),
        order_by=metric_column(totals[0]),
        columns=[*map(metric_column, shown), tag_column(Tag.STUDY)],
        bars=[*totals, *by_cohort, first, "cost/train_s"],
        folded=(*_TEST, *_VALID, "train", "cost", "summary"),
    )


def _repeats(k: int, objective: str) -> SavedView:
    totals, by_cohort = _totals(k), _by_cohort(k)
    shown = [*totals, objective, *by_cohort, N_EPOCHS, CUT_OFF, "cost/train_s"]
    return SavedView(
        key="nsbench-repeats",
        name="Repeats, baselines and single runs",
        condition=_none_of(RunKind.TRIAL, RunKind.STUDY, RunKind.SUMMARY, *_NOT_COMPARED),
        order_by=metric_column(totals[0]),
        columns=[*map(metric_column, shown), tag_column(Tag.SEED), tag_column(Tag.KIND), param_column("learning_rate")],
        bars=[*totals, *by_cohort],
        lines=[objective, "train/loss"],
        folded=(*_TEST, *_VALID, "train", "cost"),
    )


def _trials(objectives: Sequence[str], searched: Sequence[str]) -> SavedView:
    return SavedView(
        key="nsbench-trials",
        name="Trials of the studies",
        condition=f"{_KIND} = '{RunKind.TRIAL}'",
        order_by=metric_column(objectives[0]),
        columns=[
            *map(metric_column, (*objectives, N_EPOCHS, CUT_OFF)),
            *map(param_column, searched or ("learning_rate",)),
            *map(tag_column, (Tag.STUDY, Tag.TRIAL, Tag.SEED)),
        ],
        bars=objectives,
        lines=["train/loss"],
        folded=(*_VALID, "train", "cost"),
    )


def _studies(searched: Sequence[str]) -> SavedView:
    numbers = [
        "study/best_value",
        "study/best_trial",
        "study/n_finished",
        "study/n_pruned",
        "study/n_failed",
        "study/n_planned",
    ]
    return SavedView(
        key="nsbench-studies",
        name="Studies and their best settings",
        condition=f"{_KIND} = '{RunKind.STUDY}'",
        order_by=metric_column(numbers[0]),
        columns=[*map(metric_column, numbers), *map(param_column, searched), tag_column(Tag.STUDY)],
        bars=[numbers[0]],
        folded=("study",),
    )


def _totals(k: int) -> list[str]:
    return [metric_name("test", ALL, metric, k) for metric in METRICS]


def _by_cohort(k: int) -> list[str]:
    by_cohort = [metric_name("test", cohort.label, HIT_RATE.name, k) for cohort in BALANCED_COHORTS]
    return [*by_cohort, balance_name("test", HIT_RATE.name, k)]


def _cutoff_of(objective: str) -> int:
    """The k of a metric's name; 10 where it has none."""
    k = objective.rpartition("_at_")[2]
    return int(k) if k.isascii() and k.isdecimal() else 10


def _none_of(*kinds: RunKind) -> str:
    return " AND ".join(f"{_KIND} != '{kind}'" for kind in kinds)
