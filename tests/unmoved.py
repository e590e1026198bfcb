"""Shows that a change of the code's shape moves no result: short trainings of every kind, compared bit for bit.

    python -m tests.unmoved record before.json     # in a checkout of the code before
    python -m tests.unmoved record after.json      # in one of the code after
    python -m tests.unmoved compare before.json after.json

What is recorded are digests of each run's validations and test ranks. Only files of the same machine and the same torch can be
compared: another processor adds up floats in another order. That is why no digest is part of the test suite.
"""

import argparse
import hashlib
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch

from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.runs.experiment import run, run_replicas
from nsbench.runs.observer import RunEvent, Stepped
from nsbench.runs.request import RunRequest
from nsbench.samplers import SAMPLERS
from nsbench.terms import RunKind
from nsbench.tracking.record import RunRecord
from nsbench.tracking.tracker import NullTracker
from nsbench.training.checkpoint.training_checkpoint import Checkpoints
from nsbench.training.distributed.torch_group import torchrun_group
from tests.builder import dataset_of, with_some_negatives
from tests.free_port import free_port

N_USERS, N_ITEMS = 400, 250

SMALL = {
    "hidden_dim": 16,
    "max_length": 20,
    "batch_size": 32,
    "max_epochs": 4,
    "validate_every": 2,
    "learning_rate": 5e-3,
    # As the code of the first recording, which knew no others.
    **({"initial_values": "glorot"} if "initial_values" in SasrecSettings.model_fields else {}),
}

ADDED = ("mrr_at_", "negatives/")
"""Parts of the names of metrics that came after the first recording: a new metric moves none of the others."""

Values = Mapping[str, str | int | float | bool]


def skewed_log(*, same_length: bool = False) -> Dataset:
    """A log with popular items, next items that follow from the last one, and rows of very different or of equal lengths."""
    rng = np.random.default_rng(0)
    weights = 1 / np.arange(1, N_ITEMS + 1)
    weights /= weights.sum()
    rows = []
    for _ in range(N_USERS):
        length = 24 if same_length else int(np.clip(rng.lognormal(2.4, 0.8), 4, 60))
        row = [int(rng.choice(N_ITEMS, p=weights))]
        while len(row) < length:
            row.append((row[-1] + 1) % N_ITEMS if rng.random() < 0.4 else int(rng.choice(N_ITEMS, p=weights)))
        rows.append(row)
    parts = [(row[:-3], row[-3:-1], row[-1:]) for row in rows]
    counts = np.bincount([item for train, _, _ in parts for item in train], minlength=N_ITEMS)
    number = np.empty(N_ITEMS, dtype=np.int64)
    number[np.argsort(-counts, kind="stable")] = np.arange(1, N_ITEMS + 1)
    train, valid, test = ([[int(number[item]) for item in part[i]] for part in parts] for i in range(3))
    return dataset_of(train, valid, test, n_items=N_ITEMS, seen_items="keep")


def cases() -> Iterator[tuple[str, str, Values]]:
    """A name, the sampler and what its settings change."""
    for sampler in SAMPLERS:
        for optimizer in ("dense", "row-wise"):
            yield f"{sampler}, by user, {optimizer}", sampler, {"item_optimizer": optimizer}
        if "negative_sharing" in SAMPLERS[sampler].model_fields:
            yield f"{sampler}, by group", sampler, {"negative_sharing": "group"}
        if "exclude_history" in SAMPLERS[sampler].model_fields:
            yield f"{sampler}, window", sampler, {"exclude_history": "window"}
    for sharing in ("position", "batch"):
        yield f"random, by {sharing}", "random", {"negative_sharing": sharing}
        yield f"popularity, by {sharing}", "popularity", {"negative_sharing": sharing}
    for targets in ("frozen", "last"):
        yield f"random, {targets}", "random", {"targets": targets}
    changes: dict[str, Values] = {
        "two heads": {"n_heads": 2},
        "no output weight": {"attention_output": False},
        "two heads, no output weight": {"n_heads": 2, "attention_output": False},
        "one block, no dropout": {"n_blocks": 1, "dropout_rate": 0},
        "trained padding": {"padding": "trained"},
        "sum": {"negative_reduction": "sum"},
        "all windows": {"windows": "all"},
        "replayed": {"replay_factor": 1},
        "with replacement": {"user_order": "with_replacement", "epoch_users": "all"},
        "other Adam": {"adam_epsilon": "before_correction"},
        "cold tail": {"cold_items": "tail", "unseen_in_history": "keep", "cohort_counts": "users"},
        "seen items left out": {"seen_items": "exclude"},
        "one user a step": {"batch_size": 1, "max_epochs": 2},
        "one batch": {"batch_size": 512},
    }
    for name, values in changes.items():
        yield f"random, {name}", "random", values
        yield f"adaptive-mixed, {name}", "adaptive-mixed", values
    yield "adaptive, unselected", "adaptive", {"unselected_negatives": "zero", "hardest_ties": "first"}


def settings_of(sampler: str, values: Values) -> Settings:
    """Small settings."""
    own = SAMPLERS[sampler].model_fields
    counts = {name: 12 for name in ("n_negatives", "n_in_batch", "n_uniform") if name in own}
    kept = SAMPLERS[sampler].count_fields().kept
    return Settings.of(sampler, {**SMALL, **counts, **({} if kept is None else {kept: 5}), **values})


