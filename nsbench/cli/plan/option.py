"""What the options of `nsbench plan` say of where a profile would run."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from nsbench.command.worker_pool import replicas_of
from nsbench.files.home import Home

if TYPE_CHECKING:
    from nsbench.forecast.rate import RateSource

HERE = ("cpu", "cuda")
"""The devices of this machine."""


def place_of_options(device: str | None, gpus: int, workers: int | None, rates: Path | None) -> tuple[str, int]:
    """Where it would run, as the kept prediction's name has it, and how many runs at once."""
    from nsbench.errors import SettingsError
    from nsbench.forecast import plan_file
    from nsbench.study.workers.process_pool import default_workers

    if rates is not None and device is not None:
        raise SettingsError("--rates and --device both say where rates come from; give one of them")
    if rates is not None:
        return f"{rates.stem}-x{workers or 1}", workers or 1
    if device is None or device in HERE:
        if gpus > 1:
            raise SettingsError("--gpus goes with --device of configs/devices; for this machine give --workers")
        return plan_file.HERE, workers or default_workers()
    return f"{Path(device).stem}-x{gpus}", workers or gpus


def replicas_of_options(device: str | None, rates: Path | None, replicas: int | None) -> int:
    """How many runs a worker would train side by side, at most, unless set otherwise."""
    from nsbench.study.workers.process_pool import MOST_REPLICAS

    if replicas is not None:
        return replicas
    if rates is not None:
        from nsbench.forecast.bench_file import BenchFile

        return 1 if BenchFile.read(rates).device.startswith("cpu") else MOST_REPLICAS
    if device is not None:
        return 1 if device == "cpu" else MOST_REPLICAS
    return replicas_of("processes", 0.0, None)


def source_of_options(
    device: str | None, rates: Path | None, n_at_once: int, seconds: float, home: Home
) -> "RateSource":
    """Where rates come from.

    Raises:
        SettingsError: There is no such file or device.
    """
    from nsbench.forecast.bench_file import BenchFile
    from nsbench.forecast.device_file import Device
    from nsbench.forecast.measurement import LocalRates

    if rates is not None:
        return BenchFile.read(rates)
    if device is not None and device not in HERE:
        return Device.named(device)
    if device is not None:
        os.environ["NSBENCH_DEVICE"] = device  # The measuring processes inherit it.
    return LocalRates(home, n_at_once, seconds)
