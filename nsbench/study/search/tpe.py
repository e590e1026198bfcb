"""Optuna's TPE with a seed of its own for every trial."""

from collections.abc import Sequence
from typing import Any, final

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from nsbench.seeding import derive_seed


@final
class TrialSeededTpe(BaseSampler):
    """Tree-structured Parzen estimation whose draws depend on the trial's number and on the trials before it alone.

    A study that stopped between two trials and went on therefore searches as one that never stopped, and two processes on
    one study never draw alike. Running trials count as bad ones (the constant liar), so that workers who search side by side
    keep apart. Source: Bergstra et al., NIPS 2011; `optuna.samplers.TPESampler`.

    Args:
        seed: The study's root seed.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._tpe = TPESampler(seed=seed % 2**32, constant_liar=True)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Begins the trial's own stream of draws."""
        self._tpe = TPESampler(seed=derive_seed(self._seed, "tpe", trial.number) % 2**32, constant_liar=True)
        self._tpe.before_trial(study, trial)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """As TPE."""
        return self._tpe.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As TPE."""
        return self._tpe.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:  # noqa: ANN401 - Optuna's signature.
        """As TPE."""
        return self._tpe.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None) -> None:
        """As TPE."""
        self._tpe.after_trial(study, trial, state, values)
