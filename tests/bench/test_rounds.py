"""One workload from beginning to end."""

from dataclasses import replace

from nsbench.bench.cases.losses import EXACT, LOSS_ROWS
from nsbench.bench.cases.ours import EVALUATION, PADDED, RECOMMENDATION, REPLICAS, build_ours, sheet_of
from nsbench.bench.cases.workload import dataset_of
from nsbench.bench.measuring.condition import Conditions
from nsbench.bench.measuring.slice import Span
from nsbench.bench.rate import PLAIN
from nsbench.bench.rounds import measure_workload, take_turns
from nsbench.losses import LOSSES
from tests.bench.bench_builder import TINY

CONDITIONS = Conditions(n_negatives=5, n_threads=1)


def test_each_takes_its_turn_once_a_round_and_no_one_always_comes_first() -> None:
    """Four turns, two rounds: the second begins with the third."""
    taken: list[str] = []
    take_turns([lambda name=name: taken.append(name) for name in "abcd"], n_rounds=2)
    assert "".join(taken) == "abcdcdab"


def test_a_workload_is_measured_beside_the_plain_step_and_the_limits() -> None:
    workload = replace(TINY, shows_padding=True, shows_replicas=True)
    found = measure_workload(workload, ["random", "adaptive-mixed"], CONDITIONS, Span(0.02, "cpu"), n_rounds=2)
    rates = {rate.sampler: rate for rate in found.training}
    assert list(rates) == [PLAIN, "random", "adaptive-mixed", PADDED, REPLICAS]
    assert rates[PLAIN].to_plain == rates["random"].step_to_random == 1
    assert rates[PLAIN].draw_share == 0 < rates["random"].draw_share < 1
    assert all(rate.to_plain is not None and rate.to_plain > 0 for rate in found.training)
    assert found.evaluation.targets_per_s > 0
    assert found.recommendation.histories_per_s > 0
    assert found.peak_memory_bytes > 1 << 20
    assert found.limits.gemm_flops > found.limits.copy_bytes > 0


def test_each_loss_and_exact_cross_entropy_are_measured_beside_random_with_binary_cross_entropy() -> None:
    """Of 300 items those without a training interaction are no candidates; five negatives are drawn for all other losses."""
    workload = replace(TINY, shows_losses=True)
    ours = build_ours(workload, ["random"], CONDITIONS)
    works = sheet_of(ours).works
    assert list(works) == ["random", *LOSS_ROWS]
    assert {name.split("+")[1] for name in LOSS_ROWS} == set(LOSSES) - {"bce"}
    n_candidates = dataset_of(workload).n_candidates
    assert {name: work.n_negatives for name, work in works.items()} == {
        name: n_candidates if name == EXACT else 5 for name in works
    }
    assert all(ours.run(name, Span(0.0, "cpu", 1)).n_units > 0 for name in LOSS_ROWS)


def test_rows_beside_are_measured_with_random_only() -> None:
    workload = replace(TINY, shows_padding=True, shows_catalogue=True, shows_replicas=True, shows_losses=True)
    ours = build_ours(workload, ["popularity"], CONDITIONS)
    assert list(sheet_of(ours).works) == ["popularity"]
    assert list(ours.cases) == ["popularity", EVALUATION, RECOMMENDATION]
