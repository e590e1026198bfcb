"""All recorded runs as one DataFrame."""

from collections.abc import Mapping, Sequence

import pandas as pd

from nsbench.api.dataset import Dataset, Place, home_of, name_of
from nsbench.api.wording import worded
from nsbench.errors import SettingsError
from nsbench.terms import DERIVED_KINDS, RunKind
from nsbench.tracking.store import open_store
from nsbench.tracking.stored_run import StoredRun

_WORDS: dict[str, bool | None] = {"True": True, "False": False, "None": None}


@worded
def results(
    dataset: Dataset | str | None = None, *, kind: str | Sequence[str] | None = None, home: Place = None
) -> pd.DataFrame:
    """All recorded runs, one row each: what was run, how it ended, its settings and its metrics.

    Args:
        dataset: Only runs on this dataset; None: on all of them.
        kind: Only runs of this kind, or of these: trial, repeat, baseline, single; study and summary, which sum up
            others; evaluation and final, which come after them; ablation, of `ablate`. None: the first four.
        home: The folder where everything is kept; None: that of the dataset, or NSBENCH_HOME.

    Returns:
        First the columns dataset, method, label, kind, study, trial, seed, status, started, ended, run_id, dataset_hash,
        protocol and fingerprint (equal for runs that differ in seed and budget only); then each setting by its name; then each
        metric by its full name, such as `test/all/hit_rate_at_10` or `cost/train_s`. What a run lacks is missing.

    Raises:
        SettingsError: There is no such kind.
        TrackingError: Nothing is recorded, or nothing of the dataset.

    Examples:
        >>> runs = nsbench.results("shop", kind="repeat")  # doctest: +SKIP
        >>> runs.groupby("method")[["test/all/hit_rate_at_10", "cost/train_s"]].mean()  # doctest: +SKIP
    """
    wanted = _kinds(kind)
    reader = open_store(home_of(home, dataset or "")).reader()
    names = reader.datasets() if dataset is None else (name_of(dataset),)
    runs = [run for own in reader.all_runs(names).values() for run in own if run.kind in wanted]
    return table_of_runs(runs)


def table_of_runs(runs: Sequence[StoredRun]) -> pd.DataFrame:
    """Some runs with the columns that `results` has."""
    identity = [_identity(run) for run in runs]
    settings = [{name: _value(text) for name, text in run.params.items()} for run in runs]
    parts = [
        pd.DataFrame(identity, columns=list(_COLUMNS)).astype({"trial": "Int64", "seed": "Int64"}),
        pd.DataFrame(settings, columns=_names(settings)),
        pd.DataFrame([run.metrics for run in runs], columns=_names([run.metrics for run in runs]), dtype=float),
    ]
    return pd.concat(parts, axis=1)


_COLUMNS = (
    "dataset", "method", "label", "kind", "study", "trial", "seed", "status", "started", "ended", "run_id", "dataset_hash",
    "protocol", "fingerprint",
)  # fmt: skip


def _identity(run: StoredRun) -> tuple[object, ...]:
    return (
        run.dataset, run.sampler, run.label, str(run.kind), run.study, run.trial, run.seed, run.status, run.started, run.ended,
        run.run_id, run.dataset_hash, run.protocol, run.fingerprint,
    )  # fmt: skip


def _kinds(kind: str | Sequence[str] | None) -> set[RunKind]:
    if kind is None:
        return set(RunKind) - set(DERIVED_KINDS)
    asked = [kind] if isinstance(kind, str) else list(kind)
    known = [str(one) for one in RunKind]
    unknown = [one for one in asked if one not in known]
    if unknown:
        raise SettingsError(f"kind = {unknown[0]!r}: accepted are {', '.join(known)}")
    return {RunKind(one) for one in asked}


def _names(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """The names of all rows, in the order in which they first come."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _value(text: str) -> str | int | float | bool | None:
    """A setting as it was before it was recorded as text.

    >>> [_value(text) for text in ("20", "1e-3", "True", "None", "1,5,10")]
    [20, 0.001, True, None, '1,5,10']
    """
    if text in _WORDS:
        return _WORDS[text]
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text
