"""How a trial stands, for tables."""

from optuna.trial import FrozenTrial, TrialState

from nsbench.study.trials.trial_state import CUT_OFF_AT, END_REASON, status_of
from nsbench.study.workers.job import Row


def row_of(trial: FrozenTrial, validate_every: int) -> Row:
    """How the trial stands, of a study whose trials are validated every so many epochs."""
    status = status_of(trial)
    states = {"complete": "finished", "orphaned": "interrupted"}
    epoch = trial.last_step
    value = trial.value if trial.state is TrialState.COMPLETE else trial.intermediate_values.get(epoch or 0)
    began, ended = trial.datetime_start, trial.datetime_complete
    seconds = None
    if began is not None:
        seconds = ((ended or began.now(began.tzinfo)) - began).total_seconds()
    return Row(
        name=f"trial {trial.number}",
        state=states.get(status, status),  # type: ignore[arg-type]
        value=value,
        settings=trial.params,
        epoch=epoch,
        seconds=seconds,
        reason=trial.user_attrs.get(END_REASON, ""),
        cut_off=CUT_OFF_AT in trial.user_attrs,
        validate_every=validate_every,
    )
