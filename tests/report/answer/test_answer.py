"""The answer says what the numbers allow, and no more."""

from nsbench.report.answer.answer import answer
from nsbench.terms import RunKind, Tag
from tests.report.stored_run_builder import repeats, stored, summary_of
from tests.tracking.run_builder import card_json, final_metrics


def answer_text(*groups) -> str:
    return "\n".join(answer(summary_of(*groups)))


def test_a_clear_winner_is_named_as_such():
    """30 % against 10 % with deviations of 1 %."""
    text = answer_text(repeats("good", [0.29, 0.30, 0.31], 0.5), repeats("bad", [0.09, 0.10, 0.11], 0.4))
    assert (
        "Accuracy: good is best, with a hit rate at 10 of 30.00 ± 1.00 % (3 runs); bad is significantly worse." in text
    )
    assert "On the Pareto front of mean hit rate and mean balance: good; each other one is matched or beaten" in text


def test_a_difference_that_is_not_significant_is_said_to_be_none_and_balance_decides():
    """Means 20 and 21 %, deviations about 5 %: Welch's p is about .8."""
    text = answer_text(repeats("a", [0.16, 0.21, 0.26], 0.4), repeats("b", [0.15, 0.20, 0.25], 0.8))
    assert "a is ahead" in text
    assert "not significantly worse: b (p = 0.82)" in text
    assert (
        "Of those whose accuracy does not differ significantly, b has the highest balance, with 80.00 ± 0.00 % (3 runs)."
        in text
    )
    assert "On the Pareto front of mean hit rate and mean balance: a and b." in text


def test_single_runs_are_too_few_to_tell():
    text = answer_text(repeats("a", [0.2], 0.5), repeats("b", [0.1], 0.4))
    assert "a is ahead" in text
    assert "too few repeats to tell it from b (+10.00 points): a single run does not say" in text
    assert "not significantly worse" not in text


def test_a_popularity_list_counts_as_a_constant():
    """Repeats of 20, 21 and 22 % against the list's 10 %: no second run of the list is needed."""
    baseline = [stored("PopRec", metrics=final_metrics(0.1, 0.3, 0, 0, 1 / 3), kind=RunKind.BASELINE)]
    text = answer_text(baseline, repeats("a", [0.20, 0.21, 0.22], 0.5))
    assert "The best baseline, PopRec (10.00 %), is beaten by a." in text


def test_a_better_ndcg_is_mentioned():
    text = answer_text(
        [stored("a", metrics=final_metrics(0.2, 0.2, 0.2, 0.2, 1, ndcg_factor=0.4))],
        [stored("b", metrics=final_metrics(0.19, 0.2, 0.2, 0.2, 1, ndcg_factor=0.6))],
    )
    assert "By NDCG at 10, b is ahead, with 11.40 % (1 run)." in text


def test_the_best_reachable_hit_rate_sets_the_scale():
    """20 % of 25 % are 80 %."""
    card = card_json(best_reachable={"k": 10, "hit_rate": {"all": 0.25, "head": 0.3, "mid": 0.2, "tail": 0.2}})
    run = stored("a", metrics=final_metrics(0.2, 0.2, 0.2, 0.2, 1), card=card)
    assert (
        "No model can be expected to reach more than 25.00 %, as this dataset's generator knows; a reaches 80% of that."
        in answer_text([run])
    )


def test_few_test_interactions_are_said_right_after_the_winner():
    """Hit rate .2 on 100 interactions: sqrt(.2 * .8 / 100) = .04; two independent methods must differ by (1.960 + .842) *
    sqrt(2) * 4 = 15.85 points to show with 80 % chance.
    """
    metrics = {**final_metrics(0.2, 0.2, 0.2, 0.2, 1), "test/all/n_targets": 100}
    sentences = answer(summary_of([stored("a", metrics=metrics), stored("b", metrics=metrics)]))
    assert "ranked on only 100 test interactions" in sentences[2]
    assert "about ±4.00" in sentences[2]
    assert "about 15.85 points" in sentences[2]


def test_many_test_interactions_are_said_last():
    metrics = {**final_metrics(0.2, 0.2, 0.2, 0.2, 1), "test/all/n_targets": 10_000}
    sentences = answer(summary_of([stored("a", metrics=metrics), stored("b", metrics=metrics)]))
    assert "ranked on the same 10,000 test interactions" in sentences[-1]


def test_a_cohort_with_few_test_interactions_is_named():
    metrics = {
        **final_metrics(0.2, 0.2, 0.2, 0.2, 1),
        **{f"test/{group}/n_targets": n for group, n in (("all", 5000), ("head", 4000), ("mid", 981), ("tail", 19))},
    }
    text = answer_text([stored("a", metrics=metrics)], [stored("b", metrics=metrics)])
    assert "Few test interactions by cohort: tail 19;" in text


def test_methods_of_different_versions_are_pointed_at():
    text = answer_text([stored("a", tags={Tag.VERSION: "0.1.0"})], [stored("b", tags={Tag.VERSION: "0.2.0"})])
    assert "0.1.0: a; 0.2.0: b." in text


def test_missing_repeats_are_told():
    planned = {Tag.N_PLANNED: "3"}
    text = answer_text([stored("a", 0, tags=planned), stored("a", 1, tags=planned, status="FAILED")])
    assert "Fewer runs finished than were planned: a 1 of 3." in text


def test_one_method_alone_has_nothing_to_be_compared_with():
    assert "Nothing to compare it with yet" in answer_text(repeats("a", [0.2, 0.3], 0.5))


def test_no_finished_repeat_says_what_to_run():
    text = answer_text([stored(kind=RunKind.TRIAL), stored(kind=RunKind.TRIAL, seed=1)])
    assert "no finished repeat or baseline (2 runs of other kinds finished)" in text
    assert "nsbench repeat --dataset demo" in text


def test_finished_runs_without_metrics_are_pointed_at():
    assert "no finished repeat or baseline has test metrics" in answer_text([stored(metrics={})])


def test_equal_means_are_level_and_nobody_is_ahead():
    text = answer_text(repeats("a", [0.2, 0.3], 0.5), repeats("b", [0.2, 0.3], 0.4))
    assert "Accuracy: a is level with b, with a hit rate at 10 of 25.00" in text
    assert "ahead" not in text


def test_older_settings_that_were_given_up_are_no_shortfall():
    """One of three old seeds was made, and all two of the new settings."""
    old = [stored("a", 0, tags={Tag.N_PLANNED: "3"}, fingerprint="old")]
    new = [stored("a", seed, minute=9 + seed, tags={Tag.N_PLANNED: "2"}, fingerprint="new") for seed in range(2)]
    assert "Fewer runs finished" not in answer_text([*old, *new])


def test_a_seed_that_ran_twice_makes_up_for_none_that_is_missing():
    """Seed 0 ran twice and seed 1 never: one of two."""
    text = answer_text([stored("a", 0, minute=minute, tags={Tag.N_PLANNED: "2"}) for minute in range(2)])
    assert "Fewer runs finished than were planned: a 1 of 2." in text
