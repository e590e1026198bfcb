"""A report that was killed leaves nothing that the next one does not remove; one at work is left alone."""

import os
import signal
import subprocess
import sys
import time

from nsbench.report.scratch import remove_remnants, scratch_folder

MAKE = """
import sys, time
from pathlib import Path
from nsbench.report.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "large").write_text("x")
    print("made", flush=True)
    time.sleep(60)
"""


def test_the_folder_of_a_killed_report_is_removed_by_the_next_one(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", MAKE, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"made\n"
    (left,) = tmp_path.iterdir()
    with scratch_folder(tmp_path):
        assert left.exists()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with scratch_folder(tmp_path):
        assert not left.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_lock_is_removed_once_it_is_old(tmp_path):
    folders = [tmp_path / ".report-new", tmp_path / ".report-old", tmp_path / "report-mine"]
    for folder in folders:
        folder.mkdir()
    two_hours_ago = time.time() - 7200
    for folder in folders[1:]:
        os.utime(folder, (two_hours_ago, two_hours_ago))
    remove_remnants(tmp_path)
    assert [folder.exists() for folder in folders] == [True, False, True]
