"""Trends over trials tell whether more negatives help."""

import pytest

from nsbench.report.paper.claim import Finding
from nsbench.report.paper.negative_count_trend import judge_negative_counts, negative_count_trends
from nsbench.terms import RunKind, Tag
from tests.report.stored_run_builder import of_method, stored


def trials(sampler, values, *, counts=None, objective="valid/all/hit_rate_at_10", **fields):
    """One trial a value, with 10, 20, 30, ... negatives unless told otherwise."""
    counts = counts or [10 * (number + 1) for number in range(len(values))]
    return [
        trial(sampler, number, {objective: value}, {"n_negatives": str(count)}, **fields)
        for number, (value, count) in enumerate(zip(values, counts, strict=True))
    ]


def trial(sampler, number, metrics, params, **fields):
    return stored(sampler, number, metrics, minute=number, kind=RunKind.TRIAL, params=params, **fields)


RISING = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
FALLING = RISING[::-1]
UNCLEAR = [0.1, 0.3, 0.2, 0.5, 0.4, 0.1, 0.3]


def test_a_rank_correlation_of_one_in_seven_trials_is_rare():
    """Of 7! = 5,040 orders two are perfect: p = 2 / 5,040, near the smallest that 4,999 shuffles can give."""
    (trend,) = negative_count_trends(trials("random", RISING), "hash")
    assert (trend.correlation, trend.best_count, trend.fewest, trend.most) == (pytest.approx(1), 70, 10, 70)
    assert trend.p_value < 0.003


def test_all_orders_of_six_trials_are_tried():
    """Of 6! = 720 orders two are perfect."""
    (trend,) = negative_count_trends(trials("random", RISING[:6]), "hash")
    assert trend.p_value == pytest.approx(2 / 720)


def test_trials_that_all_end_alike_have_no_trend():
    (trend,) = negative_count_trends(trials("random", [0.1] * 7), "hash")
    assert (trend.correlation, trend.p_value) == (0, 1)


@pytest.mark.parametrize(
    ("values", "expected"), [(RISING, "fails"), (FALLING, "holds"), (UNCLEAR, "undecided")], ids=str
)
def test_the_claim_holds_where_more_do_worse_and_fails_where_more_always_do_better(values, expected):
    assert judge_negative_counts(trials("random", values), "hash").verdict == expected


def test_one_sampler_without_a_trend_leaves_a_rise_of_another_undecided():
    assert judge_negative_counts([*trials("random", RISING), *trials("batch", UNCLEAR)], "hash").verdict == "undecided"


def test_all_counts_of_a_mixed_sampler_add_up():
    runs = [
        trial("mixed", number, {"valid/all/hit_rate_at_10": 0.1}, {"n_in_batch": str(number), "n_uniform": "100"})
        for number in range(6)
    ]
    (trend,) = negative_count_trends(runs, "hash")
    assert (trend.fewest, trend.most) == (100, 105)


def test_counts_by_names_of_the_samplers_own_add_up():
    runs = [
        trial(
            "own",
            number,
            {"valid/all/hit_rate_at_10": 0.1},
            {"n_rare": str(number), "n_common": "100", "n_trained": "3"},
            tags={Tag.N_PROPOSED: "n_rare=rare; n_common=common", Tag.N_KEPT: "n_trained"},
        )
        for number in range(6)
    ]
    (trend,) = negative_count_trends(runs, "hash")
    assert (trend.fewest, trend.most) == (100, 105)


def test_few_trials_or_few_counts_are_no_evidence():
    few = trials("random", RISING[:5])
    same = trials("batch", RISING, counts=[10, 20] * 3 + [10])
    assert judge_negative_counts([*few, *same], "hash") == Finding(
        "undecided",
        "Needs at least 6 finished trials of a sampler with 3 or more counts of negatives: `nsbench tune`.",
        is_judged=False,
    )


def test_the_studys_own_objective_counts():
    objective = "valid/tail/ndcg_at_10"
    study = stored("random", kind=RunKind.STUDY, study="s", tags={"nsbench.objective": objective})
    (trend,) = negative_count_trends([study, *trials("random", FALLING, objective=objective, study="s")], "hash")
    assert trend.correlation == pytest.approx(-1)


def test_trials_on_another_preparation_of_the_log_and_pruned_ones_are_left_out():
    other = trials("random", RISING, dataset_hash="other")
    pruned = trials("random", RISING, status="KILLED")
    assert negative_count_trends([*other, *pruned], "hash") == ()


def test_trials_with_another_loss_than_the_papers_do_not_count():
    assert negative_count_trends(trials("random+softmax", FALLING), "hash") == ()


def test_trials_of_each_loss_have_trends_of_their_own():
    """With softmax more is worse, with the paper's loss more is better; what is fixed of a loss makes another one."""
    fixed = "random+softmax+log_q=classic"
    softmax = [
        *of_method(trials("random", FALLING), "random+softmax", "softmax"),
        *of_method(trials("random", RISING), fixed, "softmax"),
    ]
    runs = [
        *trials("random", RISING),
        *softmax,
        *of_method(trials("random", FALLING), "random+gru4rec", "bce", "gru4rec"),
    ]
    verdicts = {
        loss: judge_negative_counts(runs, "hash", loss).verdict for loss in ("bce", "softmax", "softmax+log_q=classic")
    }
    assert verdicts == {"bce": "fails", "softmax": "holds", "softmax+log_q=classic": "fails"}
    assert not judge_negative_counts(runs, "hash", "gbce").is_judged
