"""A training in a process of its own, to be killed: says a dot for each step, and leaves its whole result in a file.

Usage: python -m tests.training.killed_run CHECKPOINTS RESULT SAMPLER REPLAY_FACTOR
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch

from nsbench.config import Settings
from nsbench.runs.experiment import run
from nsbench.runs.observer import Resumed, RunEvent, Stepped
from nsbench.runs.request import RunRequest
from nsbench.terms import RunKind
from nsbench.tracking.tracker import NullTracker
from nsbench.training.checkpoint.model_file import load_model
from nsbench.training.checkpoint.training_checkpoint import Checkpoints
from tests.training.noisy_log import noisy_log

SMALL = {"hidden_dim": 16, "max_length": 10, "batch_size": 16, "max_epochs": 12, "learning_rate": 5e-3, "patience": 0}


class Dots:
    """Says what happens in a letter each."""

    def observe(self, event: RunEvent) -> None:
        match event:
            case Resumed():
                sys.stdout.write("r")
            case Stepped():
                sys.stdout.write(".")
                sys.stdout.flush()


def main(checkpoints: Path, result: Path, sampler: str, replay_factor: float) -> None:
    settings = Settings.of(sampler, {**SMALL, "replay_factor": replay_factor})
    model_file = result.with_suffix(".safetensors")
    request = RunRequest(RunKind.SINGLE, seed=3, checkpoint=model_file)
    # A checkpoint after nearly every step, so that kills meet all stages of writing one.
    policy = Checkpoints(checkpoints, every_s=0, most_share=0.5)
    record = run(settings, noisy_log(), NullTracker(), request, Dots(), policy)
    model = load_model(model_file)
    validations = [[one.epoch, one.metrics] for one in record.validations]
    counts = [record.best_epoch, record.cost.n_epochs, record.cost.n_positives, record.cost.n_negatives_scored]
    text = json.dumps([record.metrics, validations, counts], sort_keys=True)
    assert record.ranks is not None
    np.savez(result, ranks=record.ranks.ranks, items=model.items.numpy(), dense=model.dense.numpy(), text=text)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
