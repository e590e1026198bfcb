"""What a trained run took."""

import math

import torch

from nsbench.tensors.device import device_name, peak_memory_bytes
from nsbench.tensors.process_group import ProcessGroup
from nsbench.tracking.record import Cost
from nsbench.training.result import TrainingResult


def cost_of(slot: int, result: TrainingResult, test_s: float, device: torch.device, group: ProcessGroup) -> Cost:
    """A run's share of what all took that were trained side by side.

    Args:
        slot: The run's slot in the result.
        result: Of all runs that have one.
        test_s: Seconds that its ranking of the test interactions took.
        device: Where they were trained.
        group: The processes that trained them together, all of which call this.
    """
    counts, n_runs = result.counts, len(result.replica_ids)
    # A GPU works while the processor waits, busily or not.
    cpu_s = sum(group.all_gather_object(counts.cpu_s)) if device.type == "cpu" else math.nan
    return Cost(
        train_s=counts.train_s / n_runs,
        evaluate_s=sum(one.seconds for one in result.validations[slot]) + test_s,
        n_epochs=result.n_epochs[slot],
        n_positives=counts.n_positives // n_runs,
        n_negatives_scored=counts.n_negatives_scored // n_runs,
        peak_memory_bytes=peak_memory_bytes(device),
        device=device_name(device),
        train_cpu_s=cpu_s / n_runs,
    )
