"""A report under another protocol than that of the newest run: whose runs it holds, and what is theirs."""

from dataclasses import replace

import pytest

from nsbench.errors import SettingsError
from nsbench.report.analysis import read_summaries
from nsbench.report.protocols.runs_under import RunsUnder
from nsbench.terms import RunKind, Tag
from nsbench.tracking.stored_run import StoredRun
from tests.report.made_reader import MadeReader
from tests.report.stored_run_builder import stored
from tests.tracking.run_builder import final_metrics

ROLLING, LAST, FEW = "rolling/keep", "last/keep", "rolling/keep/items:0.01,0.2"


def repeat(seed: int = 0) -> StoredRun:
    metrics = {**final_metrics(0.1, 0.3, 0.1, 0.05, 0.5), "cost/train_s": 7.0, "valid/all/ndcg_at_10": 0.2}
    return stored("mixed", seed, metrics, protocol=ROLLING, tags={Tag.N_PLANNED: "2"})


def answer(run: StoredRun, protocol: str, rate: float, status: str = "FINISHED") -> StoredRun:
    return replace(
        run,
        run_id=f"{run.run_id} {protocol} {rate}",
        kind=RunKind.EVALUATION,
        protocol=protocol,
        fingerprint=f"settings {protocol}",
        tags={Tag.EVALUATED: run.run_id},
        metrics={**final_metrics(rate, 0.3, 0.1, 0.05, 0.5), "cost/train_s": 0.0},
        status=status,  # type: ignore[arg-type]
    )


def test_a_model_that_was_ranked_again_has_its_training_and_the_answers_metrics() -> None:
    runs = [repeat(0), repeat(1)]
    answers = [answer(run, LAST, 0.4) for run in runs]
    reader = RunsUnder(MadeReader([*runs, *answers], histories={runs[0].run_id: [0.1, 0.2]}), "last")
    (summary,) = read_summaries(reader, ["demo"])
    assert summary.selection.protocol == LAST
    (row,) = summary.samplers
    assert row.accuracy("hit_rate").values == (0.4, 0.4)
    assert [run.run_id for run in row.method.runs] == [one.run_id for one in answers]
    assert row.method.runs[0].kind is RunKind.REPEAT
    assert row.method.runs[0].metric("cost/train_s") == 7
    assert [point.value for point in reader.histories([answers[0].run_id], "x")[answers[0].run_id]] == [0.1, 0.2]


def test_the_protocol_of_the_repeats_is_theirs() -> None:
    runs = [repeat(0), repeat(1)]
    reader = RunsUnder(MadeReader([*runs, answer(runs[0], LAST, 0.4)]), ROLLING)
    (summary,) = read_summaries(reader, ["demo"])
    assert summary.samplers[0].accuracy("hit_rate").values == (0.1, 0.1)


def test_runs_that_failed_or_whose_model_is_unknown_are_none() -> None:
    run = repeat()
    lost = answer(replace(run, run_id="lost"), LAST, 0.4)
    reader = RunsUnder(MadeReader([run, lost, answer(run, LAST, 0.5, "FAILED")]), "last")
    with pytest.raises(SettingsError, match="no protocol of demo holds 'last'; give one of: rolling/keep;"):
        reader.all_runs(["demo"])


def test_a_text_of_several_protocols_is_refused_and_a_whole_name_never() -> None:
    run = repeat()
    store = MadeReader([run, answer(run, FEW, 0.4)])
    with pytest.raises(SettingsError, match=f"several protocols of demo hold 'keep'; give one of: {ROLLING}, {FEW};"):
        RunsUnder(store, "keep").all_runs(["demo"])
    (kept,) = RunsUnder(store, ROLLING).runs("demo", [RunKind.REPEAT])
    assert kept == run
    (kept,) = RunsUnder(store, "items:").runs("demo", [RunKind.REPEAT])
    assert kept.protocol == FEW
