"""The paper's claims hold, fail or stay undecided by what the runs show."""

import pytest

from nsbench.report.analysis import summary_of_runs
from nsbench.report.paper.claims import CLAIMS
from tests.report.stored_run_builder import stored
from tests.tracking.run_builder import final_metrics


def repeats_of(sampler, head, mid, tail, *, total=None, balance=0.5, spread=0.001, first_minute=0):
    """Five repeats whose values all move by up to twice the spread around the given ones; total is the mean unless given."""
    total = (head + mid + tail) / 3 if total is None else total
    return [
        stored(
            sampler,
            seed,
            final_metrics(*(value + away * spread for value in (total, head, mid, tail)), balance + away * spread),
            minute=first_minute + seed,
        )
        for seed, away in enumerate((-2, -1, 0, 1, 2))
    ]


def verdict(name, *groups):
    runs = [run for group in groups for run in group]
    return next(claim for claim in summary_of_runs("demo", runs).claims if claim.name == name).verdict


def test_every_claim_is_judged_once_and_with_evidence():
    claims = summary_of_runs("demo", repeats_of("random", 0.3, 0.2, 0.1)).claims
    assert [claim.name for claim in claims] == list(CLAIMS)
    assert all(claim.evidence and claim.dataset == "demo" for claim in claims)


@pytest.mark.parametrize(
    ("other", "expected"), [((0.2, 0.2, 0.2), "holds"), ((0.3, 0.1, 0.001), "fails"), ((0.3, 0.1, 0.1), "undecided")]
)
def test_random_favours_the_head_most_if_nobody_has_a_larger_head_share(other, expected):
    """Random's head share is .3 / (.3 + .1) = .75; the others' are .5, .997 and the same."""
    assert (
        verdict("random-favours-head", repeats_of("random", 0.3, 0.2, 0.1), repeats_of("batch", *other, first_minute=9))
        == expected
    )


def test_random_that_serves_the_tail_better_does_not_favour_the_head():
    assert (
        verdict(
            "random-favours-head",
            repeats_of("random", 0.1, 0.2, 0.3),
            repeats_of("batch", 0.1, 0.1, 0.4, first_minute=9),
        )
        == "fails"
    )


@pytest.mark.parametrize(
    ("popularity", "total", "expected"),
    [
        ((0.2, 0.3, 0.2), 0.15, "holds"),
        ((0.4, 0.1, 0.05), 0.3, "fails"),
        ((0.2, 0.3, 0.05), 0.15, "undecided"),
        ((0.3, 0.2, 0.1), 0.2, "undecided"),
    ],
    ids=["as claimed", "the opposite", "mixed", "no difference"],
)
def test_popularity_raises_mid_and_tail_at_the_cost_of_head_and_total(popularity, total, expected):
    """Against random's head .3, mid .2, tail .1 and total .2."""
    random = repeats_of("random", 0.3, 0.2, 0.1)
    other = repeats_of("popularity", *popularity, total=total, first_minute=9)
    assert verdict("popularity-raises-mid-and-tail", random, other) == expected


@pytest.mark.parametrize(("total", "expected"), [(0.1, "holds"), (0.3, "fails"), (0.2, "undecided")])
def test_adaptive_mixed_is_best_if_it_exceeds_every_other(total, expected):
    best = repeats_of("adaptive-mixed", 0.3, 0.2, 0.1)
    other = repeats_of("random", 0.3, 0.2, 0.1, total=total, first_minute=9)
    assert verdict("adaptive-mixed-is-best", best, other) == expected


@pytest.mark.parametrize(("balance", "expected"), [(0.8, "holds"), (0.3, "fails"), (0.5, "undecided")])
def test_balance_costs_accuracy_if_real_differences_in_both_are_opposite(balance, expected):
    """The first sampler is the more accurate one, at a balance of .5."""
    accurate = repeats_of("random", 0.3, 0.2, 0.1)
    other = repeats_of("popularity", 0.1, 0.1, 0.1, balance=balance, first_minute=9)
    assert verdict("balance-costs-accuracy", accurate, other) == expected


def test_two_noisy_samplers_decide_nothing():
    random = repeats_of("random", 0.3, 0.2, 0.1, spread=0.05)
    other = repeats_of("popularity", 0.29, 0.21, 0.11, spread=0.05, first_minute=9)
    runs = summary_of_runs("demo", [*random, *other])
    assert {claim.verdict for claim in runs.claims} == {"undecided"}


def test_a_claim_on_all_other_samplers_says_when_there_is_only_one():
    def evidence(*others):
        groups = [repeats_of("adaptive-mixed", 0.3, 0.2, 0.1), *others]
        claims = summary_of_runs("demo", [run for group in groups for run in group]).claims
        return next(claim for claim in claims if claim.name == "adaptive-mixed-is-best").evidence

    first = repeats_of("random", 0.3, 0.2, 0.1, total=0.1, first_minute=9)
    second = repeats_of("batch", 0.3, 0.2, 0.1, total=0.1, first_minute=19)
    assert evidence(first).endswith("Judged against random alone.")
    assert "alone" not in evidence(first, second)


def test_a_claim_is_judged_among_methods_with_the_papers_loss_and_backbone():
    """Adaptive mixed is best of those; that another loss does better refutes nothing that the paper says."""
    groups = [
        repeats_of("random", 0.3, 0.2, 0.1),
        repeats_of("adaptive-mixed", 0.4, 0.3, 0.2, first_minute=9),
        repeats_of("adaptive-mixed+gbce", 0.6, 0.5, 0.4, first_minute=18),
    ]
    assert verdict("adaptive-mixed-is-best", *groups) == "holds"
