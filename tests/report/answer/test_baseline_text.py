"""Baselines are lines to beat: whether they are is said, and they win no prize."""

from nsbench.report.answer.answer import answer
from nsbench.report.tables.glance import glance_table
from nsbench.report.tables.result import balance_table, cohort_table
from nsbench.report.tables.table import Rank
from nsbench.terms import RunKind
from tests.report.stored_run_builder import repeats, stored, summary_of
from tests.tracking.run_builder import final_metrics


def baseline(name, hit_rate, balance=0.9, minute=50):
    metrics = final_metrics(hit_rate, hit_rate, hit_rate, hit_rate, balance)
    return [stored(name, metrics=metrics, kind=RunKind.BASELINE, minute=minute)]


SAMPLERS = (repeats("a", [0.29, 0.30, 0.31], 0.5), repeats("b", [0.09, 0.10, 0.11], 0.4, first_minute=9))


def test_a_baseline_that_no_sampler_beats_is_a_warning_at_the_top():
    sentences = answer(summary_of(baseline("PopRec", 0.05), baseline("Markov chain", 0.4, minute=51), *SAMPLERS))
    assert sentences[0] == ("No sampler beats the baseline Markov chain on this dataset: 30.00 % of a against 40.00 %.")
    assert sentences[1].startswith("Among the samplers a is best")


def test_who_beats_the_best_baseline_is_said_after_the_answer():
    sentences = answer(summary_of(baseline("PopRec", 0.2), *SAMPLERS))
    assert sentences[0].startswith("Use a: ")
    assert (
        "The best baseline, PopRec (20.00 %), is beaten by a, and is not shown to be beaten by the others." in sentences
    )


def test_a_sampler_that_is_ahead_by_chance_alone_beats_nothing():
    """Random at 19, 21 and 23 % against 20.9: far from significant."""
    first, *_ = answer(summary_of(baseline("PopRec", 0.209), repeats("a", [0.19, 0.21, 0.23], 0.5)))
    assert first.startswith(
        "No sampler is shown to beat the baseline PopRec on this dataset: 21.00 % of a against 20.90 %, which is not significant"
    )


def test_a_baseline_wins_no_prize():
    """The list hits .86 % with a balance of .9, above both samplers'."""
    summary = summary_of(baseline("PopRec", 0.0086), *SAMPLERS)
    text = "\n".join(answer(summary))
    assert "Balance: a serves" in text
    assert "PopRec serves" not in text
    assert "Pareto front of mean hit rate and mean balance: a;" in text
    (row,) = glance_table([summary]).rows
    assert [cell.text for cell in row[:8]] == [
        *("demo", "a (30.00 %)", "none", "a (50.00 %)", "none", "a", "PopRec (0.86 %)", "a, b")
    ]
    for table in (cohort_table(summary, "hit_rate"), balance_table(summary)):
        assert all(cell.rank is Rank.OTHER for cell in table.rows[0])
        assert table.rows[1][2].rank is Rank.BEST


def test_one_sampler_is_not_the_best_of_one_beside_a_baseline():
    summary = summary_of(baseline("PopRec", 0.4), repeats("a", [0.29, 0.30, 0.31], 0.5))
    table = cohort_table(summary, "hit_rate")
    assert all(cell.rank is Rank.OTHER for row in table.rows for cell in row)


def test_baselines_alone_are_lines_to_beat():
    (first, *_) = answer(summary_of(baseline("PopRec", 0.05), baseline("Markov chain", 0.4, minute=51)))
    assert first.startswith(
        "Only baselines were run; the line to beat is Markov chain, with a hit rate at 10 of 40.00 % (1 run):"
    )


def test_a_label_of_an_older_version_has_todays_name():
    assert summary_of(baseline("PopRec 7 days", 0.1)).methods[0].method.label == "PopRec (last 7 days)"
