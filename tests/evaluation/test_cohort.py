"""The cohorts of an evaluation, and the card that a run shows them on."""

from dataclasses import replace

from nsbench.data.dataset import BestReachable, Dataset
from nsbench.evaluation.baseline import PopularityBaseline
from nsbench.evaluation.cohort import evaluated_card
from nsbench.evaluation.evaluate import evaluate
from nsbench.evaluation.settings import EvaluationSettings
from tests.builder import dataset_of

PUBLISHED = EvaluationSettings(cohort_rule="published")


def blockbuster() -> Dataset:
    """Item 1 has 7 of 10 training interactions; the test asks for items 1, 2 and 3."""
    return dataset_of(train=[[1] * 7, [2], [3], [4]], test=[[], [1], [2], [3]], seen_items="keep")


def test_every_cohort_of_a_log_with_a_blockbuster_has_targets_and_a_balance() -> None:
    """PopRec ranks 1 first and the others in ties of three, so that at 2 each is hit in a third of the orders.

    Hit rates 1, 1/3, 1/3: 1 - Gini = 1 - (2 x (2/3 + 2/3)) / (2 x 9 x 5/9) = 1 - 4/15.
    """
    settings = EvaluationSettings(cutoffs=(2,))
    metrics = evaluate(PopularityBaseline.all_time(blockbuster()), blockbuster(), "test", settings).metrics
    assert [metrics[f"test/{cohort}/n_targets"] for cohort in ("head", "mid", "tail")] == [1, 1, 1]
    assert metrics["test/head/hit_rate_at_2"] == 1
    assert metrics["test/mid/hit_rate_at_2"] == metrics["test/tail/hit_rate_at_2"] == 1 / 3
    assert abs(metrics["test/balance_hit_rate_at_2"] - 11 / 15) < 1e-12


def test_the_published_rule_leaves_head_and_mid_empty_and_the_balance_undefined() -> None:
    metrics = evaluate(PopularityBaseline.all_time(blockbuster()), blockbuster(), "test", PUBLISHED).metrics
    assert [metrics[f"test/{cohort}/n_targets"] for cohort in ("head", "mid", "tail")] == [0, 0, 3]
    assert metrics["test/balance_hit_rate_at_10"] != metrics["test/balance_hit_rate_at_10"]


def test_a_runs_card_has_the_cohorts_that_it_was_evaluated_by() -> None:
    """The dataset's own best hit rates are of other cohorts, so that only the total is left of them."""
    dataset = blockbuster()
    best = BestReachable(k=10, hit_rate={"all": 0.5, "head": 0.6, "mid": 0.5, "tail": 0.4})
    dataset = replace(dataset, card=dataset.card.model_copy(update={"best_reachable": best}))
    by_default, by_paper = (evaluated_card(dataset, settings) for settings in (EvaluationSettings(), PUBLISHED))
    assert by_default.popularity is not None
    assert by_paper.popularity is not None
    assert [part.n_items for part in by_default.popularity.cohorts.values()] == [1, 1, 2, 0]
    assert [part.n_items for part in by_paper.popularity.cohorts.values()] == [0, 0, 4, 0]
    assert by_default.best_reachable == best
    assert by_paper.best_reachable is not None
    assert by_paper.best_reachable.hit_rate == {"all": 0.5}
    assert by_paper.content_hash == dataset.card.content_hash