class InterruptAt:
    """Ends a training at a step in the middle of an epoch."""

    def __init__(self, step: int) -> None:
        self._left = step

    def observe(self, event: RunEvent) -> None:
        """Counts down."""
        if isinstance(event, Stepped):
            self._left -= 1
            if self._left == 0:
                raise KeyboardInterrupt


def _digested(metrics: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted((name, value) for name, value in metrics.items() if not any(part in name for part in ADDED))


def digest_of(record: RunRecord) -> str:
    """Of the whole curve and of the ranks, exactly; times are no part of it."""
    found = hashlib.blake2b(digest_size=12)
    for validation in record.validations:
        found.update(repr((validation.epoch, _digested(validation.metrics))).encode())
    test = {name: value for name, value in record.metrics.items() if name.startswith("test/")}
    found.update(repr(_digested(test)).encode())
    assert record.ranks is not None
    for column in fields(record.ranks):
        found.update(getattr(record.ranks, column.name).tobytes())
    return found.hexdigest()


def alone(settings: Settings, log: Dataset, seed: int = 0) -> str:
    """One run; of a sampler that needs them, with explicit negatives."""
    own = with_some_negatives(log) if settings.method.name == "explicit" else log
    return digest_of(run(settings, own, NullTracker(), RunRequest(RunKind.SINGLE, seed=seed)))


def interrupted(settings: Settings, log: Dataset) -> str:
    """One run that is stopped twice, and goes on from its checkpoint."""
    request = RunRequest(RunKind.SINGLE, seed=0)
    with tempfile.TemporaryDirectory() as folder:
        for step in (7, 20):
            try:
                run(settings, log, NullTracker(), request, InterruptAt(step), Checkpoints(Path(folder)))
            except KeyboardInterrupt:
                continue
            raise AssertionError("the run was to be interrupted")
        return digest_of(run(settings, log, NullTracker(), request, checkpoints=Checkpoints(Path(folder))))


def beside(settings: Settings, log: Dataset) -> str:
    """Four replicas."""
    rates = (1e-3, 3e-3, 5e-3, 1e-2)
    requests = [RunRequest(RunKind.SINGLE, seed=seed) for seed in range(len(rates))]
    records = run_replicas([settings.changed({"learning_rate": rate}) for rate in rates], log, NullTracker(), requests)
    return " ".join(digest_of(records[number]) for number in range(len(rates)))


def distributed(settings_values: Values) -> str:
    """One run of two processes."""
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--master-port",
        str(free_port()),
    ]
    command += ["-m", "tests.unmoved", "distributed", json.dumps(settings_values)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout.strip().splitlines()[-1]


def record() -> dict[str, str]:
    """The digests of all runs by name."""
    torch.set_num_threads(1)
    log, even = skewed_log(), skewed_log(same_length=True)
    found: dict[str, str] = {}

    def keep(name: str, digest: Callable[[], str]) -> None:
        found[name] = digest()
        print(f"{found[name][:24]}  {name}", flush=True)

    for name, sampler, values in cases():
        keep(name, lambda: alone(settings_of(sampler, values), log))  # noqa: B023 - called at once.
    for sampler in ("random", "adaptive-mixed", "cohort"):
        small, large = settings_of(sampler, {}), settings_of(sampler, {"batch_size": 128})
        keep(f"{sampler}, rows of one length", lambda: alone(small, even))  # noqa: B023
        keep(f"{sampler}, interrupted", lambda: interrupted(small, log))  # noqa: B023
        keep(f"{sampler}, 4 replicas together", lambda: beside(small, log))  # noqa: B023
        keep(f"{sampler}, 4 replicas in turn", lambda: beside(large, log))  # noqa: B023
    for table in ("copied", "sharded"):
        keep(f"mixed, two processes, {table}", lambda: distributed({"item_table": table}))  # noqa: B023
    return found


def compare(before: Mapping[str, str], after: Mapping[str, str]) -> int:
    """Says what differs; 1 where anything does."""
    moved = [name for name in before if after.get(name) != before[name]]
    for name in moved:
        print(f"moved: {name}" if name in after else f"missing: {name}")
    new = len(after.keys() - before.keys())
    print(f"{len(before) - len(moved)} of {len(before)} trainings are the same bit for bit; {new} are new")
    return 1 if moved else 0


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.unmoved", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("record").add_argument("file", type=Path)
    comparison = commands.add_parser("compare")
    comparison.add_argument("before", type=Path)
    comparison.add_argument("after", type=Path)
    commands.add_parser("distributed").add_argument("values")
    given = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    if given.command == "record":
        given.file.write_text(json.dumps(record(), indent=1) + "\n", encoding="utf-8")
        return 0
    if given.command == "distributed":
        torch.set_num_threads(1)
        with torchrun_group() as group:
            settings = settings_of("mixed", json.loads(given.values))
            digest = alone(settings, skewed_log())
            if group.rank == 0:
                print(digest)
        return 0
    before, after = (json.loads(file.read_text(encoding="utf-8")) for file in (given.before, given.after))
    return compare(before, after)


if __name__ == "__main__":
    sys.exit(main())
