"""Which runner takes the steps of a training: one that records them as a CUDA graph, or one that takes each anew."""

from collections.abc import Sequence

import torch

from nsbench.losses.loss import Loss
from nsbench.models.backbone import BackboneSettings
from nsbench.tensors.device import wants_graphs
from nsbench.training.batch_stream import BatchStream
from nsbench.training.steps.replica_steps import BatchedReplicas, ReplicaSteps
from nsbench.training.steps.step_graph import CudaGraphRunner
from nsbench.training.steps.step_runner import EagerRunner, StepRunner


def runner_of(
    streams: Sequence[BatchStream],
    steps: ReplicaSteps,
    backbone: BackboneSettings,
    loss: Loss,
    device: torch.device,
    *,
    is_alone: bool,
) -> StepRunner:
    """The runner of some replicas' steps.

    Args:
        streams: The batches of each replica.
        steps: What takes a step.
        backbone: Its settings.
        loss: What is minimised.
        device: Where they are taken.
        is_alone: Whether one process trains.
    """
    is_written = backbone.build().has_written_pass
    # Log Q hangs on a batch's number of positives, which a graph would keep as it was when it was recorded.
    is_alike = is_written and not loss.needs_log_q
    may_repeat = is_alike and wants_graphs(device) and is_alone and streams[0].draws_together
    if not (may_repeat and isinstance(steps, BatchedReplicas) and steps.static is not None):
        return EagerRunner(streams, steps)
    return CudaGraphRunner(streams, steps)
