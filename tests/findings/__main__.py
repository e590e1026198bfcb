"""`python -m tests.findings`: takes finished runs of homes into `.readme/measured`, and the page's tables from there."""

import argparse
import sys
from pathlib import Path

from nsbench.files.home import Home
from nsbench.terms import RunKind
from nsbench.tracking.store import open_store
from tests.findings.kept import KINDS, keep, kept_runs, path_of
from tests.findings.page import PAGE, page_tables, with_tables
from tests.findings.tables import ladder_page


def main() -> int:
    """Keeps, then prints and writes; 2 where a folder has no runs."""
    parser = argparse.ArgumentParser(prog="python -m tests.findings", description=__doc__)
    parser.add_argument(
        "--keep", action="append", type=Path, default=[], metavar="HOME", help="a home to take runs from"
    )
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}")
    options = parser.parse_args()
    for folder in options.keep:
        if not folder.is_dir():
            print(f"there is no home {folder}", file=sys.stderr)
            return 2
        reader = open_store(Home(folder)).reader()
        for dataset in reader.datasets():
            counts = keep(reader.runs(dataset, KINDS))
            print(f"{folder}, {dataset}: " + ", ".join(f"{kind}.csv has {n} runs now" for kind, n in counts.items()))
    if path_of(RunKind.ABLATION).exists():
        print("\n".join(ladder_page(kept_runs(RunKind.ABLATION))))
    for table in page_tables():
        print("\n".join(["", *table]))
    if options.write:
        PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), page_tables()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
