"""The ratios that speed is judged by."""

from dataclasses import replace

import pytest

from nsbench.bench.cases.ours import AS_A_GRAPH, CATALOGUES, PADDED, REPLICAS
from nsbench.bench.target import Target, targets_of
from tests.bench.bench_builder import rate_of, workload_result


def test_ratios_of_a_workload_by_hand() -> None:
    """Padding takes 5 times random's step; 1M items take 1.5 of it, 2k items 1.2: 1.5 / 1.2 = 1.25."""
    small, large = CATALOGUES
    result = workload_result(
        "sparse",
        rate_of("plain", step=3.0, to_plain=1.0),
        rate_of("random", step=1.0, to_plain=3.0),
        rate_of("cohort", step=1.4, draw_share=0.2),
        rate_of(PADDED, step=5.0),
        rate_of(small, step=1.2),
        rate_of(large, step=1.5),
        rate_of(REPLICAS, step=0.9),
    )
    found = {target.name: target for target in targets_of([result], None, None)}
    values = {name: target.value for name, target in found.items()}
    assert values == {
        "sparse: slowest step over random's (cohort)": 1.4,
        "sparse: drawing's largest share (cohort)": 0.2,
        "sparse: positives/s over those with padding computed": 5.0,
        "sparse: a step of 20 replicas over as many of one": 0.9,
        "sparse: step with 1M items over that with 2k": pytest.approx(1.25),
        "sparse: evaluation over the large product's rate": 0.5,
    }
    assert [target.is_met for target in found.values()] == [True, False, True, True, True, False]


def test_on_a_gpu_replicas_take_three_steps_of_one_and_dense_ones_twenty_million_positives_a_second() -> None:
    """A replica's positive at a tenth of random's time is 2 steps of one for 20; and 30 million a second are 1.5 times 20."""
    result = workload_result(
        "dense", rate_of("random", step=1.0), replace(rate_of(REPLICAS, step=0.1), positives_per_s=30e6)
    )
    found = {target.name: target for target in targets_of([result], None, None, on_gpu=True)}
    side_by_side = found["dense: a step of 20 replicas over as many of one"]
    assert (side_by_side.value, side_by_side.bound, side_by_side.is_met) == (0.1, 0.15, True)
    speed = found["dense: positives/s of 20 replicas over 20,000,000"]
    assert (speed.value, speed.is_met) == (pytest.approx(1.5), True)


def test_replicas_may_reach_their_positives_as_a_graph() -> None:
    """Ten million call by call, forty as a graph."""
    rows = [
        replace(rate_of(name, step=1.0), positives_per_s=speed)
        for name, speed in ((REPLICAS, 10e6), (f"{REPLICAS}{AS_A_GRAPH}", 40e6))
    ]
    found = {
        target.name: target.value for target in targets_of([workload_result("dense", *rows)], None, None, on_gpu=True)
    }
    assert found["dense: positives/s of 20 replicas over 20,000,000"] == pytest.approx(2.0)


def test_only_dense_is_held_against_twice_the_plain_step() -> None:
    result = workload_result("dense", rate_of("random", step=1.0, to_plain=2.5))
    found = targets_of([result], None, None)
    assert found[0] == Target("dense: random over the plain step, positives/s", 2.5, 2.0, is_least=True)
    assert found[0].is_met
