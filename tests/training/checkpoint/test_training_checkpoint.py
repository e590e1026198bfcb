"""A training that stops between two steps goes on as if it hadn't, and checkpoints are whole, of the same thing, and cheap."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from nsbench import __version__
from nsbench.batching.batch import BatchSampler
from nsbench.batching.window import windows_of
from nsbench.losses.binary_cross_entropy import BinaryCrossEntropy
from nsbench.method import Method
from nsbench.models.model import Model
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.samplers.composition.expression import is_expression
from nsbench.training.checkpoint import training_checkpoint
from nsbench.training.checkpoint.code_hash import Code
from nsbench.training.checkpoint.snapshot import Snapshot
from nsbench.training.checkpoint.state_tensor import leading
from nsbench.training.checkpoint.training_checkpoint import (
    Checkpoint,
    CheckpointFile,
    Checkpoints,
    TrainingIdentity,
)
from nsbench.training.event import Ended, Resumed, Stepped, TrainedEpoch, TrainingEvent, Validated
from nsbench.training.loop import Trainer
from nsbench.training.progress import Replica, Validation
from nsbench.training.result import TrainingResult
from nsbench.training.settings import TrainingSettings
from tests.full_disk import full_disk
from tests.samplers.log import CPU, context_of, skewed_log

LOG = skewed_log()
SIZE = SasrecSettings(hidden_dim=8, n_blocks=1, max_length=6)
IDENTITY = TrainingIdentity(["a1b2"], "c3d4", [0], ["valid/all/hit_rate_at_10"], "cpu (x86_64)")
OTHER_CODE = Code({"loop.py": b"steps = 2"})
EAGER = {"every_s": 0.0, "most_share": 1.0}


class Stopper:
    """Stops the training after some steps, or at some validation; its scores say that the second epoch is the best."""

    observes_steps = True

    def __init__(self, after: int | None = None, at_validation: int | None = None) -> None:
        self._steps_left = after
        self._validations_left = at_validation
        self._resumed_after: dict[int, int] = {}
        self.validations: list[Validated] = []
        self.n_steps = 0

    def validate(self, replica: int, model: Model, epoch: TrainedEpoch) -> Validation:
        metrics = {"train/loss": epoch.loss, "sum": float(model.items.sum()), "n_drawn": float(epoch.n_drawn)}
        return Validation(epoch.number, -abs(epoch.number - 2.0), metrics, 0.0)

    def observe(self, replicas: Sequence[int], event: TrainingEvent) -> None:
        match event:
            case Resumed(epoch):
                self._resumed_after[replicas[0]] = epoch
            case Stepped(n_positives):
                self.stepped(n_positives)
            case Validated(epoch):
                if epoch > self._resumed_after.get(replicas[0], 0):
                    self.validated(replicas[0], event)
                else:
                    self._keep(event)
            case Ended():
                self.failed(replicas[0])

    def stepped(self, n_positives: int) -> None:
        self.n_steps += 1
        self._steps_left = _count_down(self._steps_left)

    def validated(self, replica: int, event: Validated) -> None:
        """Not of an earlier attempt."""
        self._validations_left = _count_down(self._validations_left)
        self._keep(event)

    def failed(self, replica: int) -> None:
        """Not observed."""

    def _keep(self, event: Validated) -> None:
        self.validations = sorted((*self.validations, event), key=lambda validation: validation.epoch)


def _count_down(left: int | None) -> int | None:
    if left is None:
        return None
    if left == 1:
        raise KeyboardInterrupt
    return left - 1


def trainer_of(sampler: str = "random", **settings: object) -> Trainer:
    of_sampler = Method.of(sampler).sampler_settings
    own = {name: value for name, value in settings.items() if name in of_sampler.model_fields}
    others = {name: value for name, value in settings.items() if name not in own}
    training = TrainingSettings.model_validate(
        {"validate_every": 1, "max_epochs": 4, "batch_size": 24, "patience": 0, **others}
    )
    batches = BatchSampler(LOG, windows_of(LOG, SIZE.max_length), training.batch_size, CPU, training.user_order)
    counts = {name: 6 for name in ("n_negatives", "n_in_batch", "n_uniform") if name in of_sampler.model_fields}
    kept = of_sampler.count_fields().kept
    if kept is not None and not is_expression(sampler):
        counts[kept] = 3
    built = of_sampler.model_validate({**counts, **own}).build(context_of(LOG))
    return Trainer(batches, built, BinaryCrossEntropy(), SIZE, training, LOG.n_items, CPU)


def trained(
    trainer: Trainer, replicas: Sequence[Replica], stopper: Stopper, file: Checkpoint | None = None
) -> TrainingResult:
    return trainer.train(replicas, stopper, stopper, file)


def assert_same(result: TrainingResult, whole: TrainingResult) -> None:
    assert torch.equal(result.model.items, whole.model.items)
    assert torch.equal(result.model.dense, whole.model.dense)
    assert (result.best_epochs, result.n_epochs, result.validations) == (
        whole.best_epochs,
        whole.n_epochs,
        whole.validations,
    )
    assert replace(result.counts, train_s=0, cpu_s=0) == replace(whole.counts, train_s=0, cpu_s=0)


CASES = {
    "random": ("random", {}),
    "cut short by patience": ("random", {"patience": 1}),
    "row-wise": ("random", {"item_optimizer": "row-wise"}),
    "users drawn with replacement": ("random", {"user_order": "with_replacement"}),
    "TensorFlow's Adam": ("adaptive-mixed", {"adam_epsilon": "before_correction"}),
    "replayed half-way through the second epoch": ("random", {"replay_factor": 1.5}),
    "cross-batch": ("cross-batch", {}),
    "replayed cross-batch": ("cross-batch", {"replay_factor": 1.5}),
    "selected at random": ("bir", {}),
    "a cache of what was selected": ("xir", {"n_negatives": 8, "n_resampled": 4, "cache_size": 6}),
    "a cache that a group shares": ("xir", {"n_resampled": 4, "negative_sharing": "group"}),
    "probabilities by the losses": ("adaptive-cohort", {"cohort_step_size": 0.1}),
    "a queue within a mixture": ("hardest(mixed(cross-batch(9,n_batches_kept=3),random(9)),k=5)", {}),
    "replayed adaptive": ("adaptive-mixed", {"replay_factor": 1.0}),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seeds", [(0,), (0, 1)])
def test_a_training_stopped_after_any_step_ends_as_one_that_was_not(
    tmp_path: Path, case: str, seeds: tuple[int, ...]
) -> None:
    sampler, settings = CASES[case]
    replicas = [Replica(seed, 1e-2 / (seed + 1)) for seed in seeds]
    stopper = Stopper()
    whole = trained(trainer_of(sampler, **settings), replicas, stopper)
    for n_steps in range(1, stopper.n_steps + 1):
        file = Checkpoints(tmp_path / str(n_steps)).of(IDENTITY)
        with pytest.raises(KeyboardInterrupt):
            trained(trainer_of(sampler, **settings), replicas, Stopper(after=n_steps), file)
        again = Stopper()
        assert_same(trained(trainer_of(sampler, **settings), replicas, again, file), whole)
        assert again.validations == stopper.validations


@pytest.mark.parametrize("validation", [1, 4, 5, 8])
def test_a_training_stopped_at_any_validation_of_any_replica_ends_as_one_that_was_not(
    tmp_path: Path, validation: int
) -> None:
    replicas = [Replica(0, 1e-2), Replica(1, 1e-2)]
    whole = trained(trainer_of(), replicas, Stopper())
    file = Checkpoints(tmp_path).of(IDENTITY)
    with pytest.raises(KeyboardInterrupt):
        trained(trainer_of(), replicas, Stopper(at_validation=validation), file)
    assert_same(trained(trainer_of(), replicas, Stopper(), file), whole)


def test_a_training_can_be_stopped_again_and_takes_only_the_steps_that_are_left(tmp_path: Path) -> None:
    """4 epochs of 40 users in batches of 24 are 8 steps: stopped after 3, then 2 more, 3 are left to take."""
    file = Checkpoints(tmp_path).of(IDENTITY)
    for after in (3, 2):
        with pytest.raises(KeyboardInterrupt):
            trained(trainer_of(), [Replica(0, 1e-2)], Stopper(after=after), file)
    last = Stopper()
    result = trained(trainer_of(), [Replica(0, 1e-2)], last, file)
    assert last.n_steps == 3
    assert_same(result, trained(trainer_of(), [Replica(0, 1e-2)], Stopper()))


def saved(root: Path, identity: TrainingIdentity = IDENTITY, **policy: float) -> CheckpointFile:
    file = Checkpoints(root, **policy).of(identity)
    file.save(Snapshot({"x": leading(torch.arange(3.0))}, "{}"))
    return file


def test_a_checkpoint_comes_back_as_it_was_and_can_be_removed(tmp_path: Path) -> None:
    file = saved(tmp_path)
    snapshot = file.load()
    assert snapshot is not None
    assert (snapshot.tensors["x"].tensor.tolist(), snapshot.standing) == ([0, 1, 2], "{}")
    assert [path.name for path in file.path.parent.iterdir()] == [file.path.name]
    file.remove()
    assert file.load() is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("settings", ["ffff"], 'its settings is ["ffff"], here it is ["a1b2"]'),
        ("dataset", "other", 'its dataset is "other", here it is "c3d4"'),
        ("seeds", [7], "its seeds is [7], here it is [0]"),
        ("objectives", ["valid/all/mrr"], 'its objectives is ["valid/all/mrr"]'),
        ("device", "NVIDIA H100", 'its device is "NVIDIA H100"'),
        ("numpy", "1.0", 'its numpy is "1.0"'),
        ("torch", "1.0", 'its torch is "1.0"'),
        ("code", OTHER_CODE, f'its code is "{OTHER_CODE.digest}"'),
        ("code", OTHER_CODE, f"it was written by nsbench {__version__}, this is {__version__}"),
    ],
)
def test_a_checkpoint_of_something_else_is_never_used_and_the_log_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, field: str, value: object, said: str
) -> None:
    """Even where it lies under the name of what is trained now."""
    other = saved(tmp_path / "other", replace(IDENTITY, **{field: value}))
    file = Checkpoints(tmp_path).of(IDENTITY)
    file.path.parent.mkdir(parents=True)
    os.replace(other.path, file.path)
    assert file.load() is None
    assert said in caplog.text
    assert "the training starts over" in caplog.text


def test_a_checkpoint_of_another_version_whose_code_does_the_same_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A training that the version before left after 3 of its 8 steps ends as one that was not stopped."""
    before = replace(IDENTITY, code=Code({"loop.py": b'"""Trains."""\nsteps = 1  # one\n'}))
    with monkeypatch.context() as patch:
        patch.setattr(training_checkpoint, "__version__", "0.0.1")
        with pytest.raises(KeyboardInterrupt):
            trained(trainer_of(), [Replica(0, 1e-2)], Stopper(after=3), Checkpoints(tmp_path).of(before))
    now = replace(IDENTITY, code=Code({"loop.py": b"steps = 1\n"}))
    again = Stopper()
    result = trained(trainer_of(), [Replica(0, 1e-2)], again, Checkpoints(tmp_path).of(now))
    assert again.n_steps == 5
    assert_same(result, trained(trainer_of(), [Replica(0, 1e-2)], Stopper()))


