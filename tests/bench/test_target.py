"""The ratios that speed is judged by."""

import pytest

from nsbench.bench.ours import CATALOGUES, PADDED, REPLICAS
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


def test_only_dense_is_held_against_twice_the_plain_step() -> None:
    result = workload_result("dense", rate_of("random", step=1.0, to_plain=2.5))
    found = targets_of([result], None, None)
    assert found[0] == Target("dense: random over the plain step, positives/s", 2.5, 2.0, is_least=True)
    assert found[0].is_met
