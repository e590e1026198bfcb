"""One run that can't be right is left out and named, and every other number of the report stays what it was."""

import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from mlflow import MlflowClient

from nsbench.errors import DamagedRanks, UnreachableRanks
from nsbench.evaluation.metrics.of_ranks import metrics_of
from nsbench.report.analysis import read_summaries
from nsbench.report.formats.format import ReportFormat
from nsbench.report.report import build_report
from nsbench.terms import RunKind, Tag
from nsbench.tracking.store import open_store
from nsbench.tracking.stored_run import MetricPoint
from tests.report.made_reader import MadeReader, rank_table, ranked, reader_of
from tests.tracking.run_builder import card_json, home_at, plan_of, record_of

HIT_RATE = "test/all/hit_rate_at_10"
COHORTS = np.arange(30) % 3


def hits(seed):
    return np.random.default_rng(seed).random(30) < 0.5


SOUND = [
    ranked(sampler, seed, rank_table(hits(10 * place + seed), COHORTS), minute=10 * place + seed)
    for place, sampler in enumerate(("random", "batch"))
    for seed in range(2)
]
EXTRA, EXTRA_RANKS = ranked("random", 7, rank_table(hits(99), COHORTS), minute=50, params={"learning_rate": "0.01"})


class FaultyReader(MadeReader):
    """Gives an error or other ranks for one run, and other validations for it."""

    def __init__(self, answer=None, points=()):
        runs = [*SOUND, (EXTRA, EXTRA_RANKS)]
        super().__init__([run for run, _ in runs], {run.run_id: ranks for run, ranks in runs})
        self._answer, self._points = answer, points

    def ranks(self, run_id):
        if run_id == EXTRA.run_id and isinstance(self._answer, Exception):
            raise self._answer
        return self._answer if run_id == EXTRA.run_id and self._answer is not None else super().ranks(run_id)

    def histories(self, run_ids, name):
        return {**super().histories(run_ids, name), **({EXTRA.run_id: self._points} if EXTRA.run_id in run_ids else {})}


def told(reader):
    """Everything in numbers, and the ids of the runs that are left out as faulty."""
    (summary,) = read_summaries(reader, ["demo"])
    numbers = repr((summary.methods, summary.statistics, summary.costs, summary.claims, summary.card))
    return numbers, [run.run_id for run in summary.selection.faulty]


@pytest.fixture(scope="module")
def without():
    return told(reader_of(*SOUND))[0]


def with_metric(name, value):
    return replace(EXTRA, metrics={**EXTRA.metrics, name: value})


@pytest.mark.parametrize(
    "run",
    [
        replace(EXTRA, faults=("its tag nsbench.seed is 'abc', which is no whole number",)),
        replace(EXTRA, seed=None),
        replace(EXTRA, sampler="", label=""),
        replace(EXTRA, dataset_hash=""),
        replace(EXTRA, protocol=" "),
        replace(EXTRA, protocol="<script>"),
        replace(EXTRA, fingerprint="a\x1bb"),
        replace(EXTRA, tags={Tag.VERSION: "None"}),
        replace(EXTRA, dataset_card=card_json(content_hash="another")),
        replace(EXTRA, started=datetime.now(UTC) + timedelta(days=400)),
        *(
            replace(EXTRA, params={"learning_rate": text})
            for text in ("", "None", "nan", "1e400", "-1", "0.1.2", "0x1")
        ),
        *(replace(EXTRA, params={"n_negatives": text}) for text in ("many", "1.5", "-3", "²", "9" * 5000)),
        replace(EXTRA, params={"replay_factor": "inf"}),
        with_metric(HIT_RATE, 1.5),
        with_metric(HIT_RATE, -0.1),
        with_metric(HIT_RATE, float("inf")),
        with_metric("test/all/n_targets", 30.5),
        with_metric("test/balance_ndcg_at_10", 1e300),
        with_metric("cost/train_s", -1.0),
        with_metric("cost/n_epochs", float("inf")),
        with_metric(HIT_RATE, 0.123),
        with_metric("test/head/ndcg_at_10", 0.99),
        replace(EXTRA, metrics={name: value for name, value in EXTRA.metrics.items() if name != "test/mid/ndcg_at_10"}),
    ],
    ids=lambda run: run.run_id,
)
def test_a_run_with_an_impossible_field_is_left_out_and_nothing_else_changes(run, without):
    assert told(reader_of(*SOUND, (run, EXTRA_RANKS))) == (without, [EXTRA.run_id])