@pytest.mark.parametrize("keep", [0, 5, 200, -1])
def test_a_checkpoint_that_was_cut_off_is_never_used_and_the_log_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, keep: int
) -> None:
    file = saved(tmp_path)
    file.path.write_bytes(file.path.read_bytes()[:keep])
    assert file.load() is None
    assert "can't be read" in caplog.text


@pytest.mark.parametrize(
    "tensors",
    [
        {"x": torch.arange(4.0)},
        {"x": torch.arange(3)},
        {"x": torch.tensor([0.0, 1.0, torch.nan])},
        {"y": torch.arange(3.0)},
        {"x": torch.arange(3.0), "y": torch.zeros(())},
        {},
    ],
)
def test_a_checkpoint_with_right_notes_and_other_tensors_is_never_used_and_the_log_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, tensors: dict[str, torch.Tensor]
) -> None:
    """Of other shapes, types, values or names than the 0, 1, 2 that was written."""
    file = saved(tmp_path)
    with safe_open(file.path, framework="pt") as opened:
        notes = opened.metadata()
    save_file(tensors, file.path, metadata=notes)
    assert file.load() is None
    assert "the training starts over" in caplog.text


def test_a_checkpoint_whose_notes_were_changed_is_never_used(tmp_path: Path) -> None:
    file = saved(tmp_path)
    with safe_open(file.path, framework="pt") as opened:
        notes, tensors = opened.metadata(), {"x": opened.get_tensor("x")}
    without = [{name: notes[name] for name in notes if name != left_out} for left_out in ("digest", "axes")]
    for changed in ({**notes, "standing": "[]"}, {**notes, "axes": '{"x": ["shared", 1]}'}, *without):
        save_file(tensors, file.path, metadata=changed)
        assert file.load() is None
    save_file(tensors, file.path, metadata=notes)
    assert file.load() is not None


