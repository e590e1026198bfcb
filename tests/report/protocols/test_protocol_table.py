"""Which runs stand under which protocol, and what the report shows of it."""

from dataclasses import replace

from nsbench.report.protocols.protocol_table import protocol_tables
from nsbench.report.protocols.scores import scores_of
from nsbench.report.summary import DatasetSummary
from nsbench.terms import RunKind, Tag
from nsbench.tracking.stored_run import StoredRun
from tests.report.stored_run_builder import repeats, summary_of
from tests.tracking.run_builder import final_metrics

ROLLING = "rolling/keep/separate/leave_out/mean/interactions/filled"
LAST = ROLLING.replace("rolling", "last")
SAMPLERS = {"random": 0.1, "mixed": 0.2, "batch": 0.3, "popularity": 0.4}


def compared(protocol: str = ROLLING) -> list[StoredRun]:
    """Two repeats of each of four methods, a point apart."""
    runs = [run for name, rate in SAMPLERS.items() for run in repeats(name, [rate, rate + 0.01], 0.5, first_minute=10)]
    return [replace(run, protocol=protocol) for run in runs]


def ranked_again(runs: list[StoredRun], protocol: str, rates: dict[str, float], minute: int = 0) -> list[StoredRun]:
    """The same models under another protocol, each with its method's rate."""
    return [
        replace(
            run,
            run_id=f"{run.run_id} {protocol} {minute}",
            kind=RunKind.EVALUATION,
            protocol=protocol,
            tags={Tag.EVALUATED: run.run_id},
            metrics=final_metrics(rates[run.sampler], 0.3, 0.1, 0.05, 0.5),
            started=run.started.replace(hour=1, minute=minute),
        )
        for run in runs
    ]


def row(summary: DatasetSummary, title: str) -> list[list[str]]:
    (table,) = [table for table in protocol_tables([summary]) if title in table.title]
    return table.texts.to_numpy().tolist()


def test_one_protocol_has_nothing_to_be_held_against() -> None:
    assert protocol_tables([summary_of(compared())]) == ()


def test_models_that_were_ranked_again_stand_under_the_other_protocol() -> None:
    """Mixed and batch change places: one of six pairs, (5 - 1) / 6."""
    runs = compared()
    again = ranked_again(runs, LAST, {**SAMPLERS, "mixed": 0.3, "batch": 0.2})
    summary = summary_of(runs, again)
    (found,) = row(summary, "Kendall's tau between protocols by hit rate")
    assert found[:3] == ["rolling", "last", "4"]
    assert found[3].startswith("0.67 [")
    assert found[5].startswith("1 of 6")
    ranks = {method: cells for method, *cells in row(summary, "Ranks by hit rate")}
    assert ranks["popularity"] == ["1 (40.50)", "1 (40.00)"]
    assert ranks["batch"] == ["2 (30.50)", "3 (20.00)"]
    assert ranks["mixed"] == ["3 (20.50)", "2 (30.00)"]


def test_the_comparison_is_as_it_was_without_them() -> None:
    runs = compared()
    alone, beside = summary_of(runs), summary_of(runs, ranked_again(runs, LAST, SAMPLERS))
    assert beside.selection == alone.selection
    assert beside.methods == alone.methods
    assert repr(beside.statistics) == repr(alone.statistics)


def test_repeats_under_another_protocol_stand_there_with_seeds_of_their_own() -> None:
    earlier = [replace(run, run_id=f"{run.run_id}-e", started=run.started.replace(year=2025)) for run in compared(LAST)]
    rolling, last = scores_of(summary_of(compared(), earlier))
    assert (rolling.protocol[0], last.protocol[0]) == ("rolling", "last")
    assert set(last.scores) == set(SAMPLERS)
    assert not set(last.scores["mixed"]) & set(rolling.scores["mixed"])


def test_of_two_answers_about_a_model_the_newest_counts_and_a_failed_one_never() -> None:
    runs = compared()
    old, new = (
        ranked_again(runs, LAST, dict.fromkeys(SAMPLERS, rate), minute) for minute, rate in ((1, 0.5), (2, 0.6))
    )
    failed = [replace(run, status="FAILED") for run in ranked_again(runs, LAST, dict.fromkeys(SAMPLERS, 0.7), 3)]
    _, last = scores_of(summary_of(runs, new, old, failed))
    assert {values[0] for values in last.scores["mixed"].values()} == {0.6}


def test_answers_about_models_that_are_not_compared_are_left_out() -> None:
    runs = compared()
    other = [replace(run, tags={Tag.EVALUATED: "gone"}) for run in ranked_again(runs, LAST, SAMPLERS)]
    assert protocol_tables([summary_of(runs, other)]) == ()


def test_other_cohorts_alone_are_no_other_ranking() -> None:
    runs = compared()
    again = ranked_again(runs, f"{ROLLING}/items:0.01,0.2", SAMPLERS)
    assert protocol_tables([summary_of(runs, again)]) == ()


def test_fewer_than_four_methods_get_a_sentence_and_no_number() -> None:
    runs = [run for run in compared() if run.sampler != "batch"]
    summary = summary_of(runs, ranked_again(runs, LAST, SAMPLERS))
    (found,) = row(summary, "Kendall's tau between protocols by hit rate")
    assert found[2:] == ["3", "–", "–", "–"]
    assert "Fewer than 4 methods" in protocol_tables([summary])[0].note
