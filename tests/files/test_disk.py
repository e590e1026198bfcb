"""Files are written whole or not at all."""

import errno
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file

from nsbench.errors import StorageError
from nsbench.files.disk import check_place, is_full, storage_error, write_atomically
from tests.full_disk import full_disk


def test_a_file_is_replaced_whole_and_nothing_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    write_atomically(path, lambda partial: partial.write_text("old"))
    write_atomically(path, lambda partial: partial.write_text("new"))
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def half(partial: Path) -> None:
        partial.write_text("ne")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, half)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_can_hold_no_file_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    check_place("the checkpoint", tmp_path / "new" / "folder" / "model")
    check_place("the checkpoint", tmp_path / "file")
    assert not (tmp_path / "new").exists()
    for place in (tmp_path, tmp_path / "file" / "model", Path("/dev/null")):
        with pytest.raises(StorageError, match="give"):
            check_place("the checkpoint", place)


def test_the_message_says_what_where_why_and_how_much(tmp_path: Path) -> None:
    """12,345,678 bytes are 12.3 MB."""
    path = tmp_path / "not" / "there"
    error = storage_error("the trained model", path, OSError(errno.ENOSPC, "No space left on device"), 12_345_678)
    assert str(error).startswith(
        f"can't write the trained model {path}: No space left on device; it needs 12.3 MB and "
    )
    assert "MB are free there" in str(error)


ARRAY = np.arange(20_000)

WRITERS: dict[str, Callable[[Path], object]] = {
    "python": lambda path: path.write_bytes(ARRAY.tobytes()),
    "numpy": lambda path: np.save(path, ARRAY),
    "polars, streaming": lambda path: pl.LazyFrame({"a": ARRAY}).sink_ipc(path),
    "polars, Arrow": lambda path: pl.DataFrame({"a": ARRAY}).write_ipc(path),
    "polars, Parquet": lambda path: pl.DataFrame({"a": ARRAY}).write_parquet(path, compression="uncompressed"),
    "polars, CSV": lambda path: pl.DataFrame({"a": ARRAY}).write_csv(path),
    "pyarrow": lambda path: pq.write_table(pa.table({"a": ARRAY}), path, compression=None),
    "safetensors": lambda path: save_file({"a": torch.from_numpy(ARRAY)}, path),
}


@pytest.mark.parametrize("library", WRITERS)
def test_a_full_disk_is_recognised_whichever_library_writes(tmp_path: Path, library: str) -> None:
    with full_disk(1000), pytest.raises(Exception) as caught:  # noqa: PT011 - each library has its own.
        WRITERS[library](tmp_path / "file.npy")
    assert is_full(caught.value)


def test_a_full_disk_is_recognised_behind_another_error() -> None:
    error = RuntimeError("can't save")
    error.__cause__ = OSError(errno.EDQUOT, "Disk quota exceeded")
    assert is_full(error)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EACCES, "Permission denied (os error 28)"),
        OSError("Permission denied (os error 13)"),
        OSError("Value too large (os error 271)"),
        OSError("No such file or directory (os error 2): /data/(os error 28)/log"),
        pl.exceptions.ComputeError("could not parse '[errno' in column disk is full of"),
        ValueError("27"),
    ],
)
def test_what_only_looks_like_a_full_disk_is_none(error: Exception) -> None:
    """The numbers are Linux's: 2 no such file, 13 not permitted, 27 too large, 28 no room, 122 over the quota."""
    assert not is_full(error)