def test_what_was_asked_names_the_folder_and_where_it_runs_does_not() -> None:
    """So a checkpoint of an older torch is found, refused and said, instead of passed over in silence."""
    asked = [
        replace(IDENTITY, settings=["x"]),
        replace(IDENTITY, dataset="x"),
        replace(IDENTITY, seeds=[1]),
        replace(IDENTITY, objectives=["x"]),
    ]
    assert len({identity.name for identity in [IDENTITY, *asked]}) == 5
    assert replace(IDENTITY, torch="x", numpy="x", device="x", code=OTHER_CODE).name == IDENTITY.name


def test_a_fresh_start_deletes_what_was_there(tmp_path: Path) -> None:
    file = saved(tmp_path)
    assert Checkpoints(tmp_path, fresh=True).of(IDENTITY).load() is None
    assert not file.path.exists()


def test_a_checkpoint_is_due_after_its_time_and_not_before_it_has_paid_for_the_last_one(tmp_path: Path) -> None:
    """Writing takes over a microsecond: at a share of 1e-12 the next one is due in eleven days."""
    assert Checkpoints(tmp_path, every_s=0).of(IDENTITY).is_due()
    assert not Checkpoints(tmp_path, every_s=60).of(IDENTITY).is_due()
    assert not saved(tmp_path, every_s=0, most_share=1e-12).is_due()


def test_a_disk_that_is_full_costs_the_checkpoint_and_not_the_training(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = Checkpoints(tmp_path, **EAGER).of(IDENTITY)
    with full_disk(2000):
        result = trained(trainer_of(), [Replica(0, 1e-2)], Stopper(), file)
    assert_same(result, trained(trainer_of(), [Replica(0, 1e-2)], Stopper()))
    assert f"can't write the checkpoint {file.path}: " in caplog.text
    assert "File too large" in caplog.text
    assert "are free there; make room" in caplog.text
    assert not list(file.path.parent.iterdir())


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    file = saved(tmp_path)
    with full_disk(100):
        file.save(Snapshot({"x": leading(torch.zeros(1000))}, "{}"))
    snapshot = file.load()
    assert snapshot is not None
    assert snapshot.tensors["x"].tensor.tolist() == [0, 1, 2]
    assert len(list(file.path.parent.iterdir())) == 1
