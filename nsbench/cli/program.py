"""What to type to run nsbench: the lines that commands suggest should work as they stand."""

import shutil
import sys
from pathlib import Path


def program() -> str:
    """`nsbench` where the shell finds it, else the path that this process was started by."""
    return "nsbench" if shutil.which("nsbench") or Path(sys.argv[0]).name != "nsbench" else sys.argv[0]
