"""A difference is significant, not significant, or undecided for a reason that is named."""

import math
from dataclasses import replace

import numpy as np
import pytest

from nsbench.report.analysis import read_summaries
from nsbench.report.answer.answer import answer
from nsbench.report.statistics.decision import Decision, decision_of, repeats_needed
from nsbench.report.statistics.estimate import UNDEFINED_INTERVAL, DifferenceComponents, Interval, PairedDifference
from nsbench.report.tables.evidence import difference_table
from nsbench.terms import RunKind
from tests.report.made_reader import rank_table, ranked, reader_of
from tests.report.stored_run_builder import repeats, stored, summary_of
from tests.tracking.run_builder import final_metrics


def pair(difference=0.1, p=0.2, by_users=UNDEFINED_INTERVAL, components=None, **fields) -> PairedDifference:
    unknown = math.nan
    return PairedDifference(
        *(
            "a",
            "b",
            "hit_rate",
            "all",
            difference,
            Interval(-1, 1),
            p,
            p,
            unknown,
            unknown,
            unknown,
            "users and repeats",
        ),
        by_users=by_users,
        components=components,
        **fields,
    )


def test_a_test_that_fails_proves_nothing_where_the_interval_by_users_excludes_zero():
    assert decision_of(pair(0.076, p=0.3, by_users=Interval(0.05, 0.1))) is Decision.TOO_FEW
    assert decision_of(pair(0.076, p=0.3, by_users=Interval(-0.01, 0.16))) is Decision.NOT_SIGNIFICANT
    assert decision_of(pair(0.076, p=0.03, by_users=Interval(0.05, 0.1))) is Decision.SIGNIFICANT
    assert decision_of(pair(0.076, p=math.nan)) is Decision.TOO_FEW


def test_a_difference_beyond_its_own_error_fails_for_its_few_degrees_of_freedom():
    """Single runs' variance .0001 each, two runs each: the error is sqrt(.0001) = .01, and 1.96 of it .0196."""
    parts = DifferenceComponents(0.0, (0.0001, 0.0001), (2, 2))
    assert decision_of(pair(0.020, p=0.2, components=parts)) is Decision.TOO_FEW
    assert decision_of(pair(0.019, p=0.2, components=parts)) is Decision.NOT_SIGNIFICANT


def test_one_that_was_cut_off_is_undecided_whatever_the_test_says():
    assert decision_of(pair(p=0.0001, is_cut_off=True)) is Decision.CUT_OFF
    assert not pair(p=0.0001, is_cut_off=True).is_significant


def test_the_fewest_repeats_are_the_first_with_which_students_test_succeeds():
    """One deviation of difference against a constant: t = sqrt(n) with n - 1 degrees of freedom. A table of Student's t has
    2.571 for 5 (n = 6: 2.449 falls short) and 2.447 for 6 (n = 7: 2.646 suffices).
    """
    one = pair(0.1, components=DifferenceComponents(0.0, (0.01,), (2,)))
    assert repeats_needed([one], one) == 7
    assert repeats_needed([one], one.reversed()) == 7


def test_more_pairs_need_more_repeats():
    """With a second pair that never succeeds, p must be below .025. A table of Student's t has 2.841 for 7 degrees of freedom,
    which n = 8 with sqrt(8) = 2.828 misses, and 2.752 for 8, which sqrt(9) = 3 exceeds.
    """
    one = pair(0.1, components=DifferenceComponents(0.0, (0.01,), (2,)))
    hopeless = replace(pair(0.0, components=DifferenceComponents(0.0, (0.01,), (2,))), b="c")
    assert repeats_needed([one, hopeless], one) == 9


def test_a_method_with_more_repeats_keeps_them():
    """The second one's mean over 10,000 runs is as good as known: the same seven repeats."""
    one = pair(0.1, components=DifferenceComponents(0.0, (0.01, 0.01), (2, 10_000)))
    assert repeats_needed([one], one) == 7


@pytest.mark.parametrize(
    "components",
    [None, DifferenceComponents(0.0, (math.nan,), (1,)), DifferenceComponents(0.01, (0.01,), (2,))],
    ids=["unknown", "a single run", "users vary too much for any number of repeats"],
)
def test_what_repeats_can_not_show_has_no_number(components):
    one = pair(0.1, components=components)
    assert repeats_needed([one], one) is None


