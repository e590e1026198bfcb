"""How GPUs are found and shared out."""

from pathlib import Path

import pytest

from nsbench.study.gpu import gpus_of_machine, least_used


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


def test_three_workers_of_two_gpus_take_turns() -> None:
    taken: list[str | None] = []
    for _ in range(3):
        taken.append(least_used(("cuda:0", "cuda:1"), taken))
    assert taken == ["cuda:0", "cuda:1", "cuda:0"]
    assert least_used((), [None]) is None
