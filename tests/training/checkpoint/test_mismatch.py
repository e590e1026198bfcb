"""A checkpoint whose notes are right and whose content isn't is never used, and never ends in a traceback."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nsbench.training.checkpoint.snapshot import Snapshot
from nsbench.training.checkpoint.state_tensor import StateTensor, leading, per_slot, shared
from nsbench.training.checkpoint.training_checkpoint import Checkpoints
from nsbench.training.progress import Replica
from tests.training.checkpoint.test_training_checkpoint import IDENTITY, Stopper, assert_same, trained, trainer_of

REPLICAS = [Replica(0, 1e-2)]

Tensors = dict[str, StateTensor]


def _standing(change: Callable[[dict[str, object]], object]) -> Callable[[Snapshot], Snapshot]:
    def changed(snapshot: Snapshot) -> Snapshot:
        standing = json.loads(snapshot.standing)
        change(standing)
        return replace(snapshot, standing=json.dumps(standing))

    return changed


def _tensors(change: Callable[[Tensors], object]) -> Callable[[Snapshot], Snapshot]:
    def changed(snapshot: Snapshot) -> Snapshot:
        tensors = {
            name: replace(tensor, parts=tuple(part.clone() for part in tensor.parts))
            for name, tensor in snapshot.tensors.items()
        }
        change(tensors)
        return replace(snapshot, tensors=tensors)

    return changed


DAMAGES: dict[str, tuple[Callable[[Snapshot], Snapshot], str]] = {
    "a tensor is missing": (_tensors(lambda t: t.pop("model.items")), "it lacks model.items"),
    "a tensor too many": (_tensors(lambda t: t.update(other=shared(torch.zeros(1)))), "it holds other"),
    "a shape that would be broadcast": (
        _tensors(lambda t: t.update({"model.dense": leading(torch.zeros(1, 1))})),
        r"its model.dense is of shape \[1, 1\], not \[1, ",
    ),
    "another axis": (
        _tensors(lambda t: t.update({"model.items": shared(t["model.items"].tensor)})),
        "its model.items is shared, not leading",
    ),
    "a replica's tensor too many": (
        _tensors(
            lambda t: t.update({"source.sampler": per_slot([t["source.sampler"].tensor.clone() for _ in range(2)])})
        ),
        "its source.sampler is per slot of 2, not per slot of 1",
    ),
    "another type": (
        _tensors(lambda t: t.update({"best.items": leading(t["best.items"].tensor.double())})),
        "its best.items is of torch.float64, not torch.float32",
    ),
    "no number": (_tensors(lambda t: t["model.items"].tensor[0, 3].fill_(torch.nan)), "its model.items holds values"),
    "a generator's state": (_tensors(lambda t: t["source.sampler"].tensor.fill_(7)), "RuntimeError"),
    "text that is none": (_tensors(lambda t: t["source.shuffle"].tensor.fill_(7)), "Error"),
    "a standing of something else": (_standing(lambda s: s.pop("epoch")), "its standing holds n_steps, "),
    "a count that is text": (_standing(lambda s: s.update(epoch="two")), "its standing holds epoch"),
    "a replica too many": (_standing(lambda s: s["progress"].append(s["progress"][0])), "its standing holds"),  # type: ignore[attr-defined]
    "no JSON": (lambda snapshot: replace(snapshot, standing="{"), "its standing is no JSON"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_said_and_the_training_starts_over(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    change, reason = DAMAGES[damage]
    file = Checkpoints(tmp_path).of(IDENTITY)
    with pytest.raises(KeyboardInterrupt):
        trained(trainer_of(), REPLICAS, Stopper(after=3), file)
    kept = file.load()
    assert kept is not None
    file.save(change(kept))
    again = Stopper()
    with caplog.at_level(logging.WARNING, "nsbench"):
        result = trained(trainer_of(), REPLICAS, again, file)
    assert_same(result, trained(trainer_of(), REPLICAS, Stopper()))
    assert again.n_steps == 8
    (warning,) = [entry.getMessage() for entry in caplog.records]
    with pytest.raises(ValueError, match=f"the checkpoint is damaged and not resumed: .*{reason}"):
        raise ValueError(warning)
