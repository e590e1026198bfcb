"""How GPUs are found and shared out."""

from pathlib import Path

import pytest

from nsbench.errors import SettingsError
from nsbench.study.workers import gpu
from nsbench.study.workers.gpu import check_device, gpus_of_machine, least_used
from nsbench.study.workers.process_pool import ProcessPool


@pytest.fixture
def two_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The device files of a machine with two GPUs, and an environment that says nothing of them."""
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()
    for name in ("NSBENCH_DEVICE", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_every_gpu_of_the_machine_is_shared_out(two_gpus: Path, tmp_path: Path) -> None:
    assert gpus_of_machine(two_gpus) == ("cuda:0", "cuda:1")
    assert gpus_of_machine(tmp_path / "nothing") == ()


@pytest.mark.parametrize(
    ("device", "visible", "expected"),
    [
        ("cpu", None, ()),
        ("cuda:1", None, ("cuda:1",)),
        ("cuda", None, ("cuda:0", "cuda:1")),
        ("", "3", ("cuda:0",)),
        ("", "", ()),
        ("cuda", "", ("cuda",)),
    ],
)
def test_the_environment_has_its_say(
    two_gpus: Path, monkeypatch: pytest.MonkeyPatch, device: str, visible: str | None, expected: tuple[str, ...]
) -> None:
    """Visible devices are numbered from 0 anew; a GPU that is asked for but not seen is left to torch."""
    monkeypatch.setenv("NSBENCH_DEVICE", device)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpus_of_machine(two_gpus) == expected


@pytest.mark.parametrize(
    ("device", "graphs", "message"),
    [
        ("gpu0", "", "NSBENCH_DEVICE is 'gpu0'"),
        ("cpu", "1", "a CPU, which has no graphs"),
        ("cpu", "on", "set it to 1 or 0"),
    ],
)
def test_a_device_that_is_not_there_is_refused_before_any_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, device: str, graphs: str, message: str
) -> None:
    monkeypatch.setenv("NSBENCH_DEVICE", device)
    monkeypatch.setenv("NSBENCH_CUDA_GRAPHS", graphs)
    with pytest.raises(SettingsError, match=message), ProcessPool(1, tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("device", ["", "cpu"])
def test_a_cpu_needs_no_looking_for(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    """No process is started, which would take as long as torch takes to import."""
    monkeypatch.setenv("NSBENCH_DEVICE", device)
    monkeypatch.setattr(gpu, "ProcessPoolExecutor", None)
    check_device()


def test_three_workers_of_two_gpus_take_turns() -> None:
    taken: list[str | None] = []
    for _ in range(3):
        taken.append(least_used(("cuda:0", "cuda:1"), taken))
    assert taken == ["cuda:0", "cuda:1", "cuda:0"]
    assert least_used((), [None]) is None
