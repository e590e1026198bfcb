"""How shares are written: in percent with two decimals, as in the paper's table 3."""

import math
from collections.abc import Sequence

from nsbench.report.summary import Estimate

UNDEFINED = "–"
"""Shown where a number is undefined."""


def percent(share: float, decimals: int = 2) -> str:
    """A share in percent, without the sign.

    >>> percent(0.02331), percent(float("nan"))
    ('2.33', '–')
    """
    return UNDEFINED if math.isnan(share) else f"{100 * share:.{decimals}f}"


def number(value: float, form: str) -> str:
    """A number in one of Python's formats; a dash where it is NaN or infinite.

    >>> number(12345.6, ",.0f"), number(float("nan"), ",.0f")
    ('12,346', '–')
    """
    return format(value, form) if math.isfinite(value) else UNDEFINED


def count(value: int | None) -> str:
    """A count; blank where there is nothing to count.

    >>> count(3), count(None)
    ('3', '')
    """
    return "" if value is None else str(value)


def known_count(value: int | None) -> str:
    """A count; a dash where it is unknown.

    >>> known_count(3), known_count(None)
    ('3', '–')
    """
    return UNDEFINED if value is None else str(value)


def estimate_text(estimate: Estimate) -> str:
    """Mean and deviation in percent, and how many runs define it where not all do.

    >>> estimate_text(Estimate((0.02, 0.04), n_runs=2))
    '3.00 ±1.41'
    >>> estimate_text(Estimate((0.02,), n_runs=3))
    '2.00 (1 of 3)'
    """
    text = percent(estimate.mean)
    if not math.isnan(estimate.sd):
        text += f" ±{percent(estimate.sd)}"
    return text if estimate.n in {0, estimate.n_runs} else f"{text} ({estimate.n} of {estimate.n_runs})"


def runs_text(n_runs: int) -> str:
    """A number of runs in words.

    >>> runs_text(1), runs_text(20)
    ('1 run', '20 runs')
    """
    return f"{n_runs} run" if n_runs == 1 else f"{n_runs} runs"


def points(difference: float) -> str:
    """A difference of shares in percent points, with its sign.

    >>> points(0.0761), points(-0.002)
    ('+7.61', '-0.20')
    """
    return UNDEFINED if math.isnan(difference) else f"{100 * difference:+.2f}"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
