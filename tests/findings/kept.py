"""Finished runs as lines of a CSV file, and back: what they were, what they cost, and the metrics that the findings rest on."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from nsbench.config import Settings
from nsbench.terms import ALL, BALANCED_COHORTS, CUT_OFF, N_EPOCHS, RunKind, Tag, balance_name, metric_name
from nsbench.tracking.stored_run import StoredRun

MEASURED = Path(__file__).parents[2] / ".readme" / "measured"
"""Where the files lie, one of each kind of run."""

KINDS = (RunKind.ABLATION, RunKind.REPEAT)
"""Those that are kept."""

CUTOFF = 10

_KEYS = ("dataset", "ladder", "rung", "probed", "method", "seed")
"""What makes two runs the same: the later one replaces the other."""

_GROUPS = (ALL, *(cohort.label for cohort in BALANCED_COHORTS))

_METRICS: Mapping[str, str] = {
    **{
        f"{group}_{metric}": metric_name("test", group, metric, CUTOFF)
        for metric in ("hit_rate", "ndcg")
        for group in _GROUPS
    },
    **{f"balance_{metric}": balance_name("test", metric, CUTOFF) for metric in ("hit_rate", "ndcg")},
    **{f"{group}_targets": metric_name("test", group, "n_targets") for group in _GROUPS},
    **{
        name: metric_name("test", ALL, name, CUTOFF) for name in ("coverage", "recommended_popularity", "exposure_gini")
    },
    "train_cpu_s": "cost/train_cpu_s",
    "n_epochs": N_EPOCHS,
    "best_epoch": "best_epoch",
    "cut_off": CUT_OFF,
}
"""Each column's metric."""

_TAGS = {"ladder": Tag.LADDER, "rung": Tag.RUNG, "probed": Tag.PROBED}
_LEFT_OUT = frozenset({"sampler", "loss", "model", "cutoffs"})
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def path_of(kind: RunKind, folder: Path = MEASURED) -> Path:
    """The file of a kind of run."""
    return folder / f"{kind}.csv"


def keep(runs: Iterable[StoredRun], folder: Path = MEASURED) -> dict[RunKind, int]:
    """Takes finished runs into the files, and says how many lines each has then.

    A line of the same run (dataset, place on the ladder, method, seed) is replaced.
    """
    found = [run for run in runs if run.status == "FINISHED"]
    counts = {}
    for kind in KINDS:
        lines = [_line(run) for run in sorted(found, key=lambda run: run.started) if run.kind is kind]
        path = path_of(kind, folder)
        before = [_read(path)] if path.exists() else []
        if not lines and not before:
            continue
        table = pd.concat([*before, pd.DataFrame(lines).astype("string")] if lines else before, ignore_index=True)
        table = table.drop_duplicates(list(_KEYS), keep="last")
        folder.mkdir(parents=True, exist_ok=True)
        table.to_csv(path, index=False)
        counts[kind] = len(table)
    return counts


def kept_runs(kind: RunKind, folder: Path = MEASURED) -> list[StoredRun]:
    """The runs of a file as a reader of the store gives them, without ranks; oldest first."""
    table = _read(path_of(kind, folder))
    return list(_stored(kind, table))


def datasets(runs: Sequence[StoredRun]) -> tuple[str, ...]:
    """The logs that runs are on, in the order of their first one."""
    return tuple(dict.fromkeys(run.dataset for run in runs))


def _line(run: StoredRun) -> dict[str, str]:
    own = {name: run.tags.get(tag, "") for name, tag in _TAGS.items()}
    metrics = {name: f"{run.metrics[metric]:.6g}" for name, metric in _METRICS.items() if metric in run.metrics}
    return {
        "dataset": run.dataset,
        **own,
        "method": run.sampler,
        "seed": str(run.seed),
        "label": run.label,
        "hash": run.dataset_hash,
        "protocol": run.protocol,
        "fingerprint": run.fingerprint,
        "version": run.tags.get(Tag.VERSION, ""),
        "is_trained": str(int(Tag.EVALUATED not in run.tags)),
        "settings": _settings(run),
        **metrics,
    }


def _settings(run: StoredRun) -> str:
    """What is otherwise than the method's defaults; of a rung of the ladder, which says it, no more than the epochs."""
    names = ["max_epochs", "replay_factor"]
    if run.kind is not RunKind.ABLATION:
        usual = {name: str(value) for name, value in Settings.of(run.sampler).flat().items()}
        names = [name for name, text in run.params.items() if name not in _LEFT_OUT and usual.get(name) != text]
    return " ".join(f"{name}={run.params[name]}" for name in names if name in run.params)


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype="string", keep_default_na=False)


def _stored(kind: RunKind, table: pd.DataFrame) -> Iterator[StoredRun]:
    for place, line in enumerate(table.to_dict("records")):
        tags = {str(tag): line[name] for name, tag in _TAGS.items() if line[name]}
        tags[str(Tag.VERSION)] = line["version"]
        if line["is_trained"] == "0":
            tags[str(Tag.EVALUATED)] = "the run of a rung below"
        settings = dict(part.split("=", 1) for part in line["settings"].split())
        yield StoredRun(
            run_id="/".join(line[name] for name in _KEYS),
            name=f"{line['method']} seed {line['seed']}",
            status="FINISHED",
            kind=kind,
            dataset=line["dataset"],
            dataset_hash=line["hash"],
            sampler=line["method"],
            label=line["label"],
            # The order in which they were taken in stands for their times.
            started=_BEGAN + timedelta(seconds=place),
            seed=int(line["seed"]),
            protocol=line["protocol"],
            fingerprint=line["fingerprint"],
            params=settings,
            metrics={metric: float(line[name]) for name, metric in _METRICS.items() if line.get(name)},
            tags=tags,
        )
