"""Sentences on methods that differ in loss or backbone call them methods, and say what the reference was trained with."""

from datetime import UTC, datetime

from nsbench.report.answer.answer import answer
from nsbench.report.figures.canvas.gallery import NO_FIGURES
from nsbench.report.formats.composition import compose
from nsbench.report.tables.glance import glance_table
from nsbench.terms import RunKind
from tests.report.stored_run_builder import of_method, repeats, stored, summary_of
from tests.tracking.run_builder import final_metrics

GOOD, MIDDLE, BAD = [0.29, 0.30, 0.31], [0.19, 0.20, 0.21], [0.09, 0.10, 0.11]


def runs_of(name, rates, loss="bce", model="sasrec", minute=0):
    return of_method(repeats("a", rates, 0.5, first_minute=minute), name, loss, model)


RANDOM = runs_of("random", BAD)
MIXED_SOFTMAX = runs_of("mixed+softmax", GOOD, "softmax", minute=10)


def first_of(*groups):
    return answer(summary_of(*groups))[0]


def test_the_reference_is_random_with_the_same_loss():
    """30 against 20 %, though random with the paper's loss has 10."""
    same = runs_of("random+softmax", MIDDLE, "softmax", minute=20)
    assert first_of(RANDOM, MIXED_SOFTMAX, same).startswith(
        "Use Mixed + softmax: +10.00 points of hit rate at 10 (+50 %) over Random + softmax, "
    )


def test_random_with_another_loss_or_backbone_is_said_to_be_that():
    assert " over Random with BCE, " in first_of(RANDOM, MIXED_SOFTMAX)
    other = runs_of("mixed+softmax+gru4rec", GOOD, "softmax", "gru4rec", minute=10)
    assert " over Random with BCE and SASRec, " in first_of(RANDOM, other)


def test_where_only_the_loss_differs_random_still_says_its_own():
    assert first_of(RANDOM, runs_of("random+softmax", GOOD, "softmax", minute=10)).startswith(
        "Use Random + softmax: +20.00 points of hit rate at 10 (+200 %) over Random with BCE, "
    )


def test_a_backbone_in_common_is_not_repeated():
    own = runs_of("random+gru4rec", BAD, model="gru4rec")
    best = runs_of("mixed+gru4rec", GOOD, model="gru4rec", minute=10)
    assert " over Random + GRU4Rec, " in first_of(own, best)


def test_methods_that_a_baseline_is_above_are_called_methods():
    baseline = [stored("PopRec", metrics=final_metrics(0.4, 0.4, 0.4, 0.4, 0.9), kind=RunKind.BASELINE)]
    sentences = answer(summary_of(baseline, RANDOM, MIXED_SOFTMAX))
    assert sentences[0].startswith("No method beats the baseline PopRec")
    assert sentences[1].startswith("Among the methods Mixed + softmax is best")


def test_labels_of_several_parts_can_be_told_apart_in_a_list():
    others = [runs_of("popularity+softmax", BAD, "softmax", minute=20), runs_of("mixed+gbce", BAD, "gbce", minute=30)]
    text = "\n".join(answer(summary_of(RANDOM, MIXED_SOFTMAX, *others)))
    assert "every other method is significantly worse" in text
    assert "Random, Popularity + softmax and Mixed + gBCE" not in text
    close = runs_of("batch+softmax", [0.28, 0.30, 0.33], "softmax", minute=40)
    text = "\n".join(answer(summary_of(RANDOM, MIXED_SOFTMAX, *others, close)))
    assert "significantly worse: Random, Popularity + softmax and Mixed + gBCE" in text


def many(rates, good):
    """Two at the top that can't be told apart, as one of them varies much, and nine far behind."""
    behind = [repeats(f"m{number}", rates, 0.5, first_minute=20 + 3 * number) for number in range(9)]
    return [repeats("good", good, 0.5), repeats("close", [0.28, 0.30, 0.33], 0.5, first_minute=60), *behind]


def test_very_many_methods_behind_are_counted():
    text = "\n".join(answer(summary_of(*many(BAD, GOOD))))
    assert "; significantly worse: the other 9." in text
    assert "Significantly behind: the other 9." in text


def test_very_many_methods_above_a_baseline_are_counted():
    """Deviations of a hundredth of a point, so that eleven rivals' correction leaves only the varying one undecided."""
    baseline = [stored("PopRec", metrics=final_metrics(0.01, 0.1, 0, 0, 0.4), kind=RunKind.BASELINE, minute=90)]
    text = "\n".join(answer(summary_of(baseline, *many([0.0999, 0.1, 0.1001], [0.2999, 0.3, 0.3001]))))
    assert "PopRec (1.00 %), is beaten by 10 of 11 samplers, and is not shown to be beaten by the others." in text


def title_of(*groups):
    return compose([summary_of(*groups)], NO_FIGURES, "here", datetime(2026, 1, 1, tzinfo=UTC)).title


def test_the_title_says_what_is_compared():
    assert title_of(RANDOM, runs_of("mixed", GOOD, minute=10)) == "Negative samplers compared: demo"
    assert title_of(RANDOM, MIXED_SOFTMAX) == "Training methods compared: demo"


def test_the_glance_counts_very_many_above_a_baseline():
    baseline = [stored("PopRec", metrics=final_metrics(0.01, 0.1, 0, 0, 0.4), kind=RunKind.BASELINE, minute=90)]
    table = glance_table([summary_of(baseline, *many([0.0999, 0.1, 0.1001], [0.2999, 0.3, 0.3001]))])
    assert table.rows[0][table.columns.index("Beaten by")].text == "10 of 11"