def two_repeats_each(generator, rates):
    """Two repeats each of methods that hit with these rates, a target a user; repeats differ by a point."""
    runs = []
    for name, rate in rates.items():
        for seed in range(2):
            hits = generator.random(3000) < rate + (seed - 0.5) * 0.02
            runs.append(ranked(name, seed, rank_table(hits), minute=len(runs)))
    return reader_of(*runs)


def test_twice_the_hit_rate_with_two_repeats_is_never_called_chance():
    """14.6 against 7.0 % on 3,000 users: by users that is 7.6 +- 1.5 points; five methods are ten pairs."""
    rates = {"a": 0.146, "b": 0.07, "c": 0.071, "d": 0.072, "e": 0.073}
    (summary,) = read_summaries(two_repeats_each(np.random.default_rng(0), rates), ["demo"])
    found = summary.statistics.difference("a", "b", "hit_rate", "all")
    assert found.by_users.low > 0.04
    assert not found.is_significant
    (told,) = [sentence for sentence in answer(summary) if sentence.startswith("Accuracy")]
    assert "a is ahead" in told
    assert "too few repeats to tell it from b (+7." in told
    assert "95 % interval by users +" in told
    assert "repeats each would be enough, if differences and deviations stay as they are" in told
    assert "not significantly worse" not in told
    verdicts = {(row[0].text, row[1].text): row[6].text for row in difference_table(summary, "hit_rate", "all").rows}
    assert verdicts["a", "b"] == "too few repeats"


def test_the_advised_number_is_enough_where_deviations_stay():
    """Repeats at -1 and +1 deviations of the mean, as many as advised, are significant; one fewer are not."""

    def runs(name, mean, n):
        away = 0.02 * np.sqrt((n - 1) / n) * np.where(np.arange(n) % 2, 1, -1)
        away = away - away.mean()
        away *= 0.02 / away.std(ddof=1)
        return repeats(name, list(mean + away), 0.5, first_minute=50 * (name == "b"))

    def found(n):
        statistics = summary_of(runs("a", 0.25, n), runs("b", 0.2, n)).statistics
        return statistics.difference("a", "b", "hit_rate", "all"), statistics.pairs("hit_rate", "all")

    one, pairs = found(2)
    needed = repeats_needed(pairs, one)
    assert needed is not None
    assert needed > 2
    assert found(needed)[0].is_significant
    assert not found(needed - 1)[0].is_significant


def test_what_rounds_to_nothing_is_not_printed():
    """With two repeats far apart, chance between users is taken off until nothing is left."""
    runs = [
        ranked(name, seed, rank_table([bool((user + seed) % 2) for user in range(60)]), minute=5 * place + seed)
        for place, name in enumerate(("a", "b"))
        for seed in range(2)
    ]
    (summary,) = read_summaries(reader_of(*runs), ["demo"])
    assert summary.statistics.difference("a", "b", "hit_rate", "all").smallest_with_endless_repeats == 0
    text = "\n".join(answer(summary))
    assert "endless" not in text
    assert "0.00 however" not in text


def test_of_many_undecided_differences_a_sentence_tells_five():
    """Seven others with a single run each, all undecided: five and two more."""
    summary = summary_of(*(repeats(name, [0.3 - place / 100], 0.5) for place, name in enumerate("abcdefgh")))
    (told,) = [sentence for sentence in answer(summary) if sentence.startswith("Accuracy")]
    assert "f (+5.00 points) and 2 more: a single run does not say" in told


def test_an_effect_beyond_ten_deviations_says_no_more_than_that():
    summary = summary_of(repeats("a", [0.47, 0.4701, 0.4702], 0.5), repeats("b", [0.14, 0.1401, 0.1402], 0.5))
    table = difference_table(summary, "hit_rate", "all")
    assert table.rows[0][table.columns.index("Effect")].text == ">10"


def test_a_single_degree_of_freedom_has_no_effect():
    """33 points of difference between two repeats and a baseline: Hedges' factor would be 1 - 3 / 3 = 0."""
    baseline = [stored("b", metrics=final_metrics(0.14, 0.2, 0.1, 0.1, 0.5), kind=RunKind.BASELINE)]
    summary = summary_of(baseline, repeats("a", [0.47, 0.48], 0.5))
    table = difference_table(summary, "hit_rate", "all")
    assert table.rows[0][table.columns.index("Effect")].text == "–"
