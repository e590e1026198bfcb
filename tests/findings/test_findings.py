"""Runs survive the way into a file and back, and the page's tables are those of the runs that are kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nsbench.ablation.rung import RUNGS
from nsbench.terms import CUT_OFF, RunKind, Tag, metric_name
from nsbench.tracking.stored_run import StoredRun
from tests.findings.agreement import agreement_lines
from tests.findings.differences import difference_lines
from tests.findings.kept import datasets, keep, kept_runs
from tests.findings.page import LADDERS, PAGE, page_tables, with_tables
from tests.findings.pairings import pairing_lines
from tests.findings.tables import ladder_lines, ladder_of, pooled_sd


def run_of(rung: str, method: str, seed: int, rate: float, *, ranked_again: bool = False) -> StoredRun:
    tags = {Tag.LADDER: "max_epochs=2", Tag.RUNG: rung, Tag.VERSION: "1.0"}
    if ranked_again:
        tags[Tag.EVALUATED] = "abc"
    metrics = {metric_name("test", group, "hit_rate", 10): rate for group in ("all", "head", "mid", "tail")}
    return StoredRun(
        run_id=f"{rung}{method}{seed}{rate}",
        name="a run",
        status="FINISHED",
        kind=RunKind.ABLATION,
        dataset="shop",
        dataset_hash="h",
        sampler=method,
        label=method.title(),
        started=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seed),
        seed=seed,
        params={"max_epochs": "2", "replay_factor": "30.0"},
        metrics=metrics,
        tags={str(tag): text for tag, text in tags.items()},
    )


def ladder_runs() -> list[StoredRun]:
    """Random is ahead at the first rung and mixed at the last; the rung between changes nothing."""
    first, second, third = (rung.name for rung in RUNGS[:3])
    rates = {first: (0.02, 0.01), second: (0.02, 0.01), third: (0.03, 0.05)}
    return [
        run_of(rung, method, seed, rate + seed / 1000, ranked_again=rung == second)
        for rung, own in rates.items()
        for method, rate in zip(("random", "mixed"), own, strict=True)
        for seed in (0, 1)
    ]


def test_what_is_kept_is_given_back(tmp_path: Path) -> None:
    runs = ladder_runs()
    assert keep(runs, tmp_path) == {RunKind.ABLATION: 12}
    back = kept_runs(RunKind.ABLATION, tmp_path)
    for run, kept in zip(sorted(runs, key=lambda run: run.started), back, strict=True):
        assert (kept.sampler, kept.seed, kept.params) == (run.sampler, run.seed, run.params)
        assert kept.metrics == pytest.approx(run.metrics)
    assert {run.tags[Tag.RUNG] for run in back if Tag.EVALUATED in run.tags} == {RUNGS[1].name}


def test_a_run_that_was_made_again_replaces_its_line_and_one_that_failed_adds_none(tmp_path: Path) -> None:
    keep(ladder_runs(), tmp_path)
    again = run_of(RUNGS[0].name, "random", 0, 0.5)
    assert keep([again, replace(run_of(RUNGS[0].name, "random", 7, 0.1), status="FAILED")], tmp_path) == {
        RunKind.ABLATION: 12
    }
    rates = [run.metric(metric_name("test", "all", "hit_rate", 10)) for run in kept_runs(RunKind.ABLATION, tmp_path)]
    assert (rates.count(0.5), rates.count(0.02)) == (1, 1)


def test_a_rung_has_the_mean_of_each_method_with_the_best_in_bold(tmp_path: Path) -> None:
    keep(ladder_runs(), tmp_path)
    ladder = ladder_of(kept_runs(RunKind.ABLATION, tmp_path), "shop")
    assert ladder_lines(ladder, "Shop") == [
        "| Shop | random | mixed |",
        "|---|---|---|",
        f"| {RUNGS[0].title} | **2.05** | 1.05 |",
        f"| {RUNGS[2].title}: the defaults | 3.05 | **5.05** |",
    ]
    assert pooled_sd(ladder) == pytest.approx(0.001 / 2**0.5)


def test_a_difference_is_paired_by_seed(tmp_path: Path) -> None:
    """At the last rung mixed is ahead by 2 points in both seeds, which leaves nothing to vary; at the first by -1 and -2."""
    first = RUNGS[0].name
    runs = [run for run in ladder_runs() if (run.tags[Tag.RUNG], run.sampler, run.seed) != (first, "mixed", 1)]
    keep([*runs, run_of(first, "mixed", 1, 0.001)], tmp_path)
    lines = difference_lines(ladder_of(kept_runs(RunKind.ABLATION, tmp_path), "shop"), "Shop")
    assert lines[0] == "| Shop, minus random | at | total | head | mid | tail |"
    means = [[cell.split()[0] for cell in line.split(" | ")[2:]] for line in lines[2:]]
    assert means == [["-1.50"] * 4, ["+2.00"] * 4]
    # -1 and -2: a standard error of half a point, times 12.706 for one degree of freedom.
    assert "-1.50 [-7.85, 4.85]" in lines[2]


def test_agreement_counts_the_pairs_that_turn_around(tmp_path: Path) -> None:
    """Of six pairs one, batch and mixed: tau is (5 - 1) / 6. Seeds move all methods alike, so that it is decided."""
    first, last = RUNGS[0].name, RUNGS[-1].name
    orders = {first: ("random", "popularity", "batch", "mixed"), last: ("random", "popularity", "mixed", "batch")}
    runs = [
        run_of(rung, method, seed, 0.01 * (place + 1) + seed / 10_000)
        for rung, order in orders.items()
        for place, method in enumerate(order)
        for seed in (0, 1, 2)
    ]
    keep(runs, tmp_path)
    ladder = ladder_of(kept_runs(RunKind.ABLATION, tmp_path), "shop")
    assert agreement_lines({"Shop": ladder}, [(first, last)]) == [
        f"| ladder on | {RUNGS[0].title} and the defaults |",
        "|---|---|",
        "| Shop | 0.67 [0.67, 0.67], 1 of 6 opposite, 1 of them decided |",
    ]


def test_a_method_of_sampler_and_loss_has_its_row_and_the_yardstick_the_last(tmp_path: Path) -> None:
    rates = {
        "catalogue+softmax": 0.05,
        "popularity+gamma=0.5+softmax+log_q=classic": 0.02,
        "random+softmax+log_q=corrected": 0.04,
        "random": 0.03,
    }
    runs = [
        replace(
            run_of("", method, seed, rate + seed / 1000),
            kind=RunKind.REPEAT,
            tags={},
            params={"max_epochs": "5", "n_negatives": "7"},
        )
        for method, rate in rates.items()
        for seed in (0, 1)
    ]
    cut_off = replace(runs[-1], metrics={**runs[-1].metrics, CUT_OFF: 1.0})
    assert keep([*runs[:-1], cut_off], tmp_path) == {RunKind.REPEAT: 8}
    lines = pairing_lines(kept_runs(RunKind.REPEAT, tmp_path), "shop", "Shop")
    assert [line.split(" | ")[:3] for line in lines[2:]] == [
        ["| popularity, gamma 0.5", "softmax, classic", "2.05 ± 0.07"],
        ["| random †", "bce", "3.05 ± 0.07"],
        ["| random", "softmax, corrected", "4.05 ± 0.07"],
        ["| catalogue", "softmax", "**5.05 ± 0.07**"],
    ]
    assert kept_runs(RunKind.REPEAT, tmp_path)[0].params["n_negatives"] == "7"


def test_a_table_takes_the_place_of_the_one_with_its_first_line() -> None:
    page = "Before\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\nAfter\n"
    assert with_tables(page, iter([["| a | b |", "|---|---|", "| 5 | 6 |"]])) == (
        "Before\n\n| a | b |\n|---|---|\n| 5 | 6 |\n\nAfter\n"
    )


def test_the_page_shows_the_runs_that_are_kept() -> None:
    assert set(LADDERS) == set(datasets(kept_runs(RunKind.ABLATION)))
    page = PAGE.read_text(encoding="utf-8")
    tables = list(page_tables())
    assert len(tables) >= len(LADDERS)
    assert with_tables(page, iter(tables)) == page
