"""Which models of a group go when there are better ones."""

import itertools

from nsbench.terms import Tag
from nsbench.tracking.models.stored_model import KEEP, VALUE, StoredModel, replaced


def model(
    name: str, value: float, seed: int = 0, *, keep: str = "best", status: str = "FINISHED", created: int = 0
) -> StoredModel:
    tags = {KEEP: keep, VALUE: repr(value), Tag.SEED.value: str(seed)}
    return StoredModel(name, f"run-{name}", status, created, "1", "file:///x", tags)


def gone(*models: StoredModel) -> set[str]:
    return {one.model_id for one in replaced(models)}


def test_all_but_the_best_finished_model_go() -> None:
    assert gone(model("a", 0.3), model("b", 0.5), model("c", 0.4)) == {"a", "c"}


def test_a_model_whose_run_goes_on_neither_goes_nor_replaces_one() -> None:
    assert gone(model("a", 0.3), model("b", 0.5, status="RUNNING"), model("c", 0.1, status="RUNNING")) == set()


def test_a_model_whose_run_failed_goes_and_replaces_none() -> None:
    """A worker that died between its model and its end left one; so did a run that somebody deleted."""
    assert gone(model("a", 0.3), model("b", 0.5, status="KILLED"), model("c", 0.9, status="MISSING")) == {"b", "c"}
    assert gone(model("b", 0.5, status="FAILED")) == {"b"}


def test_what_is_kept_for_good_stays_and_counts() -> None:
    assert gone(model("a", 0.3, keep="all"), model("b", 0.2)) == {"b"}
    assert gone(model("a", 0.1, keep="all"), model("b", 0.2)) == set()


def test_an_undefined_value_is_worse_than_any() -> None:
    assert gone(model("a", float("nan")), model("b", 0.0)) == {"a"}


def test_of_equal_values_the_smaller_seed_is_kept_and_of_one_seed_the_later_model() -> None:
    assert gone(model("a", 0.5, seed=2), model("b", 0.5, seed=1, created=9)) == {"a"}
    assert gone(model("a", 0.5, seed=1, created=1), model("b", 0.5, seed=1, created=9)) == {"a"}


def test_whoever_sees_whatever_part_the_best_is_never_removed() -> None:
    """Four models end in any order, and each process that finishes removes what it sees to be worse, of a stale list too."""
    models = [model("a", 0.1, 0), model("b", 0.4, 1), model("c", 0.4, 2), model("d", 0.2, 3)]
    for order in itertools.permutations(models):
        there: list[StoredModel] = []
        for one in order:
            stale = list(there)
            there.append(one)
            went = gone(*there) | gone(*stale)
            there = [kept for kept in there if kept.model_id not in went]
        assert [kept.model_id for kept in there] == ["b"]
