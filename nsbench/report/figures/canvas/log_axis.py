"""How logarithmic axes are labelled: without matplotlib's markup for formulas, which figures switch off."""

import re

from matplotlib.axis import Axis
from matplotlib.ticker import LogFormatterSciNotation, LogLocator, NullFormatter

_RAISED = str.maketrans("-0123456789−", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_BRACES = str.maketrans("", "", "{}")


def plain_log_ticks(axis: Axis) -> None:
    """Ticks of a logarithmic axis at 1, 2 and 5 times the powers of ten, written as plain numbers."""
    low, high = sorted(axis.get_view_interval())
    is_narrow = high < 100 * low
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if is_narrow else (1,)))
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_formatter(NullFormatter())


def power_log_ticks(axis: Axis) -> None:
    """Ticks of a logarithmic axis as matplotlib sets them, written without its markup for formulas."""
    axis.set_major_formatter(_PlainPowers())
    axis.set_minor_formatter(_PlainPowers(labelOnlyBase=False, minor_thresholds=(1, 0.4)))


def power_text(formula: str) -> str:
    r"""A number in matplotlib's markup for formulas as plain text.

    >>> power_text(r"$\mathdefault{10^{-2}}$"), power_text(r"$\mathdefault{6\times10^{1}}$")
    ('10⁻²', '6×10¹')
    """
    text = formula.replace("$", "").replace(r"\mathdefault", "").replace(r"\times", "×")
    return re.sub(r"\^\{([^}]*)\}", lambda power: power[1].translate(_RAISED), text).translate(_BRACES)


class _PlainPowers(LogFormatterSciNotation):
    def __call__(self, x: float, pos: int | None = None) -> str:
        return power_text(super().__call__(x, pos))
