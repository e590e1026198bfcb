"""Takes replicas out of a snapshot, so that a training goes on with the others as if those had never been there.

What is kept has the values that it had, so a replica goes on where it stood; only its slot changes.
"""

import json
from collections.abc import Sequence

from nsbench.training.checkpoint.snapshot import Snapshot
from nsbench.training.checkpoint.state_tensor import select


def select_replicas(snapshot: Snapshot, slots: Sequence[int]) -> Snapshot:
    """A snapshot of some of a training's replicas.

    What all have taken together is shared out evenly: those that leave take their part along.

    Args:
        snapshot: Of all.
        slots: Whose it is to be, rising; at least one.
    """
    standing = json.loads(snapshot.standing)
    n_before = len(standing["progress"])
    for name in ("loss_sums", "shortage", "progress"):
        standing[name] = [standing[name][slot] for slot in slots]
    standing["counts"] = {
        name: count * len(slots) / n_before if isinstance(count, float) else round(count * len(slots) / n_before)
        for name, count in standing["counts"].items()
    }
    return Snapshot(select(snapshot.tensors, slots), json.dumps(standing))
