"""Rates of another machine, from what `nsbench bench --json` printed there."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Self, final

from pydantic import BaseModel, ConfigDict, ValidationError

from nsbench.bench.cases.ours import N_REPLICAS, REPLICAS
from nsbench.bench.cases.training import flops_per_positive
from nsbench.bench.cases.workload import WORKLOADS
from nsbench.errors import SettingsError
from nsbench.files.given_file import RECORD_BYTES, read_given
from nsbench.forecast.dataset_shape import DatasetShape
from nsbench.forecast.rate import Rates
from nsbench.forecast.run_work import RunWork

EXPOSURE_FACTOR = 2
"""Counting what is recommended takes about as long as ranking the targets."""


class _Part(BaseModel):
    """What is needed of the file; the bench may say more."""

    model_config = ConfigDict(frozen=True)


class _Training(_Part):
    sampler: str
    useful_flops: float


class _Evaluation(_Part):
    useful_flops: float


class _Workload(_Part):
    name: str
    training: tuple[_Training, ...]
    evaluation: _Evaluation
    peak_memory_bytes: int

    def gain_of(self, n_replicas: int) -> float | None:
        """Positives/s of replicas side by side over those of one; None where it wasn't measured, or of one."""
        flops = {rate.sampler: rate.useful_flops for rate in self.training}
        if n_replicas == 1 or REPLICAS not in flops:
            return None
        # A step takes some time for the launch and some for each replica; both follow from the two that were measured.
        gain = flops[REPLICAS] / flops["random"]
        replica_s = max(0.0, (N_REPLICAS / gain - 1) / (N_REPLICAS - 1))
        return n_replicas / (1 + (n_replicas - 1) * replica_s)


class _Bench(_Part):
    device: str
    workloads: tuple[_Workload, ...]


@final
class BenchFile:
    """Takes useful FLOP/s over from the bench's workload that is most like the log.

    The useful operations of a positive follow from width, context and negatives; the rate at which a machine does them is
    alike for logs that are alike.
    """

    is_measured = True
    memory_limit_bytes: int | None = None
    is_per_device = False

    def __init__(self, bench: _Bench, path: Path) -> None:
        self.device = bench.device
        self.how = f"nsbench bench on {bench.device} ({path.name}), one process at a time"
        self._workloads = {part.name: part for part in bench.workloads if part.name in WORKLOADS}

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads a file.

        Raises:
            SettingsError: It can't be read, or `nsbench bench --json` didn't write it.
        """
        try:
            source = cls(_Bench.model_validate_json(read_given(path, "the rates", RECORD_BYTES)), path)
        except ValidationError as error:
            reason = str(error).partition("\n")[0]
            raise SettingsError(
                f"can't take rates from {path}: {reason}; give what `nsbench bench --json > FILE` wrote"
            ) from error
        if not source._workloads:
            raise SettingsError(f"{path} holds none of the workloads {', '.join(WORKLOADS)}; run `nsbench bench` anew")
        return source

    def rates(self, shape: DatasetShape, works: Sequence[RunWork], n_replicas: int = 1) -> list[Rates]:
        """The rates of each load; see `RateSource`.

        What replicas gain was measured with `random`, and is taken for all samplers.

        Raises:
            SettingsError: The bench didn't measure a sampler.
        """
        return [self._rates(self._nearest(shape), work, n_replicas) for work in works]

    def _nearest(self, shape: DatasetShape) -> _Workload:
        dataset = shape.dataset
        mean_length = len(dataset.item_ids) / dataset.n_users

        def distance(name: str) -> float:
            workload = WORKLOADS[name]
            return math.hypot(
                math.log(workload.n_items / dataset.n_items), math.log(workload.mean_length / mean_length)
            )

        return self._workloads[min(self._workloads, key=distance)]

    def _rates(self, workload: _Workload, work: RunWork, n_replicas: int) -> Rates:
        name = work.settings.method.name
        found = [rate.useful_flops for rate in workload.training if rate.sampler == name]
        if not found:
            raise SettingsError(
                f"the bench of {self.device} didn't measure the sampler {name!r} on {workload.name!r}; run there: "
                "nsbench bench --json"
            )
        model = work.settings.model
        per_target = 2 * model.hidden_dim * work.n_candidates
        targets_per_s = workload.evaluation.useful_flops / per_target
        alone = found[0] / flops_per_positive(model, work.mean_context, work.n_negatives)
        gain = workload.gain_of(n_replicas)
        return Rates(
            positives_per_s=alone,
            valid_targets_per_s=targets_per_s,
            test_targets_per_s=targets_per_s / EXPOSURE_FACTOR,
            setup_s=0.0,
            memory_bytes=(workload.peak_memory_bytes + work.sampler_bytes) * (1 if gain is None else n_replicas),
            together_per_s=None if gain is None else alone * gain,
        )
