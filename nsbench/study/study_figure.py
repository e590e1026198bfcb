"""A study in pictures: its history, and which settings mattered. Drawn with matplotlib into PNG files."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from nsbench.study.best_trial import best_so_far

_FEWEST_FOR_IMPORTANCE = 4
_SIZE_INCHES = (6.4, 3.6)
_DOTS_PER_INCH = 150
_POINT = "#7a869a"
_BEST = "#0b6e4f"


def draw_history(trials: Sequence[FrozenTrial], objective: str, folder: Path) -> tuple[Path, ...]:
    """Each complete trial's value by number, and the best so far; nothing without a complete trial.

    The best is a point's mean over its trials, so it may fall.
    """
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    done = [(trial.number, trial.value) for trial in complete if trial.value is not None]
    if not done:
        return ()
    numbers, values = zip(*done, strict=True)
    figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
    axes = figure.subplots()
    axes.plot(numbers, values, "o", color=_POINT, label="trial")
    axes.step(numbers, best_so_far(complete), where="post", color=_BEST, label="best so far")
    axes.set(xlabel="trial", ylabel=objective, title=f"{len(done)} complete trials")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False)
    return (_saved(figure, folder / "history.png"),)


def draw_importance(study: Study, folder: Path) -> tuple[Path, ...]:
    """How much each setting decides whether a trial is among the better half; nothing with too few or equal trials.

    Source: Watanabe et al., IJCAI 2023 (PED-ANOVA), as Optuna computes it.
    """
    values = {trial.value for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))}
    if len(values) < _FEWEST_FOR_IMPORTANCE:
        return ()
    shares = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    if not shares:
        return ()
    figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
    axes = figure.subplots()
    names = list(reversed(shares))
    bars = axes.barh(names, [shares[name] for name in names], color=_BEST)
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.set(xlabel="importance (shares of 1)", xlim=(0, 1.1), title="what mattered")
    return (_saved(figure, folder / "importance.png"),)


def _saved(figure: Figure, path: Path) -> Path:
    figure.savefig(path, dpi=_DOTS_PER_INCH)
    return path
