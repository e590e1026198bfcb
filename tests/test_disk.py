"""Files are written whole or not at all."""

import errno
from pathlib import Path

import pytest

from nsbench.disk import check_place, storage_error, write_whole
from nsbench.errors import StorageError


def test_a_file_is_replaced_whole_and_nothing_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    write_whole(path, lambda partial: partial.write_text("old") and None)
    write_whole(path, lambda partial: partial.write_text("new") and None)
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def half(partial: Path) -> None:
        partial.write_text("ne")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_whole(path, half)
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
