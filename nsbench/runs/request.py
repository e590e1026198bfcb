"""What is asked of a run beside its settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nsbench.objective import default_objective
from nsbench.terms import KeepModels, RunKind
from nsbench.training.start import StartValues

DEFAULT_OBJECTIVE = default_objective((10,))
"""What early stopping, pruning and tuning go by unless set otherwise, where there is a cut-off of 10."""


@dataclass(frozen=True)
class RunRequest:
    """What is asked of a run beside its settings.

    Attributes:
        kind: What the run stands for.
        seed: The root seed.
        study: The study's name, or None.
        trial: The trial's number within the study, or None.
        tags: Further tags, by full name.
        rank_test: Whether the test interactions are ranked; trials leave them alone.
        checkpoint: File for the best epoch's parameters, or None.
        objective: The validation metric that decides the best epoch.
        keep_model: Whether the trained model is kept with the record: while it is the best of its method's, always, or never.
        start: What the training goes on from; None: from nothing.
        rank_validation: Whether the validation interactions are ranked; where everything is training, the last epoch is best.
        goes_on: Whether a training that was cut off stays on the disk, to go on when it is asked for again with more epochs.
        refusal: Why the run isn't worth training: it is recorded, and ends as pruned at once; empty: it is trained.
    """

    kind: RunKind
    seed: int
    study: str | None = None
    trial: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    rank_test: bool = True
    checkpoint: Path | None = None
    objective: str = DEFAULT_OBJECTIVE
    keep_model: KeepModels = "none"
    refusal: str = ""
    start: StartValues | None = None
    rank_validation: bool = True
    goes_on: bool = True
