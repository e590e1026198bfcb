"""A sampler is judged by the settings that were repeated last; that others did better is said."""

from dataclasses import replace

from nsbench.report.answer.answer import answer
from tests.report.stored_run_builder import repeats, summary_of


def earlier(rates, **changes):
    """Repeats of good with other settings, before those that count."""
    runs = repeats("good", rates, 0.5)
    return [replace(run, fingerprint="earlier", run_id=f"earlier-{run.run_id}", **changes) for run in runs]


GOOD = repeats("good", [0.29, 0.30, 0.31], 0.5, first_minute=30)
RANDOM = repeats("random", [0.09, 0.10, 0.11], 0.5, first_minute=40)


def test_better_older_settings_are_named_before_the_answer():
    """Their mean is .35, that of the newer ones .30."""
    first, second, *_ = answer(summary_of(earlier([0.34, 0.36]), GOOD, RANDOM))
    assert first.startswith(
        "Samplers are judged by the settings that were repeated last, though older ones reached more: "
    )
    assert "good (35.00 % in 2 runs, against 30.00 %)" in first
    assert "random (" not in first
    assert second.startswith("Use good")


def test_worse_ones_and_those_of_another_protocol_are_not():
    runs = [*earlier([0.24, 0.26]), *earlier([0.44, 0.46], protocol="last")]
    assert answer(summary_of(runs, GOOD, RANDOM))[0].startswith("Use good")
