"""What a method costs: a sampler that scores 200 negatives takes longer than one that scores 10, and readers should know."""

from dataclasses import dataclass
from typing import Literal

Clock = Literal["cpu", "wall"]
"""cpu: CPU seconds of the training process, which other work on the machine doesn't lengthen. wall: by the clock."""


@dataclass(frozen=True)
class CostRow:
    """What a method's runs took, on average over its repeats; NaN where it was not recorded.

    Speed and equal cost are of trained methods only: a popularity list is counted, not trained.

    Attributes:
        label: The method's label.
        train_s: Seconds of training per run, without validation, by `clock`.
        evaluate_s: Seconds of validation and test per run.
        positives_per_s: Positives trained on per second of training.
        n_negatives_scored: Negatives scored per run.
        peak_memory_bytes: Largest peak of the process or device.
        devices: Where the runs were trained.
        ndcg: Test NDCG.
        ndcg_per_minute: Test NDCG, in percent points, per minute of training.
        equal_cost_s: The seconds of training that every method is given at `equal_cost_ndcg`; NaN where methods were
            trained on different devices, whose seconds can't be compared.
        equal_cost_ndcg: The best validation NDCG within that time.
        own_cost_ndcg: The best validation NDCG within the runs' own time, of the same repeats.
        n_histories: Repeats that both rest on.
        clock: How training was measured, of all methods alike.
    """

    label: str
    train_s: float
    evaluate_s: float
    positives_per_s: float
    n_negatives_scored: float
    peak_memory_bytes: float
    devices: tuple[str, ...]
    ndcg: float
    ndcg_per_minute: float
    equal_cost_s: float
    equal_cost_ndcg: float
    own_cost_ndcg: float
    n_histories: int
    clock: Clock = "wall"
