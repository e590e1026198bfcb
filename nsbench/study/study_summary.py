"""What a study found, written into MLflow as the study's own run, with figures of its history and of what mattered."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from nsbench.config import Flat
from nsbench.method import Method
from nsbench.study.best_trial import best_point
from nsbench.study.study_figure import draw_history, draw_importance
from nsbench.study.trials.trial_state import n_finished, status_of
from nsbench.study.trials.tuning import Tuning
from nsbench.tracking.study_summary import StudySummary
from nsbench.tracking.writing.mlflow_tracker import MlflowTracker


@dataclass(frozen=True)
class TrialCounts:
    """How the trials of a study ended.

    Attributes:
        n_finished: With a result; one that was cut off and resumed counts once.
        n_pruned: By the pruner.
        n_failed: By an error, or since their worker died.
        n_cut_off: Those of `n_finished` that ended at their last epoch, while they might still have got better.
    """

    n_finished: int
    n_pruned: int
    n_failed: int
    n_cut_off: int


def counts_of(tuning: Tuning) -> TrialCounts:
    """The trials of a study, those of other commands included."""
    trials = tuning.study.get_trials(deepcopy=False)
    statuses = [status_of(trial) for trial in trials]
    return TrialCounts(
        n_finished=n_finished(trials) - statuses.count("pruned"),
        n_pruned=statuses.count("pruned"),
        n_failed=statuses.count("failed") + statuses.count("orphaned"),
        n_cut_off=sum(row.state == "finished" and row.cut_off for row in tuning.rows()),
    )


def log_summary(tuning: Tuning, tracker: MlflowTracker) -> str:
    """Writes or renews the study's run of kind `study`, and gives its id.

    Raises:
        TrackingError: The store can't be written.
    """
    plan, counts = tuning.plan, counts_of(tuning)
    trials = tuning.study.get_trials(deepcopy=False)
    best = best_point(trials)
    params: dict[str, Flat] = {} if best is None else dict(best.params)
    with TemporaryDirectory() as folder:
        figures = (*draw_history(trials, plan.objective, Path(folder)), *draw_importance(tuning.study, Path(folder)))
        return tracker.log_study(
            StudySummary(
                study=plan.name,
                dataset=plan.dataset,
                dataset_hash=plan.dataset_hash,
                sampler=plan.sampler,
                label=Method.of(plan.sampler).label,
                objective=plan.objective,
                best_params=params,
                best_value=None if best is None else best.value,
                best_trial=None if best is None else best.trials[0],
                n_planned=tuning.n_planned,
                n_finished=counts.n_finished,
                n_pruned=counts.n_pruned,
                n_failed=counts.n_failed,
                n_cut_off=counts.n_cut_off,
                figures=figures,
            )
        )
