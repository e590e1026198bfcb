"""Rates of a device that nobody has measured yet, from a file of `configs/devices/` in which every number has its reason."""

from collections.abc import Sequence
from typing import Self, final

from pydantic import BaseModel, ConfigDict, Field

from nsbench.bench.cases.training import flops_per_positive
from nsbench.forecast.bench_file import EXPOSURE_FACTOR
from nsbench.forecast.dataset_shape import DatasetShape
from nsbench.forecast.rate import Rates
from nsbench.forecast.run_work import RunWork
from nsbench.study.search.config_file import config_names, find_config
from nsbench.study.search.yaml_model import read_yaml_as

KIND = "devices"
"""The folder in `configs/`."""

_FLOAT_BYTES = 4
_SCORE_PASSES = 6
"""Times that a score goes through memory: written, loss, selection, gradient written, and read by two products."""
_STATE_PASSES = 60
"""Times that a position's state does, for each block: products, norms, masks, activations, forward and backward."""
_TABLE_PASSES = 7
"""Times that Adam over the whole item table does: four tables read, three written."""
_TABLES_KEPT = 5
"""Parameters, gradient, Adam's two moments, and the best epoch's parameters."""
_RUNTIME_BYTES = 2**30
"""What the CUDA context and its libraries hold of a card before a tensor is there."""


class Figure(BaseModel):
    """A number, and how it came about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float = Field(gt=0)
    how: str = Field(min_length=1)


class DeviceFile(BaseModel):
    """A file of `configs/devices/`.

    Attributes:
        device: What it is, in words.
        is_measured: Whether the figures were measured on it; otherwise they are an estimate.
        step_s: The least seconds that a step takes, however small the batch.
        training_flops: FLOP/s of the products of training.
        scoring_flops: FLOP/s of ranking, which is one product with few passes after it.
        memory_bytes_per_s: Bytes/s read or written.
        memory_bytes: Memory of one device.
        setup_s: Seconds from a run's start to its first step.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: str
    is_measured: bool
    step_s: Figure
    training_flops: Figure
    scoring_flops: Figure
    memory_bytes_per_s: Figure
    memory_bytes: Figure
    setup_s: Figure


@final
class Device:
    """Reckons a step as launches, operations and memory traffic one after the other, which is the cautious sum."""

    is_per_device = True

    def __init__(self, file: DeviceFile) -> None:
        self._file = file
        self.device = file.device
        self.is_measured = file.is_measured
        self.how = f"{'measured figures' if file.is_measured else 'an estimate from figures'} of configs/{KIND}"
        self.memory_limit_bytes: int | None = int(file.memory_bytes.value)

    @classmethod
    def named(cls, name: str) -> Self:
        """The device of a name in `configs/devices`, or of a YAML file.

        Raises:
            SettingsError: There is none, or the file isn't accepted.
        """
        return cls(read_yaml_as(DeviceFile, find_config(KIND, name)))

    def rates(self, shape: DatasetShape, works: Sequence[RunWork], n_replicas: int = 1) -> list[Rates]:
        """The rates of each load; see `RateSource`. Replicas share a step's launches, and nothing else."""
        return [self._rates(shape.dataset.n_items, work, n_replicas) for work in works]

    def _rates(self, n_items: int, work: RunWork, n_replicas: int) -> Rates:
        file, model = self._file, work.settings.model
        n_positives = work.n_positives / work.n_steps
        flops = n_positives * flops_per_positive(model, work.mean_context, work.n_negatives)
        state_bytes = _FLOAT_BYTES * model.hidden_dim
        score_bytes = _FLOAT_BYTES * (1 + work.n_negatives) * n_positives
        traffic = (
            _SCORE_PASSES * score_bytes
            + _STATE_PASSES * model.depth * state_bytes * n_positives
            + _TABLE_PASSES * state_bytes * n_items
        )
        launch_s = file.step_s.value
        replica_s = flops / file.training_flops.value + traffic / file.memory_bytes_per_s.value
        targets_per_s = file.scoring_flops.value / (2 * model.hidden_dim * work.n_candidates)
        n_parameters = model.build().n_dense + n_items * model.hidden_dim
        held = _FLOAT_BYTES * _TABLES_KEPT * n_parameters + traffic + work.sampler_bytes
        return Rates(
            positives_per_s=n_positives / (launch_s + replica_s),
            valid_targets_per_s=targets_per_s,
            test_targets_per_s=targets_per_s / EXPOSURE_FACTOR,
            setup_s=file.setup_s.value,
            memory_bytes=_RUNTIME_BYTES + int(n_replicas * held),
            together_per_s=n_replicas * n_positives / (launch_s + n_replicas * replica_s) if n_replicas > 1 else None,
        )


def device_names() -> tuple[str, ...]:
    """The devices that there is a file of."""
    return config_names(KIND)
