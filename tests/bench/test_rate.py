"""From slices to figures."""

import pytest

from nsbench.bench.cases.work import Work
from nsbench.bench.rate import Judge, per_second, quartiles, ratio
from tests.bench.bench_builder import UNIT_LIMITS, slice_of

WORK = Work(encoder_flops=5, scoring_flops=3, gathered_bytes=1, copied_bytes=1, n_negatives=200, n_drawn=4)


def test_a_rate_is_of_the_median_time_of_a_unit() -> None:
    """Seconds a unit: 1/10, 2/10, 9/10; the median is 0.2, the rate 5."""
    assert per_second([slice_of(10, 1), slice_of(10, 9), slice_of(10, 2)], "cpu") == pytest.approx(5)


def test_the_clocks_are_kept_apart() -> None:
    slices = [slice_of(10, cpu=1, wall=5)]
    assert per_second(slices, "cpu") == pytest.approx(10)
    assert per_second(slices, "wall") == pytest.approx(2)


def test_a_slow_stretch_of_the_machine_leaves_the_ratio() -> None:
    """Each round twice as fast as the other, though the rounds differ by a factor of ten."""
    ours = [slice_of(20, 1), slice_of(20, 10), slice_of(20, 3)]
    theirs = [slice_of(10, 1), slice_of(10, 10), slice_of(10, 3)]
    assert ratio(ours, theirs, "cpu") == pytest.approx(2)


def test_quartiles_by_hand() -> None:
    """Of 1..5: 2 and 4; of one value, itself."""
    assert quartiles([5, 1, 4, 2, 3]) == (2, 4)
    assert quartiles([7.0]) == (7.0, 7.0)


def test_a_row_by_hand() -> None:
    """10 positives in 2 s, half a second of it drawing: 5 a second, 5 * 8 useful FLOP/s of 100, 5 * 200 negatives.

    The plain step does 2 a second, random 4: 2.5 times plain, and 4 / 5 of random's time.
    """
    judge = Judge("cpu", UNIT_LIMITS, plain=[slice_of(2, 1)], random=[slice_of(4, 1)])
    rate = judge.training("batch", [slice_of(10, 2, wall=4, drawing=0.5)], WORK)
    assert rate.positives_per_s == pytest.approx(5)
    assert rate.wall_positives_per_s == pytest.approx(2.5)
    assert rate.draw_share == pytest.approx(0.25)
    assert rate.useful_flops == pytest.approx(40)
    assert rate.gemm_share == pytest.approx(0.4)
    assert rate.negatives_per_s == pytest.approx(1_000)
    assert rate.negatives_drawn_per_s == pytest.approx(20)
    assert rate.to_plain == pytest.approx(2.5)
    assert rate.step_to_random == pytest.approx(0.8)


def test_without_plain_or_random_there_is_no_ratio() -> None:
    rate = Judge("cpu", UNIT_LIMITS, plain=(), random=()).training("batch", [slice_of(10, 2)], WORK)
    assert rate.to_plain is rate.to_plain_quartiles is rate.step_to_random is None


def test_evaluation_by_hand() -> None:
    """5 targets a second of 4 FLOP each: 20 of the large product's 100, and of the ranking product's 40."""
    rate = Judge("cpu", UNIT_LIMITS, (), ()).evaluation([slice_of(10, 2)], flops_per_target=4)
    assert rate.gemm_share == pytest.approx(0.2)
    assert rate.ranking_share == pytest.approx(0.5)
