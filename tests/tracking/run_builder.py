"""Plans and records of made-up runs, so that a test states only what it is about."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from nsbench.evaluation.rank_table import RankTable
from nsbench.files.home import Home
from nsbench.terms import BALANCED_COHORTS, RunKind, balance_name, metric_name
from nsbench.tracking.record import Cost, RunPlan, RunRecord, Scalar, Validation

COST = Cost(12.5, 2.0, 20, 1000, 50000, 1 << 20, "cpu")


def home_at(folder: Path) -> Home:
    return Home(folder / "nsbench-runs")


def plan_of(
    sampler: str = "mixed",
    seed: int = 0,
    *,
    kind: RunKind = RunKind.REPEAT,
    dataset: str = "demo",
    dataset_hash: str = "hash",
    fingerprint: str = "settings",
    protocol: str = "rolling",
    label: str | None = None,
    trial: int | None = None,
    params: Mapping[str, Scalar] | None = None,
    tags: Mapping[str, str] | None = None,
    card: Mapping[str, object] | None = None,
) -> RunPlan:
    return RunPlan(
        kind=kind,
        dataset=dataset,
        dataset_hash=dataset_hash,
        sampler=sampler,
        label=label or sampler,
        params={"learning_rate": 0.001} if params is None else params,
        fingerprint=fingerprint,
        protocol=protocol,
        seed=seed,
        study=f"{dataset}/{sampler}" if kind is RunKind.TRIAL else None,
        trial=trial,
        tags=tags or {},
        dataset_card=json.dumps(card or {"name": dataset, "source": f"{dataset}.csv"}),
    )


def record_of(
    plan: RunPlan,
    metrics: Mapping[str, float],
    validations: tuple[Validation, ...] = (),
    best_epoch: int = 0,
    ranks: RankTable | None = None,
) -> RunRecord:
    return RunRecord(plan, metrics, validations, best_epoch, ranks, COST)


def ranks_of(*ranks: float) -> RankTable:
    n = len(ranks)
    return RankTable(
        np.arange(n, dtype=np.int64),
        np.arange(1, n + 1, dtype=np.int32),
        np.zeros(n, dtype=np.int8),
        np.array(ranks, dtype=np.float64),
        np.array([2 if rank % 1 == 0.5 else 1 for rank in ranks], dtype=np.int32),
    )


def final_metrics(
    total: float, head: float, mid: float, tail: float, balance: float, ndcg_factor: float = 0.5
) -> dict[str, float]:
    """Hit rates as given; NDCG is `ndcg_factor` times the hit rate; both balances as given."""
    groups = ("all", *(cohort.label for cohort in BALANCED_COHORTS))
    found = {}
    for group, value in zip(groups, (total, head, mid, tail), strict=True):
        found[metric_name("test", group, "hit_rate", 10)] = value
        found[metric_name("test", group, "ndcg", 10)] = value * ndcg_factor
    for metric in ("hit_rate", "ndcg"):
        found[balance_name("test", metric, 10)] = balance
    return found


def card_json(name: str = "demo", **changed: object) -> str:
    """The JSON text of a whole dataset card."""
    numbers = dict.fromkeys(
        (
            *("n_users", "n_items", "n_interactions", "n_train", "n_valid", "n_test", "valid_from", "test_from"),
            *(
                "first_time",
                "last_time",
                "n_ties",
                "n_ties_cut",
                "n_new_test_users",
                "n_cold_test_items",
                "n_cold_items",
            ),
        ),
        7,
    )
    fields = {"name": name, "content_hash": "hash", "source": f"{name}.csv", "options": {}, "repeat_share": 0.0}
    return json.dumps({**fields, **numbers, "seen_items": "exclude", "best_reachable": None, **changed})
