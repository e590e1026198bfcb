"""What `--json` says of runs: of the one that `train` made, of baselines, and of the repeats of a method."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nsbench.terms import CUT_OFF, deviation_name

if TYPE_CHECKING:
    from nsbench.tracking.record import RunRecord
    from nsbench.tracking.stored_run import StoredRun


def record_document(record: "RunRecord", checkpoint: Path) -> dict[str, object]:
    """A run that has just ended; without id and name where it was not recorded."""
    plan = record.plan
    return {
        "run_id": record.run_id,
        "run_name": None if record.run_id is None else _name_in_store(record),
        "dataset": plan.dataset,
        "dataset_hash": plan.dataset_hash,
        "protocol": plan.protocol,
        "sampler": plan.sampler,
        "seed": plan.seed,
        "settings": plan.params,
        "metrics": record.metrics,
        "best_epoch": record.best_epoch,
        "n_epochs": record.cost.n_epochs,
        "cut_off": bool(record.metrics[CUT_OFF]),
        "checkpoint": checkpoint,
    }


def _name_in_store(record: "RunRecord") -> str:
    # Imports mlflow, which a run that isn't recorded has no need of.
    from nsbench.tracking.writing.run_start import run_name

    return run_name(record.plan)


def baselines_document(
    dataset: str, labels: Mapping[str, str], runs: "Sequence[StoredRun]", n_failed: int
) -> dict[str, object]:
    """The baselines on a dataset, in the order of tables.

    Args:
        dataset: Its name.
        labels: The label of each baseline by its name.
        runs: Their finished runs, oldest first; of a baseline that ran twice the later one is taken.
        n_failed: How many failed.
    """
    latest = {run.sampler: run for run in runs}
    found = [
        {
            "name": name,
            "label": label,
            "run_id": latest[name].run_id,
            "run_name": latest[name].name,
            "metrics": latest[name].metrics,
        }
        for name, label in labels.items()
        if name in latest
    ]
    return {"dataset": dataset, "baselines": found, "n_failed": n_failed}


def method_document(
    sampler: str, settings: Mapping[str, object], repeats: "Sequence[StoredRun]", n_failed: int
) -> dict[str, object]:
    """A method's repeats: each test metric's mean, standard deviation and number of runs, as in the run of its summary.

    Args:
        sampler: The method's name: a sampler's, and what of loss and backbone isn't the default.
        settings: All of them, by name.
        repeats: The finished repeats of these settings on the dataset under the protocol, oldest first.
        n_failed: How many failed.
    """
    from nsbench.tracking.method_summary import counted, summary_of

    runs, summary = counted(repeats), summary_of(repeats)
    means = {} if summary is None else summary.metrics
    names = [name for name in (runs[0].metrics if runs else ()) if name.startswith("test/") and name in means]
    return {
        "sampler": sampler,
        "study": None if summary is None else summary.study,
        "settings": settings,
        "metrics": {
            name: {"mean": means[name], "sd": means.get(deviation_name(name)), "n": len(runs)} for name in sorted(names)
        },
        "runs": [
            {"run_id": run.run_id, "run_name": run.name, "seed": run.seed, "cut_off": bool(run.metrics.get(CUT_OFF))}
            for run in sorted(runs, key=lambda run: run.seed or 0)
        ],
        "n_failed": n_failed,
    }
