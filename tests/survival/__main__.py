"""`make survive KILLS=200`: many studies under random kills, half of them in PostgreSQL, and what became of them."""

import argparse
import sys
import tempfile
import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

from tests.postgres_cluster import running_cluster, why_no_postgres
from tests.survival.scene import Outcome, Scene, prepare_template

_KILLS_A_STUDY = 6


def main() -> int:
    """Runs studies until the kills are spent; 1 where any book differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    no_postgres = why_no_postgres()
    print(f"PostgreSQL: {no_postgres or 'every second study'}", flush=True)
    began, outcomes = time.monotonic(), {"sqlite": [], "PostgreSQL": []}
    folder = Path(tempfile.mkdtemp(prefix="nsbench-survival-"))
    scene = Scene(folder, prepare_template(folder))
    with nullcontext() if no_postgres else running_cluster() as cluster:
        number, n_kills = 0, 0
        while n_kills < options.kills:
            store = "PostgreSQL" if cluster is not None and number % 2 else "sqlite"
            wanted = min(_KILLS_A_STUDY, options.kills - n_kills)
            seed = options.seed + number
            outcome = scene.play(f"study{number}", wanted, seed, cluster if store == "PostgreSQL" else None)
            outcomes[store].append(outcome)
            n_kills += sum(outcome.storm.n_kills.values())
            number += 1
            print(f"{n_kills:4d} kills  seed {seed}  {store:10s} {_line(outcome)}", flush=True)
    for store, found in outcomes.items():
        print(f"{store}: {_sum(found)}")
    print(f"{time.monotonic() - began:.0f} s; logs and what differs in {folder}")
    return int(any(outcome.mismatches for found in outcomes.values() for outcome in found))


def _line(outcome: Outcome) -> str:
    storm = outcome.storm
    kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(storm.n_kills.items())) or "none"
    return f"{kinds}; {storm.n_commands} commands; {'; '.join(outcome.mismatches) or 'all books agree'}"


def _sum(outcomes: list[Outcome]) -> str:
    kinds = sum((outcome.storm.n_kills for outcome in outcomes), Counter())
    n_restarts = sum(outcome.storm.n_commands - 1 for outcome in outcomes)
    n_wrong = sum(bool(outcome.mismatches) for outcome in outcomes)
    kills = ", ".join(f"{number} of a {kind}" for kind, number in sorted(kinds.items()))
    return (
        f"{len(outcomes)} studies, {sum(kinds.values())} kills ({kills}), {n_restarts} restarts, "
        f"{sum(outcome.n_trials for outcome in outcomes)} trials planned, {n_wrong} studies with a mismatch"
    )


if __name__ == "__main__":
    sys.exit(main())
