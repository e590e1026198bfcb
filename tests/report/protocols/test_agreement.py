"""Kendall's tau between protocols: its value worked by hand, and what the repeats leave open of it."""

import numpy as np
import pytest

from nsbench.report.protocols.agreement import Agreement, agreement_of
from nsbench.report.protocols.scores import ProtocolScores

LABELS = ("random", "mixed", "batch", "popularity", "adaptive")


def scores(targets: str, means: list[float], noise: list[float], models: str = "model") -> ProtocolScores:
    """Methods with the same noise in each run: run i of method m reaches means[m] + noise[i]."""
    runs = {
        label: {f"{models}-{label}-{i}": (mean + one, 0.0) for i, one in enumerate(noise)}
        for label, mean in zip(LABELS, means, strict=False)
    }
    return ProtocolScores("shop", (targets,), runs, 100)


def agreement(a: ProtocolScores, b: ProtocolScores) -> Agreement:
    return agreement_of(a, b, 0, np.random.default_rng(0))


def test_a_pair_in_opposite_order_costs_two_of_ten_pairs() -> None:
    """Of five methods two neighbours change places: 9 pairs alike, 1 opposite, (9 - 1) / 10; two tie: 9 of the root of 9 x 10."""
    found = agreement(
        scores("rolling", [0.1, 0.2, 0.3, 0.4, 0.5], [0.0]), scores("last", [0.2, 0.1, 0.3, 0.4, 0.5], [0.0])
    )
    assert (found.tau, found.n_opposite, found.n_pairs) == (0.8, 1, 10)
    tied = agreement(
        scores("rolling", [0.1, 0.2, 0.3, 0.4, 0.5], [0.0]), scores("last", [0.2, 0.2, 0.3, 0.4, 0.5], [0.0])
    )
    assert tied.tau == pytest.approx(9 / np.sqrt(90))
    assert tied.n_opposite == 0


def test_single_runs_have_no_interval() -> None:
    one = scores("rolling", [0.1, 0.2, 0.3, 0.4], [0.0])
    found = agreement(one, scores("last", [0.1, 0.2, 0.3, 0.4], [0.0]))
    assert found.tau == 1
    assert not found.interval.is_defined
    assert np.isnan(found.by_repeats)


def test_three_methods_have_no_tau() -> None:
    one = scores("rolling", [0.1, 0.2, 0.3], [0.0, 0.01])
    assert np.isnan(agreement(one, scores("last", [0.1, 0.2, 0.3], [0.0, 0.01])).tau)


def test_methods_far_apart_are_in_an_order_that_no_repeat_changes() -> None:
    """Steps of .1 and deviations of .0001: every draw has the means' order, and each opposite pair is decided."""
    noise = [0.0, 0.0001, -0.0001, 0.0002, -0.0002]
    a = scores("rolling", [0.1, 0.2, 0.3, 0.4, 0.5], noise)
    found = agreement(a, scores("last", [0.5, 0.4, 0.3, 0.2, 0.1], noise))
    assert (found.tau, found.interval.low, found.interval.high, found.by_repeats) == (-1, -1, -1, 1)
    assert (found.n_opposite, found.n_decided) == (10, 10)


def test_methods_within_their_noise_leave_tau_open_and_agree_with_themselves_no_better() -> None:
    noise = [0.0, 0.1, -0.1]
    means = [0.300, 0.301, 0.302, 0.303, 0.304]
    found = agreement(scores("rolling", means, noise, "a"), scores("last", means[::-1], noise, "b"))
    assert found.tau == -1
    assert found.interval.low < 0 < found.interval.high
    assert abs(found.by_repeats) < 0.1
    assert found.n_decided == 0


def test_what_the_seeds_do_to_the_same_models_is_no_disagreement() -> None:
    """Under both protocols the same run of a method is lucky: drawn together, the protocols agree whatever the means are."""
    generator = np.random.default_rng(1)
    luck = generator.normal(0, 0.01, (5, 4))

    def with_luck(targets: str, models: str) -> ProtocolScores:
        runs = {
            label: {f"{models}-{label}-{i}": (0.3 + 1e-9 * place + one, 0.0) for i, one in enumerate(luck[place])}
            for place, label in enumerate(LABELS)
        }
        return ProtocolScores("shop", (targets,), runs, 100)

    shared = agreement(with_luck("rolling", "same"), with_luck("last", "same"))
    others = agreement(with_luck("rolling", "one"), with_luck("last", "another"))
    assert (shared.interval.low, shared.interval.high) == (1, 1)
    assert others.interval.low < 0


def test_intervals_hold_the_true_tau() -> None:
    """Means that lie apart by about two standard errors, 3 runs each: 200 experiments of known true means."""
    generator = np.random.default_rng(2)
    true_a, true_b = np.array([0.0, 1.0, 2.0, 3.0, 4.0]), np.array([1.0, 0.0, 2.0, 4.0, 3.0])
    held = 0
    for _ in range(200):
        a, b = (
            ProtocolScores(
                "shop",
                (name,),
                {
                    label: {f"{name}-{label}-{i}": (float(mean + generator.normal(0, 1)), 0.0) for i in range(3)}
                    for label, mean in zip(LABELS, true, strict=True)
                },
                100,
            )
            for name, true in (("rolling", true_a), ("last", true_b))
        )
        held += agreement_of(a, b, 0, generator).interval.holds(0.6)
    assert held >= 186
