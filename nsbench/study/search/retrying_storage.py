"""Optuna's storage, made to wait for a restart of its database, with the lock that keeps a study's claims apart.

Every call is made again until the database answers. When it broke off in the middle, the call may have been carried out
without our hearing of it; what that leads to is said at the two methods where it matters.
"""

from collections.abc import Callable, Container, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar, final

from optuna.distributions import BaseDistribution
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import BaseStorage, RDBStorage, _CachedStorage
from optuna.study import StudyDirection
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from nsbench.errors import TrackingError
from nsbench.retry import RetryPolicy, first_line
from nsbench.study.search.lock import StudyLock

_Result = TypeVar("_Result")


@final
class RetryingStorage(BaseStorage):
    """A storage of studies whose calls are retried while the database is out; what it refuses is raised as a TrackingError.

    Args:
        storage: The database.
        retry: How long an outage is waited for.
        lock: Keeps claims apart.
    """

    def __init__(self, storage: RDBStorage, retry: RetryPolicy, lock: StudyLock) -> None:
        # Optuna puts its cache around an RDBStorage by itself, but not around a storage of other making.
        self._inner = _CachedStorage(storage)
        self._retry = retry
        self._lock = lock

    def locked(self, study: str) -> AbstractContextManager[None]:
        """Lets one process at a time claim, end or clean up trials of a study; it can't be taken twice."""
        return self._lock.hold(study)

    def create_new_study(self, directions: Sequence[StudyDirection], study_name: str | None = None) -> int:
        """As Optuna's; a study that was created without its answer arriving is found as a duplicate."""
        return self._retried(lambda: self._inner.create_new_study(directions, study_name))

    def delete_study(self, study_id: int) -> None:
        """As Optuna's."""
        self._retried(lambda: self._inner.delete_study(study_id))

    def set_study_user_attr(self, study_id: int, key: str, value: Any) -> None:  # noqa: ANN401 - Optuna's signature.
        """As Optuna's."""
        self._retried(lambda: self._inner.set_study_user_attr(study_id, key, value))

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:  # noqa: ANN401 - Optuna's signature.
        """As Optuna's."""
        self._retried(lambda: self._inner.set_study_system_attr(study_id, key, value))

    def get_study_id_from_name(self, study_name: str) -> int:
        """As Optuna's."""
        return self._retried(lambda: self._inner.get_study_id_from_name(study_name))

    def get_study_name_from_id(self, study_id: int) -> str:
        """As Optuna's."""
        return self._retried(lambda: self._inner.get_study_name_from_id(study_id))

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        """As Optuna's."""
        return self._retried(lambda: self._inner.get_study_directions(study_id))

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        """As Optuna's."""
        return self._retried(lambda: self._inner.get_study_user_attrs(study_id))

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        """As Optuna's."""
        return self._retried(lambda: self._inner.get_study_system_attrs(study_id))

    def get_all_studies(self) -> list[FrozenStudy]:
        """As Optuna's."""
        return self._retried(self._inner.get_all_studies)

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """As Optuna's; a trial that was started without its answer arriving has no owner and is given up as lost."""
        return self._retried(lambda: self._inner.create_new_trial(study_id, template_trial))

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        """As Optuna's."""
        self._retried(lambda: self._inner.set_trial_param(trial_id, param_name, param_value_internal, distribution))

    def get_trial_id_from_study_id_trial_number(self, study_id: int, trial_number: int) -> int:
        """As Optuna's."""
        return self._retried(lambda: self._inner.get_trial_id_from_study_id_trial_number(study_id, trial_number))

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """As Optuna's; a trial that was ended without its answer arriving, as it should, is ended."""
        n_calls = 0

        def call() -> bool:
            nonlocal n_calls
            n_calls += 1
            try:
                return self._inner.set_trial_state_values(trial_id, state, values)
            except UpdateFinishedTrialError:
                if n_calls > 1 and _is_ended_so(self._inner.get_trial(trial_id), state, values):
                    return True
                raise

        return self._retried(call)

    def set_trial_intermediate_value(self, trial_id: int, step: int, intermediate_value: float) -> None:
        """As Optuna's."""
        self._retried(lambda: self._inner.set_trial_intermediate_value(trial_id, step, intermediate_value))

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:  # noqa: ANN401 - Optuna's signature.
        """As Optuna's."""
        self._retried(lambda: self._inner.set_trial_user_attr(trial_id, key, value))

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:  # noqa: ANN401 - Optuna's signature.
        """As Optuna's."""
        self._retried(lambda: self._inner.set_trial_system_attr(trial_id, key, value))

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """As Optuna's."""
        return self._retried(lambda: self._inner.get_trial(trial_id))

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """As Optuna's."""
        return self._retried(lambda: self._inner.get_all_trials(study_id, deepcopy, states))

    def remove_session(self) -> None:
        """As Optuna's."""
        self._inner.remove_session()

    def _retried(self, call: Callable[[], _Result]) -> _Result:
        try:
            return self._retry.call(call)
        except (StorageInternalError, SQLAlchemyError) as error:
            raise TrackingError(
                f"the storage of studies failed: {first_line(cause_of(error))}; make room where a disk is full; what has "
                "finished is kept, and the same command goes on"
            ) from error


def cause_of(error: BaseException) -> BaseException:
    """What the database said, which Optuna wraps into an error that says nothing."""
    return error.__cause__ if isinstance(error, StorageInternalError) and error.__cause__ else error


def _is_ended_so(trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> bool:
    return trial.state is state and (values is None or trial.values == list(values))
