"""`python -m tests.findings`: takes finished runs of homes into `.readme/measured`, and prints the tables that rest on them."""

import argparse
import sys
from pathlib import Path

from nsbench.files.home import Home
from nsbench.terms import RunKind
from nsbench.tracking.store import open_store
from tests.findings.kept import KINDS, MEASURED, keep, kept_runs
from tests.findings.tables import ladder_page


def main() -> int:
    """Keeps, then prints; 2 where a folder has no runs."""
    parser = argparse.ArgumentParser(prog="python -m tests.findings", description=__doc__)
    parser.add_argument(
        "--keep", action="append", type=Path, default=[], metavar="HOME", help="a home to take runs from"
    )
    options = parser.parse_args()
    for folder in options.keep:
        if not folder.is_dir():
            print(f"there is no home {folder}", file=sys.stderr)
            return 2
        reader = open_store(Home(folder)).reader()
        for dataset in reader.datasets():
            counts = keep(reader.runs(dataset, KINDS))
            print(f"{folder}, {dataset}: " + ", ".join(f"{kind}.csv has {n} runs now" for kind, n in counts.items()))
    if (MEASURED / f"{RunKind.ABLATION}.csv").exists():
        print("\n".join(ladder_page(kept_runs(RunKind.ABLATION))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
