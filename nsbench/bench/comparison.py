"""Two benches side by side: every figure of both, as a ratio."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from nsbench.bench.run import BenchResult
from nsbench.errors import SettingsError
from nsbench.files.given_file import RECORD_BYTES, read_given

MEASURED = ("workloads", "throughput", "overhead", "preparation")
"""The parts of a bench's record that hold figures."""

CONDITIONS = (
    "device",
    "machine",
    "clock",
    "n_cores",
    "plan/n_negatives",
    "plan/n_threads",
    "plan/n_workers",
    "plan/negative_sharing",
)
"""What should be alike in two benches that are compared."""


@dataclass(frozen=True)
class Change:
    """A figure of two benches.

    Attributes:
        name: Such as "dense/random/positives_per_s".
        earlier: Then.
        now: Now.
    """

    name: str
    earlier: float
    now: float

    @property
    def ratio(self) -> float:
        """Now over earlier; not a number where that was 0."""
        return self.now / self.earlier if self.earlier else float("nan")


@dataclass(frozen=True)
class Comparison:
    """What has changed since an earlier bench.

    Attributes:
        changes: Every figure that both have.
        differences: Conditions that are not alike, such as "plan/n_negatives: 100, now 200".
    """

    changes: tuple[Change, ...]
    differences: tuple[str, ...]


def record_of(result: BenchResult) -> str:
    """The bench as JSON: what `--json` prints and `--compare` reads."""
    return json.dumps(asdict(result), indent=2)


def compare(result: BenchResult, path: Path) -> Comparison:
    """Compares with the bench of a file that `nsbench bench --json` wrote.

    Raises:
        SettingsError: The file can't be read, or is something else.
    """
    earlier, now = read_record(path), json.loads(record_of(result))
    before, after = figures_of(earlier), figures_of(now)
    # Benches that don't say who shares a draw were made when only a user's positions did.
    conditions = {"plan/negative_sharing": "user", **dict(_leaves(earlier, ""))}, dict(_leaves(now, ""))
    differences = [
        f"{name}: {conditions[0][name]}, now {conditions[1][name]}"
        for name in CONDITIONS
        if name in conditions[0] and conditions[0][name] != conditions[1][name]
    ]
    changes = [Change(name, before[name], value) for name, value in after.items() if name in before]
    return Comparison(tuple(changes), tuple(differences))


def read_record(path: Path) -> Mapping[str, object]:
    """A bench's record.

    Raises:
        SettingsError: The file can't be read, or holds no bench.
    """
    content = read_given(path, "the earlier bench", RECORD_BYTES)
    try:
        record = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SettingsError(
            f"can't compare with {path}: {error}; give a file that nsbench bench --json wrote"
        ) from error
    if not isinstance(record, dict) or not figures_of(record):
        raise SettingsError(f"{path} holds no bench; give a file that nsbench bench --json wrote")
    return record


def figures_of(record: Mapping[str, object]) -> dict[str, float]:
    """Every measured number by its path; the parts of a list go by what they are named.

    >>> figures_of({"workloads": [{"name": "dense", "training": [{"sampler": "random", "positives_per_s": 8.0}]}]})
    {'dense/random/positives_per_s': 8.0}
    """
    parts = {name: record[name] for name in MEASURED if name in record}
    workloads = parts.pop("workloads", [])
    leaves = [*_leaves(workloads, ""), *_leaves(parts, "")]
    return {
        name.replace("/training/", "/"): float(value)
        for name, value in leaves
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _leaves(part: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(part, Mapping):
        for name, value in part.items():
            yield from _leaves(value, f"{path}/{name}" if path else str(name))
    elif isinstance(part, list):
        for number, value in enumerate(part):
            yield from _leaves(value, "/".join(filter(None, (path, _name_of(value, number)))))
    else:
        yield path, part


def _name_of(element: object, number: int) -> str:
    """What an element of a list goes by: its name, its sampler, its form, or its place."""
    if isinstance(element, Mapping):
        for key in ("name", "sampler", "form"):
            if key in element:
                return str(element[key])
    return str(number)
