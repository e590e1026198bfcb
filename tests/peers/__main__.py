"""`python -m tests.peers`: nsbench trained beside other implementations' figures, and both in a table with the noise."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from nsbench.files.home import Home
from tests.peers.figure import COLUMNS, Figure, figures_of, noise_of
from tests.peers.training import LOGS, PEERS, prepared, settings_of, trained


def main() -> int:
    """Trains and prints, one log after the other; 2 where the logs are missing or nothing is chosen."""
    parser = argparse.ArgumentParser(prog="python -m tests.peers", description=__doc__)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--log", default="amazon_beauty", help="a folder of the real logs")
    parser.add_argument(
        "--method", action="append", help="one of the peer's methods, such as random; all where left out"
    )
    parser.add_argument("--seeds", type=int, default=1, help="runs of each")
    parser.add_argument("--epochs", type=int, help="fewer than the peer's, for a look; then nothing agrees")
    options = parser.parse_args()
    figures = figures_of(options.peer)
    rows = _rows(figures, options.log, options.method)
    if not rows or not (LOGS / options.log).is_dir():
        known = ", ".join(sorted({figure.method for figure in figures if figure.log == options.log}))
        print(
            f"nothing to do: {options.log} is not in {LOGS}, or none of its methods is chosen: {known}", file=sys.stderr
        )
        return 2
    peer = PEERS[options.peer]
    with tempfile.TemporaryDirectory(prefix="nsbench-peers-") as folder:
        dataset = prepared(peer, options.log, Home(Path(folder)))
        print(f"{'':58}" + "".join(f"{column:>10}" for column in COLUMNS))
        for row in rows:
            settings = settings_of(peer, row[0], options.epochs)
            runs = [trained(settings, dataset, seed) for seed in range(options.seeds)]
            _show(row, runs, figures)
    return 0


def _rows(figures: Sequence[Figure], log: str, methods: Sequence[str] | None) -> list[list[Figure]]:
    """The figures of each training, peers' and ours."""
    rows: dict[object, list[Figure]] = {}
    for figure in figures:
        if figure.log == log and (methods is None or figure.method in methods):
            rows.setdefault((figure.method, *sorted(figure.settings.items())), []).append(figure)
    return list(rows.values())


def _show(row: Sequence[Figure], runs: Sequence[dict[str, float]], figures: Sequence[Figure]) -> None:
    """A training's figures, what came of it, and how far it is off the peer's, beside the noise."""
    first = row[0]
    print(" ".join((first.method, *(f"{name}={value}" for name, value in first.settings.items()))))
    for figure in row:
        before = " (then)" if figure.is_ours else ""
        _line(f"  {figure.source}{before}", figure.values)
    for seed, found in enumerate(runs):
        _line(f"  nsbench now, seed {seed}", found)
    theirs = [figure for figure in row if not figure.is_ours]
    if not theirs:
        return
    means = {column: sum(found[column] for found in runs) / len(runs) for column in COLUMNS}
    off = {}
    for column in COLUMNS:
        values = [figure.values[column] for figure in theirs if column in figure.values]
        if values:
            off[column] = means[column] - sum(values) / len(values)
    noise = {column: noise_of(figures, column, len(runs), len(theirs), len(off)) for column in off}
    _line("  difference", off)
    _line("  noise between seeds, 95 % of rows", noise)
    print(
        "  beyond the noise: " + (", ".join(name for name in off if abs(off[name]) > noise[name]) or "nothing"),
        flush=True,
    )


def _line(title: str, values: object) -> None:
    assert isinstance(values, dict)
    print(f"{title:58}" + "".join(f"{values[column]:10.4f}" if column in values else f"{'':10}" for column in COLUMNS))


if __name__ == "__main__":
    sys.exit(main())
