"""What a method costs: a sampler that scores 200 negatives takes longer than one that scores 10, and readers should know."""

import math
from dataclasses import dataclass
from typing import Literal

Clock = Literal["cpu", "wall"]
"""cpu: CPU seconds of the training process, which other work on the machine doesn't lengthen. wall: by the clock."""


@dataclass(frozen=True)
class EqualBudget:
    """What a method and exact cross-entropy had reached within the same budget, by their best validation NDCG until then.

    Attributes:
        budget: In epochs, or in seconds of training.
        ndcg: The method's; the mean of its repeats.
        yardstick_ndcg: Exact cross-entropy's.
    """

    budget: float
    ndcg: float
    yardstick_ndcg: float


NO_BUDGET = EqualBudget(math.nan, math.nan, math.nan)
"""Where one of the two has no validations, or their seconds can't be compared."""


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
        equal_cost_s: The seconds of training that every method is given at `equal_cost_ndcg`: what the cheapest one took, or,
            where another had no validation by then, the least by which every method had one. NaN where methods were trained on
            different devices, whose seconds can't be compared.
        equal_cost_ndcg: The best validation NDCG within that time; of a method that was done earlier, in all of its time.
        own_cost_ndcg: The best validation NDCG within the runs' own time, of the same repeats.
        n_histories: Repeats that both rest on.
        clock: How training was measured, of all methods alike.
        equal_epochs: Beside exact cross-entropy with the same backbone after as many epochs.
        equal_seconds: The same after as many seconds.
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
    equal_epochs: EqualBudget = NO_BUDGET
    equal_seconds: EqualBudget = NO_BUDGET
