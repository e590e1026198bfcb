"""How a training stands, in plain numbers that a checkpoint can hold as text."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_PATIENCE = 5
"""Validations without a better one after which a training is taken to be trained out."""


@dataclass(frozen=True)
class Replica:
    """What may differ between models that train side by side."""

    seed: int
    learning_rate: float


@dataclass(frozen=True)
class Validation:
    """A replica's ranking of the validation interactions after an epoch.

    Attributes:
        score: What decides the best epoch; higher is better, NaN is undefined.
        metrics: All that the ranking gave, by full metric name.
        seconds: How long it took.
        epoch: Counted from 1.
    """

    epoch: int
    score: float
    metrics: Mapping[str, float]
    seconds: float


@dataclass
class Progress:
    """How one replica stands, and by that when it stops early.

    Early stopping is part of the loop's state and no observer, unlike pruning. An observer may end a replica without a result
    (`StopReplica`); one whose patience has run out has its result, and which epoch that is decides what is copied out of the
    model before the next step. What was decided has to be in the checkpoint too, so that a resumed training stops where it
    would have, and the same in all processes that train together, of which only the first one's observers see validations.
    """

    best_score: float = -math.inf
    best_epoch: int = 0
    n_worse: int = 0
    n_epochs: int = 0
    stopped: bool = False
    validations: list[Validation] = field(default_factory=list)

    def judge(self, validation: Validation, patience: int) -> bool:
        """Takes a validation in, and returns whether it is the best up to now.

        Args:
            validation: The latest one.
            patience: The replica stops after this many validations without a better one; 0: never.
        """
        self.validations.append(validation)
        self.n_epochs = validation.epoch
        # The first validation counts even where the score is undefined.
        if validation.score > self.best_score or self.best_epoch == 0:
            self.best_score = validation.score if math.isfinite(validation.score) else -math.inf
            self.best_epoch = validation.epoch
            self.n_worse = 0
            return True
        self.n_worse += 1
        self.stopped = 0 < patience <= self.n_worse
        return False

    def is_cut_off(self, patience: int) -> bool:
        """Whether the replica, at its last epoch, might still get better: patience had not run out.

        Args:
            patience: As in `judge`; of a run that never stops early, DEFAULT_PATIENCE decides.
        """
        return not self.stopped and self.n_worse < (patience or DEFAULT_PATIENCE)


@dataclass
class Counts:
    """What all replicas have taken together.

    Attributes:
        train_s: Seconds of steps by the clock, validation apart.
        cpu_s: CPU seconds of this process in the same time, all its threads together.
        n_positives: Positives trained on.
        n_negatives_scored: Negatives scored.
    """

    train_s: float = 0.0
    cpu_s: float = 0.0
    n_positives: int = 0
    n_negatives_scored: int = 0