def ranks_with(**columns):
    return replace(EXTRA_RANKS, **columns)


@pytest.mark.parametrize(
    "answer",
    [
        DamagedRanks("its ranks.parquet holds no ranks"),
        UnreachableRanks("the artifacts in s3://bucket can't be read: no module named 'boto3'"),
        ranks_with(ranks=EXTRA_RANKS.ranks[::-1]),
        ranks_with(cohorts=np.roll(COHORTS, 1).astype(np.int8)),
        ranks_with(users=EXTRA_RANKS.users + 1),
        rank_table([True] * 30, COHORTS),
        rank_table(hits(99)[:15], COHORTS[:15]),
    ],
)
def test_a_run_whose_ranks_are_not_its_own_is_left_out_and_nothing_else_changes(answer, without):
    assert told(FaultyReader(answer)) == (without, [EXTRA.run_id])


@pytest.mark.parametrize("point", [(2**62, 0.1), (-3, 0.1), (1, 7.0), (1, float("nan"))])
def test_a_run_with_an_impossible_validation_is_left_out_and_nothing_else_changes(point, without):
    assert told(FaultyReader(points=(MetricPoint(*point),))) == (without, [EXTRA.run_id])


def test_the_first_run_of_all_may_be_the_faulty_one(without):
    """Whose targets others are held against is decided by most runs, not by the first."""
    first = ranked("aaa", 0, rank_table([True] * 12), minute=-100)
    assert told(reader_of(first, *SOUND)) == (without, [first[0].run_id])


def test_a_run_without_ranks_is_left_out_where_its_methods_others_have_theirs(without):
    assert told(reader_of(*SOUND, (EXTRA, None))) == (without, [EXTRA.run_id])


def test_where_no_ranks_can_be_reached_all_runs_stay_and_the_report_says_why():
    class Nowhere(MadeReader):
        def ranks(self, run_id):
            raise UnreachableRanks("no client for s3")

    (summary,) = read_summaries(Nowhere([run for run, _ in SOUND]), ["demo"])
    assert [len(row.method.runs) for row in summary.methods] == [2, 2]
    assert "no client for s3" in summary.statistics.notes[0]


@pytest.mark.parametrize(("n_tied", "hit_rate"), [(1, 0.25), (2, 0.375)])
def test_ranks_that_tie_are_held_against_the_metrics_like_all_others(n_tied: int, hit_rate: float) -> None:
    """Of 4 targets one has mean rank 10.5: 1/4, as older files say which don't know of ties, or (1 + .5)/4 with two tied."""
    table = rank_table([True, False, False, False])
    ranks = replace(table, ranks=np.array([1, 10.5, 30, 40]), n_tied=np.array([1, n_tied, 1, 1], dtype=np.int32))
    given = metrics_of(ranks, "test", [10])
    assert given["test/all/hit_rate_at_10"] == hit_rate
    for shift, n_faulty in ((0.0, 0), (0.125, 1), (-0.125, 1)):
        metrics = given | {"test/all/hit_rate_at_10": hit_rate + shift}
        run, _ = ranked("a", 0, ranks)
        (summary,) = read_summaries(reader_of((replace(run, metrics=metrics), ranks)), ["demo"])
        assert len(summary.selection.faulty) == n_faulty


