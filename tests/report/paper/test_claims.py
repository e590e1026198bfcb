"""The paper's claims hold, fail or stay undecided by what the runs show."""

import pytest

from nsbench.report.analysis import summary_of_runs
from nsbench.report.paper.claims import CLAIMS
from nsbench.report.tables.evidence import claim_table, loss_claim_table
from tests.report.stored_run_builder import of_method, stored
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


def claim_of(name, *groups):
    runs = [run for group in groups for run in group]
    return next(claim for claim in summary_of_runs("demo", runs).claims if claim.name == name)


def with_loss(loss, runs):
    return of_method(runs, f"{runs[0].sampler}+{loss}", loss.partition("+")[0])


def test_a_claim_is_judged_for_each_loss_that_has_the_samplers():
    """Under BCE random's total is below adaptive-mixed's; under softmax it is above; with gBCE there is random alone."""
    claim = claim_of(
        "adaptive-mixed-is-best",
        repeats_of("adaptive-mixed", 0.3, 0.2, 0.1),
        repeats_of("random", 0.3, 0.2, 0.1, total=0.1, first_minute=9),
        with_loss("softmax", repeats_of("adaptive-mixed", 0.3, 0.2, 0.1, first_minute=18)),
        with_loss("softmax", repeats_of("random", 0.3, 0.2, 0.1, total=0.3, first_minute=27)),
        with_loss("gbce", repeats_of("random", 0.3, 0.2, 0.1, total=0.4, first_minute=36)),
    )
    assert [(one.loss, one.finding.verdict, one.finding.is_judged) for one in claim.by_loss] == [
        ("BCE", "holds", True),
        ("softmax", "fails", True),
        ("gBCE", "undecided", False),
    ]
    assert claim.across_losses == "holds for BCE alone; fails for softmax"
    assert claim.verdict == "holds"


def test_what_is_fixed_of_a_loss_makes_a_loss_of_its_own_and_of_a_sampler_nothing_that_is_judged():
    losses = ("softmax+log_q=none", "softmax+log_q=classic")
    pairs = [
        with_loss(loss, repeats_of(sampler, 0.3, 0.2, 0.1, total=total, first_minute=9 * (2 * place + later)))
        for place, loss in enumerate(losses)
        for later, (sampler, total) in enumerate([("random", 0.1), ("adaptive-mixed", 0.2)])
    ]
    better = of_method(
        repeats_of("random", 0.3, 0.2, 0.1, total=0.4, first_minute=90), "random+n_negatives=9+softmax", "softmax"
    )
    claim = claim_of("adaptive-mixed-is-best", *pairs, better)
    assert claim.across_losses == "holds for all losses judged: softmax (log_q=none), softmax (log_q=classic)"
    assert claim.verdict == "undecided"


def test_a_claim_that_one_loss_alone_can_judge_says_so():
    runs = [repeats_of("adaptive-mixed", 0.3, 0.2, 0.1), repeats_of("random", 0.3, 0.2, 0.1, total=0.1, first_minute=9)]
    assert claim_of("adaptive-mixed-is-best", *runs).across_losses == "holds for BCE, the only loss judged"
    assert claim_of("popularity-raises-mid-and-tail", *runs).across_losses == "not judged"


def test_the_other_losses_have_a_table_with_their_evidence():
    groups = [
        with_loss(loss, repeats_of(sampler, 0.3, 0.2, 0.1, first_minute=9 * place))
        if loss
        else repeats_of(sampler, 0.3, 0.2, 0.1)
        for place, (loss, sampler) in enumerate([("", "random"), ("softmax", "random"), ("softmax", "popularity")])
    ]
    summary = summary_of_runs("demo", [run for group in groups for run in group])
    table = loss_claim_table(summary)
    row = next(row for row in table.rows if row[0].text == CLAIMS["popularity-raises-mid-and-tail"])
    assert [cell.text for cell in row[1:3]] == ["softmax", "undecided"]
    assert "Hit rate, popularity minus random" in row[3].text
    assert "Across losses" in claim_table(summary).columns


def test_exact_cross_entropy_is_no_sampler_that_a_claim_is_about():
    """It is better than adaptive-mixed, which is better than random; with random alone there is nothing to judge."""
    exact = with_loss("softmax", repeats_of("catalogue", 0.3, 0.2, 0.1, total=0.4))
    random = with_loss("softmax", repeats_of("random", 0.3, 0.2, 0.1, total=0.1, first_minute=9))
    best = with_loss("softmax", repeats_of("adaptive-mixed", 0.3, 0.2, 0.1, total=0.2, first_minute=18))
    assert (
        claim_of("adaptive-mixed-is-best", exact, random, best).across_losses
        == "holds for softmax, the only loss judged"
    )
    assert claim_of("random-favours-head", exact, random).across_losses == "not judged"
