"""A single training that beats the repeats is named, and averaged nowhere."""

from nsbench.report.answer.answer import answer
from nsbench.report.answer.single_run import high_single_runs, single_run_table
from nsbench.terms import RunKind
from tests.report.stored_run_builder import repeats, stored, summary_of
from tests.tracking.run_builder import final_metrics


def single(sampler, hit_rate, seed=7, **options):
    metrics = final_metrics(hit_rate, hit_rate, hit_rate, hit_rate, 1)
    return stored(sampler, seed, metrics, minute=90, kind=RunKind.SINGLE, **options)


REPEATS = repeats("a", [0.29, 0.30, 0.31], 0.5)
OTHER = repeats("b", [0.09, 0.10, 0.11], 0.5)


def test_a_single_run_above_every_repeat_of_its_method_is_named_with_what_differs():
    run = single("a", 0.35, params={"learning_rate": "0.002"})
    summary = summary_of(REPEATS, OTHER, [run])
    (told,) = [sentence for sentence in answer(summary) if "single `train` run" in sentence]
    assert (
        "run of a (run a-7-90, seed 7, with learning_rate=0.002) reaches 35.00 %, more than every repeat of a (31.00 %)"
        in told
    )
    table = single_run_table(summary)
    assert [cell.text for cell in table.rows[0]] == ["a", "a-7-90", "7", "35.00", "a: 31.00", "learning_rate=0.002"]


def test_a_single_run_within_the_repeats_is_not_named():
    assert not high_single_runs(summary_of(REPEATS, OTHER, [single("a", 0.305)]))


def test_a_single_run_of_a_method_without_repeats_is_set_beside_the_leading_sampler():
    """20 % lie above all of b's repeats, but not above a's; 35 % do."""
    assert not high_single_runs(summary_of(REPEATS, OTHER, [single("c", 0.2)]))
    (found,) = high_single_runs(summary_of(REPEATS, OTHER, [single("c", 0.35)]))
    assert (found.of, found.highest) == ("a", 0.31)


def test_a_single_run_on_another_preparation_or_protocol_is_not_compared():
    others = [single("a", 0.9, dataset_hash="other"), single("a", 0.9, 8, protocol="frozen")]
    assert not high_single_runs(summary_of(REPEATS, OTHER, others))