def test_another_sampler_under_a_methods_label_does_not_become_a_part_of_it(without):
    run = replace(EXTRA, sampler="unknown")
    (summary,) = read_summaries(reader_of(*SOUND, (run, EXTRA_RANKS)), ["demo"])
    assert [(part.label, part.reason) for part in summary.selection.left_out] == [
        ("random", "most runs under this label are of another sampler or kind")
    ]
    assert told(reader_of(*SOUND, (run, EXTRA_RANKS)))[0] == without


def test_equal_settings_with_another_fingerprint_are_a_changed_tag(without):
    """Otherwise the newest run would make older settings of all others."""
    params = {"learning_rate": "0.01", "batch_size": "64", "windows": "last"}
    runs = [(replace(run, params=params), ranks) for run, ranks in SOUND]
    run = replace(EXTRA, params=params, fingerprint="changed")
    (summary,) = read_summaries(reader_of(*runs, (run, EXTRA_RANKS)), ["demo"])
    assert [faulty.run_id for faulty in summary.selection.faulty] == [run.run_id]
    assert [len(row.method.runs) for row in summary.methods] == [2, 2]


def test_a_store_with_a_run_of_every_fault_is_reported_as_without_them(tmp_path):
    """The faults are put into the store by MLflow's own client, as people and programs do."""
    home = home_at(tmp_path)
    add_run(home, seed=0)
    add_run(home, seed=1)
    before = report_of(home, tmp_path / "before")
    client = MlflowClient(home.tracking_uri)
    faulty = [add_run(home, seed) for seed in range(2, 9)]
    for run_id, (tag, value) in zip(
        faulty, [(Tag.SEED, "abc"), (Tag.N_PLANNED, "3.0"), (Tag.TRIAL, "--5")], strict=False
    ):
        client.set_tag(run_id, tag, value)
    client.log_metric(faulty[3], HIT_RATE, 2.0)
    text, gone = (home.artifacts / "demo" / run_id / "artifacts" / "ranks.parquet" for run_id in faulty[4:6])
    text.write_text("users,items,cohorts,ranks")
    gone.unlink()
    with sqlite3.connect(home.root / "mlflow.db") as database:
        database.execute("UPDATE runs SET artifact_uri = 's3://bucket/run' WHERE run_uuid = ?", (faulty[6],))
    faulty += [
        add_copy(client, faulty[0], {Tag.SEED: "20"}, start_time=253_402_300_800_000),
        add_copy(client, faulty[0], {Tag.SEED: "21", Tag.KIND: RunKind.TRIAL}, params={"learning_rate": "fast"}),
    ]
    after = report_of(home, tmp_path / "after")
    assert {run["run_id"] for run in after["faulty"]} == set(faulty)
    for part in ("methods", "statistics", "costs", "claims"):
        assert after[part] == before[part]
    page = (tmp_path / "after" / "report.md").read_text()
    assert all(run_id in page for run_id in faulty)
    assert "is in none of the years 1 to 9999" in page
    assert "the artifacts in s3://bucket/run can't be read" in page


def add_run(home, seed):
    ranks = rank_table(hits(seed), COHORTS)
    plan = plan_of("random", seed)
    handle = open_store(home).tracker().start(plan)
    handle.finish(record_of(plan, metrics_of(ranks, "test", [10]), ranks=ranks))
    return handle.run_id


def add_copy(client, run_id, tags, start_time=None, params=None):
    run = client.get_run(run_id)
    copy = client.create_run(run.info.experiment_id, start_time=start_time, tags={**run.data.tags, **tags})
    for name, value in {**run.data.params, **(params or {})}.items():
        client.log_param(copy.info.run_id, name, value)
    for name, value in run.data.metrics.items():
        client.log_metric(copy.info.run_id, name, value)
    client.set_terminated(copy.info.run_id, "FINISHED")
    return copy.info.run_id


def report_of(home, folder):
    build_report(open_store(home).reader(), ["demo"], folder, [ReportFormat.JSON, ReportFormat.MARKDOWN])
    (dataset,) = json.loads((folder / "report.json").read_text())["datasets"]
    return dataset
