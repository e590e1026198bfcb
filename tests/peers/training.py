"""Trains what nsbench has beside a peer's figure, under the peer's settings."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nsbench.config import Settings, Value, read_settings_file, settings_values
from nsbench.data.dataset import Dataset
from nsbench.data.log.prepare import prepare_log
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.log.read_options import ReadOptions
from nsbench.data.store import load_dataset
from nsbench.files.home import Home
from nsbench.runs.experiment import run
from nsbench.runs.request import RunRequest
from nsbench.terms import RunKind
from nsbench.tracking.tracker import NullTracker
from tests.peers.figure import Figure

ROOT = Path(__file__).parents[2]
LOGS = Path(os.environ.get("NSBENCH_REAL_DATA", ROOT.parent / "shared" / "data"))
METRICS = {
    "loss": "train/loss",
    "hit_rate": "test/all/hit_rate_at_10",
    "ndcg": "test/all/ndcg_at_10",
    **{cohort: f"test/{cohort}/hit_rate_at_10" for cohort in ("head", "mid", "tail")},
}
_COMMON: Mapping[str, Value] = {
    "hidden_dim": 50,
    "n_blocks": 2,
    "n_heads": 1,
    "max_length": 50,
    "dropout_rate": 0.2,
    "learning_rate": 1e-3,
    "batch_size": 128,
    "patience": 0,
}


@dataclass(frozen=True)
class Peer:
    """Another implementation.

    Attributes:
        epochs: After so many it was measured.
        preset: The settings file that does as it does; None: nsbench's defaults.
        values: Its own settings beside `_COMMON`.
        split_by: How its log was cut.
    """

    epochs: int
    preset: str | None
    values: Mapping[str, Value]
    split_by: str


PEERS = {
    "published_code": Peer(25, "reference", {}, "rows"),
    "rectools": Peer(15, None, {"n_negatives": 100}, "timestamp"),
}
"""By the name of their file of figures."""


def settings_of(peer: Peer, figure: Figure, epochs: int | None = None) -> Settings:
    """What nsbench trains beside a figure; the last epoch is the one that is tested."""
    n_epochs = epochs or peer.epochs
    preset = read_settings_file(ROOT / "configs" / "presets" / f"{peer.preset}.yaml") if peer.preset else {}
    own: dict[str, Value] = {**preset, **_COMMON, **peer.values, **figure.settings}
    own |= {"max_epochs": n_epochs, "validate_every": n_epochs}
    return Settings.of(figure.method, settings_values(figure.method, own))


def prepared(peer: Peer, log: str, home: Home) -> Dataset:
    """The real log, cut as the peer cut it."""
    options = PrepareOptions(split_by=peer.split_by)  # type: ignore[arg-type]
    prepare_log(LOGS / log / "interactions.csv.gz", ReadOptions(), options, log, home, replace=True)
    return load_dataset(log, home)


def trained(settings: Settings, dataset: Dataset, seed: int) -> dict[str, float]:
    """What a run reaches, by the columns of the figures."""
    metrics = run(settings, dataset, NullTracker(), RunRequest(RunKind.SINGLE, seed)).metrics
    return {column: metrics[name] for column, name in METRICS.items()}
