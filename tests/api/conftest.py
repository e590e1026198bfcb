"""What the example of the README leaves behind, once for all tests of the Python interface: they read its runs."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

EXAMPLE = Path(__file__).parent / "example_notebook.py"

collect_ignore = [EXAMPLE.name]  # It is a script, and importing it would run it.


@dataclass(frozen=True)
class Ran:
    """The example's folder with views.csv, its home, and what it wrote."""

    folder: Path
    home: Path
    code: int
    out: str
    err: str


def small_log() -> pd.DataFrame:
    """60 users who take 25 interactions each, a minute apart; popular items come up more often."""
    rows = [(f"u{k % 60}", f"i{(k * k + k // 60) % 23 % (3 + k % 21)}", 1_600_000_000 + 60 * k) for k in range(1500)]
    return pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp"])


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The example as a plain script without a main guard, in a folder that holds the log alone."""
    folder, home = tmp_path_factory.mktemp("example"), tmp_path_factory.mktemp("home")
    small_log().to_csv(folder / "views.csv", index=False)
    environment = {**os.environ, "NSBENCH_HOME": str(home), "NSBENCH_DEVICE": "cpu"}
    for name in ("MLFLOW_TRACKING_URI", "NSBENCH_STUDY_STORAGE", "FORCE_COLOR"):
        environment.pop(name, None)
    (folder / "script.py").write_text(EXAMPLE.read_text())
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return Ran(folder, home, done.returncode, done.stdout, done.stderr)
