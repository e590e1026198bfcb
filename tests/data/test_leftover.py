"""What a killed command left is removed by the next one; what a living one writes, and another machine left, is not."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nsbench.data.leftover import OLD, PARTIAL, clear_leftovers, working_folder
from nsbench.files.disk import write_atomically

HOLDER = """
import sys, time
from pathlib import Path
from nsbench.data.leftover import working_folder
with working_folder(Path({parent!r}), {name!r}, {suffix!r}) as folder:
    (folder / "part").write_bytes(bytes(1000))
    if {suffix!r} == ".old":
        (folder / "dataset").mkdir()
    print(folder, flush=True)
    time.sleep(60)
"""


@contextmanager
def holding(parent: Path, name: str = "log.v1", suffix: str = PARTIAL) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process with a working folder."""
    code = HOLDER.format(parent=str(parent), name=name, suffix=suffix)
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process, Path(process.stdout.readline().strip())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_living_process_keeps_its_folder_and_a_killed_one_does_not(tmp_path: Path) -> None:
    with holding(tmp_path) as (process, folder):
        clear_leftovers(tmp_path)
        assert (folder / "part").stat().st_size == 1_000
        process.kill()
        process.wait()
        assert folder.exists()
        clear_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_dataset_that_lost_its_place_to_none_is_put_back(tmp_path: Path) -> None:
    with holding(tmp_path, suffix=OLD) as (process, _):
        process.kill()
        process.wait()
        clear_leftovers(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["log.v1"]


def test_a_replaced_dataset_goes_where_its_replacement_is_there(tmp_path: Path) -> None:
    (tmp_path / "log.v1").mkdir()
    (tmp_path / "log.v1" / "new").touch()
    with holding(tmp_path, suffix=OLD) as (process, _):
        process.kill()
        process.wait()
        clear_leftovers(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["log.v1", "new"]


@pytest.mark.parametrize(("hours", "is_kept"), [(23, True), (25, False)])
@pytest.mark.parametrize("owner", [None, "elsewhere/another-start"])
def test_what_another_machine_left_goes_after_a_day(
    tmp_path: Path, owner: str | None, hours: int, is_kept: bool
) -> None:
    folder = tmp_path / ".log.abc.partial"
    folder.mkdir()
    if owner is not None:
        (folder / ".owner").write_text(owner)
    (folder / "part").touch()
    then = (folder / "part").stat().st_mtime - 3_600 * hours
    for path in (*folder.iterdir(), folder):
        os.utime(path, (then, then))
    clear_leftovers(tmp_path)
    assert folder.exists() is is_kept


def test_nothing_else_is_touched(tmp_path: Path) -> None:
    for name in (".hidden", "log.partial", "log.old", ".log.partial.txt"):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (0, 0))
    clear_leftovers(tmp_path)
    clear_leftovers(tmp_path / "missing")
    assert len(list(tmp_path.iterdir())) == 4


def test_an_interrupted_process_leaves_nothing(tmp_path: Path) -> None:
    def work() -> None:
        with working_folder(tmp_path, "log", PARTIAL) as folder:
            (folder / "part").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert list(tmp_path.iterdir()) == []


WRITER = """
import sys, time
from pathlib import Path
from nsbench.files.disk import write_atomically
def write(path):
    path.write_bytes(bytes(1000))
    print("written", flush=True)
    time.sleep(60)
write_atomically(Path({path!r}), write)
"""


def test_a_killed_writer_leaves_its_partial_file_to_the_next_one_of_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "model[1].safetensors"
    process = subprocess.Popen([sys.executable, "-c", WRITER.format(path=str(path))], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "written\n"
    write_atomically(path, lambda partial: partial.write_text("first"))
    assert len(list(tmp_path.iterdir())) == 2
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    write_atomically(path, lambda partial: partial.write_text("second"))
    assert [(found.name, found.read_text()) for found in tmp_path.iterdir()] == [(path.name, "second")]
