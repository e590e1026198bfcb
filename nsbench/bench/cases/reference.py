"""What nsbench is measured against, in a process that has nothing of it: the machine's limits and the plain step."""

import itertools
from dataclasses import dataclass

import numpy as np
import torch

from nsbench.batching.batch import BatchSampler, UserBatch
from nsbench.batching.window import windows_of
from nsbench.bench.cases.plain import PlainTrainer
from nsbench.bench.cases.training import model_of
from nsbench.bench.cases.workload import Workload, dataset_of
from nsbench.bench.measuring.condition import Conditions
from nsbench.bench.measuring.machine import LimitBench, Limits
from nsbench.bench.measuring.slice import Case, Slice, Span
from nsbench.tensors.device import tf32_products
from nsbench.training.settings import TrainingSettings


@dataclass(frozen=True)
class Reference:
    """The limits, and the plain step where a workload leaves memory for it."""

    limits: LimitBench
    plain: Case[UserBatch] | None


def build_reference(workload: Workload, conditions: Conditions) -> Reference:
    """Prepares both."""
    device = conditions.prepare()
    limits = LimitBench(device, workload.n_items, workload.hidden_dim, conditions.n_negatives)
    plain = plain_contestant(workload, conditions.n_negatives, device) if workload.has_plain else None
    return Reference(limits, plain)


def plain_contestant(workload: Workload, n_negatives: int, device: torch.device) -> Case[UserBatch]:
    """The plain step on the workload's batches, for which it isn't charged.

    It draws its own negatives, the cheapest there are: uniform ones, with nothing excluded.
    """
    model, dataset = model_of(workload), dataset_of(workload)
    batches = BatchSampler(dataset, windows_of(dataset, model.max_length), TrainingSettings().batch_size, device)
    rng = np.random.default_rng(0)
    draws = itertools.chain.from_iterable(batches.epoch(rng) for _ in itertools.count())
    plain = PlainTrainer(model, dataset.n_items, device)

    def step(batch: UserBatch) -> int:
        shape = (len(batch.inputs), n_negatives)
        negatives = torch.randint(1, dataset.n_items + 1, shape, device=device)
        with tf32_products(device):
            plain.step(batch.inputs, batch.targets, negatives)
        return batch.n_positives

    return Case(lambda: next(draws), step, device, counts_drawing=False)


def run_plain(reference: Reference, span: Span) -> Slice:
    """A question for the reference's process: a slice of the plain step."""
    if reference.plain is None:
        raise ValueError("this workload has no plain step")
    return reference.plain.run(span)


def measure_limits(reference: Reference, span: Span) -> Limits:
    """A question for the reference's process: the limits now."""
    return reference.limits.measure(span)
