"""Prepares the Parquet files whose names come by standard input, and says what came of each: run as a process of its own.

A reader of damaged Parquet may end the process that it runs in, and that must not be the tests'.
"""

import sys
import tempfile
from pathlib import Path

from nsbench.data.log.read_options import ReadOptions
from nsbench.errors import LogError
from tests.data.log_check import prepared


def main() -> None:
    """Writes a line for each file: equal, refused, or the error that nobody should see."""
    with tempfile.TemporaryDirectory() as folder:
        for line in sys.stdin:
            content = Path(line.rstrip("\n")).read_bytes()
            try:
                found = prepared("log.parquet", content, ReadOptions(skip_bad_rows=True), "keep", Path(folder))
            except BaseException as error:
                print(f"{type(error).__name__}: {error}".splitlines()[0], flush=True)
            else:
                print("refused" if isinstance(found, LogError) else "read", flush=True)


if __name__ == "__main__":
    main()
